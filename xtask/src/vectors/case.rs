//! One vector: a folder of small files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

/// What is given; the rest is computed from it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    folder: PathBuf,
    pub(super) key: String,
    pub(super) sign_type: String,
    /// In the order in which they stand in the file.
    pub(super) params: Vec<(String, String)>,
}

impl Case {
    /// Those of all folders, by name.
    pub(super) fn all(root: &Path) -> anyhow::Result<Vec<Self>> {
        let context = || format!("cannot read {}", root.display());
        let mut cases = Vec::new();
        for entry in root.read_dir().with_context(context)? {
            let path = entry.with_context(context)?.path();
            if path.is_dir() {
                cases.push(Self::load(path)?);
            }
        }
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(cases)
    }

    fn load(folder: PathBuf) -> anyhow::Result<Self> {
        let params = read(&folder.join("params.txt"))?;
        let params = params.lines().map(|line| {
            let pair = line.split_once('=').context("a line without `=`")?;
            Ok((pair.0.to_owned(), pair.1.to_owned()))
        });
        Ok(Self {
            name: folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            key: read(&folder.join("key.txt"))?,
            sign_type: read(&folder.join("sign_type.txt"))?,
            params: params.collect::<anyhow::Result<_>>()?,
            folder,
        })
    }

    /// What a usual mistake signs, where the case is such a trap.
    pub(super) fn wrong_canonical(&self) -> anyhow::Result<Option<String>> {
        let path = self.folder.join("wrong_canonical.txt");
        path.exists().then(|| read(&path)).transpose()
    }

    /// Makes a file hold what was computed, or says that it does not.
    pub(super) fn settle(
        &self,
        file: &str,
        computed: &str,
        check: bool,
    ) -> anyhow::Result<Option<String>> {
        let path = self.folder.join(file);
        if path.exists() && read(&path)? == computed {
            return Ok(None);
        }
        if check {
            let name = &self.name;
            return Ok(Some(format!(
                "{name}/{file} is not what is computed: `cargo xtask vectors` writes it"
            )));
        }
        fs::write(&path, format!("{computed}\n"))
            .with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}/{file} written", self.name);
        Ok(None)
    }
}

/// A file's text without the line end that closes it.
fn read(path: &Path) -> anyhow::Result<String> {
    let mut text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with one case.
    fn case(files: &[(&str, &str)]) -> (tempfile::TempDir, Case) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a");
        fs::create_dir(&folder).unwrap();
        let given = [
            ("params.txt", "b=1\na=x=y\n"),
            ("key.txt", "k\n"),
            ("sign_type.txt", "MD5\n"),
        ];
        for (name, text) in given.iter().chain(files) {
            fs::write(folder.join(name), text).unwrap();
        }
        let case = Case::all(root.path()).unwrap().remove(0);
        (root, case)
    }

    #[test]
    fn values_may_hold_an_equals_sign() {
        let (_root, case) = case(&[]);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(case.params, [pair("b", "1"), pair("a", "x=y")]);
        assert_eq!(case.wrong_canonical().unwrap(), None);
    }

    #[test]
    fn what_differs_is_told_or_written() {
        let (_root, case) = case(&[("canonical.txt", "old\n")]);
        assert!(case.settle("canonical.txt", "old", true).unwrap().is_none());
        let finding = case.settle("canonical.txt", "new", true).unwrap().unwrap();
        assert!(
            finding.starts_with("a/canonical.txt is not what"),
            "{finding}"
        );
        assert!(
            case.settle("canonical.txt", "new", false)
                .unwrap()
                .is_none()
        );
        assert!(case.settle("canonical.txt", "new", true).unwrap().is_none());
    }
}
