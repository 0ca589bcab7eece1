//! The licence texts of all that is in the program: each asks to go with it.

use std::{fmt::Write, fs, path::Path};

use anyhow::{Context, bail};

use super::linked::{Component, Linked};

/// How the names of files begin that hold a licence, or what one asks to be kept.
const BEGINNINGS: [&str; 4] = ["LICENSE", "LICENCE", "COPYING", "NOTICE"];

/// One text after the other, under the package's name and what its manifest says.
///
/// Only what is in the packages themselves. Where a package holds no text its repository is named
/// instead, and nothing is made up.
pub(super) fn texts(linked: &Linked<'_>) -> anyhow::Result<String> {
    let mut all = "Licences of what is in this program, package by package.\n".to_owned();
    for component in &linked.0 {
        let package = component.package;
        let Some(licence) = &package.license else {
            bail!("{} does not say its licence", package.name);
        };
        let line = "=".repeat(78);
        let _ = write!(
            all,
            "\n{line}\n{} {}: {licence}\n{line}\n",
            package.name, package.version
        );
        let texts = files(component)?;
        if texts.is_empty() {
            let place = package.repository.as_deref().unwrap_or("its registry");
            let _ = writeln!(all, "\nThe package holds no text. See {place}.");
        }
        for text in texts {
            let _ = writeln!(all, "\n{}", text.trim());
        }
    }
    Ok(all)
}

fn files(component: &Component<'_>) -> anyhow::Result<Vec<String>> {
    let folder = &component.folder;
    let context = || format!("cannot read {}", folder.display());
    let mut paths = Vec::new();
    for entry in folder.read_dir().with_context(context)? {
        let path = entry.with_context(context)?.path();
        if path.is_file() && is_licence(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    paths
        .iter()
        .map(|path| read(path).with_context(|| format!("cannot read {}", path.display())))
        .collect()
}

fn is_licence(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_uppercase();
    BEGINNINGS
        .iter()
        .any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_known_by_their_names() {
        for name in [
            "LICENSE",
            "license-mit.txt",
            "LICENCE",
            "COPYING",
            "NOTICE.md",
        ] {
            assert!(is_licence(Path::new(name)), "{name}");
        }
        assert!(!is_licence(Path::new("src/lib.rs")));
    }
}
