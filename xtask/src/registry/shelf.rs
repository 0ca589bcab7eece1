//! What a registry has.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::Context;

use super::{
    index::{self, Line},
    upload::Upload,
};

#[derive(Debug, Default)]
pub(crate) struct Shelf {
    /// By the path of their lines in the index.
    packages: BTreeMap<String, Vec<Package>>,
    /// The crate that is refused the next time that it comes.
    refused: Option<String>,
    /// A crate whose latest version the index does not show as yet, and how often it will not.
    late: Option<(String, u32)>,
    is_closed: bool,
}

#[derive(Debug)]
struct Package {
    line: Line,
    archive: Archive,
}

/// The `.crate` file.
#[derive(Debug)]
pub(super) enum Archive {
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl Shelf {
    /// A line for each crate that was published here, with all its versions.
    pub(crate) fn published(&self) -> String {
        let mut lines = String::new();
        for packages in self.packages.values() {
            let published = packages
                .iter()
                .filter(|package| matches!(package.archive, Archive::Bytes(_)));
            let versions: Vec<_> = published.map(|it| it.line.vers.as_str()).collect();
            if let ([package, ..], false) = (&packages[..], versions.is_empty()) {
                lines += &format!("{} {}\n", package.line.name, versions.join(", "));
            }
        }
        lines
    }

    /// Refuses the crate once, as a registry does that is in trouble.
    #[cfg(test)]
    pub(crate) fn refuse_once(&mut self, name: &str) {
        self.refused = Some(name.to_owned());
    }

    /// Shows the crate, once it is published, only after `times` readings of the index.
    #[cfg(test)]
    pub(crate) fn show_late(&mut self, name: &str, times: u32) {
        self.late = Some((name.to_owned(), times));
    }

    /// `wxpay-sign 0.1.0` for everything that is there.
    #[cfg(test)]
    pub(crate) fn all(&self) -> Vec<String> {
        let packages = self.packages.values().flatten();
        let names = packages.map(|package| format!("{} {}", package.line.name, package.line.vers));
        names.collect()
    }

    pub(super) fn put(&mut self, line: Line, archive: Archive) {
        let path = index::path(&line.name);
        let package = Package { line, archive };
        self.packages.entry(path).or_default().push(package);
    }

    /// # Errors
    ///
    /// In words for cargo's user, when the crate cannot be taken.
    pub(super) fn publish(&mut self, upload: Upload) -> Result<(), String> {
        let Line { name, vers, .. } = &upload.line;
        if self.refused.as_ref() == Some(name) {
            self.refused = None;
            return Err(format!("{name} is refused, this once"));
        }
        if self.package(name, vers).is_some() {
            return Err(format!("{name} {vers} is there already"));
        }
        self.put(upload.line, Archive::Bytes(upload.archive));
        Ok(())
    }

    /// A file of the index: all versions of a crate.
    pub(super) fn lines(&mut self, path: &str) -> anyhow::Result<Option<String>> {
        let Some(packages) = self.packages.get(path) else {
            return Ok(None);
        };
        let packages = match &mut self.late {
            Some((name, times)) if *times > 0 && index::path(name) == path => {
                *times -= 1;
                packages
                    .split_last()
                    .map_or(&[][..], |(_, earlier)| earlier)
            }
            _ => packages,
        };
        let lines = packages
            .iter()
            .map(|package| serde_json::to_string(&package.line));
        let lines: Vec<_> = lines.collect::<Result<_, _>>().context("no JSON")?;
        Ok(Some(lines.join("\n") + "\n"))
    }

    pub(super) fn archive(&self, name: &str, version: &str) -> anyhow::Result<Option<Vec<u8>>> {
        match self.package(name, version).map(|package| &package.archive) {
            None => Ok(None),
            Some(Archive::Bytes(bytes)) => Ok(Some(bytes.clone())),
            Some(Archive::File(path)) => {
                let bytes = fs::read(path);
                bytes.map(Some).with_context(|| path.display().to_string())
            }
        }
    }

    fn package(&self, name: &str, version: &str) -> Option<&Package> {
        let packages = self.packages.get(&index::path(name))?;
        let mut packages = packages.iter();
        packages.find(|package| package.line.name == name && package.line.vers == version)
    }

    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }
}
