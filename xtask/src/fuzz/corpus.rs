//! The inputs that are committed for a target.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

/// For each target, in bytes: a repository is no place for a whole corpus.
const ROOM: u64 = 48 * 1024;

/// What is in a corpus.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Written {
    inputs: usize,
    bytes: u64,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} inputs, {} bytes", self.inputs, self.bytes)
    }
}

/// Makes `corpus` hold of `inputs` as many as there is room for: those that it has, then the others
/// from the smallest on. So it changes no more than it must.
pub(super) fn replace(corpus: &Path, inputs: &Path) -> anyhow::Result<Written> {
    let known: BTreeSet<OsString> = list(corpus)?.into_iter().map(|input| input.1).collect();
    let mut inputs: Vec<(u64, OsString, PathBuf)> = list(inputs)?;
    inputs.sort_by_key(|(bytes, name, _)| (!known.contains(name), *bytes, name.clone()));
    let mut written = Written::default();
    let mut kept = BTreeSet::new();
    for (bytes, name, path) in inputs {
        if written.bytes + bytes > ROOM {
            break;
        }
        fs::copy(&path, corpus.join(&name)).context("cannot write the corpus")?;
        written.inputs += 1;
        written.bytes += bytes;
        kept.insert(name);
    }
    for name in known.difference(&kept) {
        fs::remove_file(corpus.join(name)).context("cannot remove an input")?;
    }
    Ok(written)
}

/// The inputs of a folder: how many bytes each has, its name, where it is.
fn list(folder: &Path) -> anyhow::Result<Vec<(u64, OsString, PathBuf)>> {
    let context = || format!("cannot list {}", folder.display());
    let mut inputs = Vec::new();
    for entry in folder.read_dir().with_context(context)? {
        let entry = entry.with_context(context)?;
        let bytes = entry.metadata().with_context(context)?.len();
        inputs.push((bytes, entry.file_name(), entry.path()));
    }
    Ok(inputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        let mut names: Vec<_> = list(folder).unwrap().into_iter().map(|it| it.1).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_committed_stays_and_the_smallest_join_it() {
        let (corpus, inputs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (corpus, inputs) = (corpus.path(), inputs.path());
        let half = vec![0; usize::try_from(ROOM / 2).unwrap()];
        fs::write(corpus.join("superfluous"), "1").unwrap();
        fs::write(corpus.join("known"), &half).unwrap();
        fs::write(inputs.join("known"), &half).unwrap();
        fs::write(inputs.join("small"), "2").unwrap();
        fs::write(inputs.join("large"), &half).unwrap();

        let written = replace(corpus, inputs).unwrap();
        assert_eq!(written.to_string(), "2 inputs, 24577 bytes");
        assert_eq!(names(corpus), ["known", "small"]);
        // Nothing changes any more.
        assert_eq!(replace(corpus, inputs).unwrap(), written);
    }
}
