//! What the program is made of.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use toml_edit::DocumentMut;

use crate::{
    cargo,
    metadata::{Metadata, Package},
};

/// The packages whose code is in the program on one platform, the program's own first; no macros,
/// which run when it is built, and nothing of tests.
#[derive(Debug)]
pub(super) struct Linked<'a>(pub(super) Vec<Component<'a>>);

#[derive(Debug)]
pub(super) struct Component<'a> {
    pub(super) package: &'a Package,
    /// Where it is unpacked.
    pub(super) folder: PathBuf,
    /// SHA-256 of what the registry has; none for those of the workspace.
    pub(super) checksum: Option<String>,
}

impl<'a> Linked<'a> {
    pub(super) fn load(root: &Path, metadata: &'a Metadata, target: &str) -> anyhow::Result<Self> {
        let lock = fs::read_to_string(root.join("Cargo.lock")).context("cannot read Cargo.lock")?;
        let checksums = checksums(&lock)?;
        let mut components = Vec::new();
        for line in tree(root, target)?.lines() {
            let (name, version) = name_and_version(line)?;
            let is_it =
                |package: &&Package| package.name == name && package.version.to_string() == version;
            let package = metadata.packages.iter().find(is_it);
            let package = package.with_context(|| format!("{line} is not in the metadata"))?;
            let key = (name.to_owned(), version.to_owned());
            components.push(Component {
                folder: root.join(package.path("")),
                checksum: checksums.get(&key).cloned(),
                package,
            });
        }
        let (first, rest) = components.split_at_mut(1);
        ensure!(
            first.iter().all(|it| it.package.name == "wxpay-cli"),
            "cargo's tree does not begin with wxpay-cli"
        );
        rest.sort_by(|a, b| key(a).cmp(&key(b)));
        components.dedup_by(|a, b| key(a) == key(b));
        Ok(Self(components))
    }
}

fn key<'a>(component: &Component<'a>) -> (&'a str, &'a semver::Version) {
    (&component.package.name, &component.package.version)
}

fn tree(root: &Path, target: &str) -> anyhow::Result<String> {
    let output = cargo::command(root)
        .args([
            "tree",
            "--locked",
            "--package",
            "wxpay-cli",
            "--target",
            target,
        ])
        .args(["--edges", "normal,no-proc-macro", "--prefix", "none"])
        .args(["--no-dedupe", "--format", "{p}"])
        .output()
        .context("cannot start `cargo tree`")?;
    ensure!(output.status.success(), "`cargo tree` failed");
    String::from_utf8(output.stdout).context("`cargo tree` is not UTF-8")
}

/// `ring v0.17.14 (somewhere)`.
fn name_and_version(line: &str) -> anyhow::Result<(&str, &str)> {
    let mut words = line.split(' ');
    let name = words.next();
    let version = words.next().and_then(|word| word.strip_prefix('v'));
    name.zip(version)
        .with_context(|| format!("`cargo tree` has another form than expected: {line}"))
}

fn checksums(lock: &str) -> anyhow::Result<BTreeMap<(String, String), String>> {
    let lock: DocumentMut = lock.parse().context("Cargo.lock is not TOML")?;
    let packages = lock.get("package").and_then(|it| it.as_array_of_tables());
    let entries = packages.into_iter().flatten().filter_map(|package| {
        let text = |key| package.get(key)?.as_str().map(str::to_owned);
        Some(((text("name")?, text("version")?), text("checksum")?))
    });
    Ok(entries.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line_of_the_tree() {
        assert_eq!(
            name_and_version("ring v0.17.14").unwrap(),
            ("ring", "0.17.14")
        );
        assert_eq!(
            name_and_version("wxpay-cli v0.1.0 (/a b)").unwrap().1,
            "0.1.0"
        );
        assert!(name_and_version("ring 0.17").is_err());
    }

    #[test]
    fn what_is_linked_here_has_the_stack_and_no_macros() {
        let root = crate::root::find().unwrap();
        let metadata = Metadata::load(&root).unwrap();
        let linked = Linked::load(&root, &metadata, "x86_64-unknown-linux-gnu").unwrap();
        let find = |name: &str| linked.0.iter().find(|it| it.package.name == name);
        assert_eq!(linked.0[0].package.name, "wxpay-cli");
        assert_eq!(find("ring").unwrap().checksum.as_ref().unwrap().len(), 64);
        assert!(find("ring").unwrap().folder.join("Cargo.toml").is_file());
        assert!(find("wxpay-sign").unwrap().checksum.is_none());
        for absent in ["serde_derive", "proptest", "windows-sys"] {
            assert!(find(absent).is_none(), "{absent}");
        }
    }
}
