//! The third-party crates that a workspace has locked, as crates.io's index has them.
//!
//! Nothing is downloaded here: cargo's own cache has every archive after `cargo metadata`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use serde::Deserialize;
use toml_edit::DocumentMut;

use super::index::{Dependency, Line};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What is read of `cargo metadata`: more of each package than the checks of this workspace need.
#[derive(Deserialize)]
struct Answer {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    manifest_path: PathBuf,
    dependencies: Vec<Need>,
    features: BTreeMap<String, Vec<String>>,
    links: Option<String>,
    rust_version: Option<String>,
}

#[derive(Deserialize)]
struct Need {
    name: String,
    req: String,
    kind: Option<String>,
    target: Option<String>,
    optional: bool,
    uses_default_features: bool,
    features: Vec<String>,
    rename: Option<String>,
    registry: Option<String>,
}

/// The lines of all crates that come from crates.io, each with its archive in cargo's cache.
///
/// `metadata` is what `cargo metadata` answers, `lock` the text of the lock file.
pub(super) fn packages(metadata: &str, lock: &str) -> anyhow::Result<Vec<(Line, PathBuf)>> {
    let answer: Answer =
        serde_json::from_str(metadata).context("`cargo metadata` has another form")?;
    let checksums = checksums(lock)?;
    let packages = answer.packages.into_iter();
    packages
        .filter(|package| package.source.as_deref() == Some(CRATES_IO))
        .map(|package| {
            let archive = archive(&package.manifest_path)?;
            let key = (package.name.clone(), package.version.clone());
            let checksum = checksums.get(&key);
            let checksum =
                checksum.with_context(|| format!("{} {} is not locked", key.0, key.1))?;
            Ok((package.line(checksum), archive))
        })
        .collect()
}

/// By name and version.
fn checksums(lock: &str) -> anyhow::Result<BTreeMap<(String, String), String>> {
    let lock: DocumentMut = lock.parse().context("the lock file is not TOML")?;
    let packages = lock.get("package").and_then(|it| it.as_array_of_tables());
    let packages = packages.into_iter().flatten().filter_map(|package| {
        let text = |key| Some(package.get(key)?.as_str()?.to_owned());
        Some(((text("name")?, text("version")?), text("checksum")?))
    });
    Ok(packages.collect())
}

/// `registry/src/INDEX/serde-1.0.0/Cargo.toml` was unpacked from
/// `registry/cache/INDEX/serde-1.0.0.crate`.
fn archive(manifest: &Path) -> anyhow::Result<PathBuf> {
    let parts = || {
        let package = manifest.parent()?;
        let index = package.parent()?;
        let registry = index.parent()?.parent()?;
        let name = format!("{}.crate", package.file_name()?.to_str()?);
        Some(registry.join("cache").join(index.file_name()?).join(name))
    };
    let archive = parts().with_context(|| format!("{} is too short", manifest.display()))?;
    ensure!(
        archive.exists(),
        "{} is not in cargo's cache: a rehearsal cannot use vendored crates",
        archive.display()
    );
    Ok(archive)
}

impl Package {
    fn line(self, checksum: &str) -> Line {
        Line {
            name: self.name,
            vers: self.version,
            deps: self
                .dependencies
                .into_iter()
                .map(Need::dependency)
                .collect(),
            cksum: checksum.to_owned(),
            features: BTreeMap::new(),
            features2: self.features,
            yanked: false,
            links: self.links,
            rust_version: self.rust_version,
            v: 2,
        }
    }
}

impl Need {
    fn dependency(self) -> Dependency {
        let (name, package) = match self.rename {
            Some(alias) => (alias, Some(self.name)),
            None => (self.name, None),
        };
        Dependency {
            name,
            req: self.req,
            features: self.features,
            optional: self.optional,
            default_features: self.uses_default_features,
            target: self.target,
            kind: self.kind.unwrap_or_else(|| "normal".to_owned()),
            registry: self.registry,
            package,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_locked_crate_becomes_a_line_with_its_archive() {
        let home = tempfile::tempdir().unwrap();
        let cache = home.path().join("registry/cache/io");
        fs::create_dir_all(&cache).unwrap();
        fs::write(cache.join("a-1.0.0.crate"), "").unwrap();
        let manifest = home.path().join("registry/src/io/a-1.0.0/Cargo.toml");
        let metadata = serde_json::json!({ "packages": [
            {
                "name": "a", "version": "1.0.0", "source": CRATES_IO, "manifest_path": manifest,
                "features": { "default": [] }, "links": null, "rust_version": "1.60",
                "dependencies": [{
                    "name": "b", "req": "^2", "kind": null, "target": "cfg(windows)",
                    "optional": false, "uses_default_features": true, "features": [],
                    "rename": "c", "registry": null,
                }],
            },
            {
                "name": "ours", "version": "0.1.0", "source": null, "manifest_path": "/x",
                "features": {}, "links": null, "rust_version": null, "dependencies": [],
            },
        ]});
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"0123\"\n";
        let packages = packages(&metadata.to_string(), lock).unwrap();
        let [(line, archive)] = &packages[..] else {
            panic!("{packages:?}");
        };
        assert_eq!(archive, &cache.join("a-1.0.0.crate"));
        assert_eq!((line.name.as_str(), line.cksum.as_str()), ("a", "0123"));
        assert_eq!(line.deps[0].name, "c");
        assert_eq!(line.deps[0].package.as_deref(), Some("b"));
        assert_eq!(line.deps[0].kind, "normal");
        assert_eq!(line.deps[0].target.as_deref(), Some("cfg(windows)"));
    }

    #[test]
    fn what_cargo_has_not_downloaded_is_named() {
        let error = archive(Path::new("/vendor/x/a/Cargo.toml")).unwrap_err();
        assert!(error.to_string().contains("a.crate"), "{error}");
    }
}
