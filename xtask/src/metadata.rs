//! What `cargo metadata` says: packages, what they depend on, and what that comes to in the end.
//!
//! Read with serde into the few fields that are needed here.

#[cfg(test)]
mod fixture;
mod graph;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};
use semver::Version;
use serde::Deserialize;

use crate::cargo;

#[cfg(test)]
pub(crate) use fixture::metadata;

/// The workspace and everything that it can depend on, on any platform and with any feature.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    workspace_members: Vec<String>,
    workspace_root: PathBuf,
    resolve: Resolve,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    id: String,
    pub(crate) name: String,
    pub(crate) version: Version,
    pub(crate) license: Option<String>,
    pub(crate) repository: Option<String>,
    /// The oldest Rust that it says to build with.
    pub(crate) rust_version: Option<String>,
    /// The registries that it may go to; any, where nothing is said.
    publish: Option<Vec<String>>,
    /// What tools keep in the manifest, our own among them.
    pub(crate) metadata: Option<serde_json::Value>,
    /// Relative to the workspace's root for its members.
    manifest_path: PathBuf,
    /// What each feature turns on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

/// One line of a manifest.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    kind: Option<Kind>,
    pub(crate) uses_default_features: bool,
}

/// The kinds that have a name; a normal dependency has none.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Dev,
    Build,
}

#[derive(Debug, Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Debug, Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Debug, Deserialize)]
struct EdgeKind {
    kind: Option<Kind>,
}

/// The answer itself, with every feature on: what is behind a feature is bound by the design too.
pub(crate) fn json(mut cargo: Command) -> anyhow::Result<String> {
    let output = cargo
        .args([
            "metadata",
            "--format-version=1",
            "--all-features",
            "--locked",
        ])
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("cannot start `cargo metadata`")?;
    ensure!(output.status.success(), "`cargo metadata` failed");
    String::from_utf8(output.stdout).context("`cargo metadata` is not UTF-8")
}

impl Metadata {
    /// Asks cargo.
    pub(crate) fn load(root: &Path) -> anyhow::Result<Self> {
        Self::ask(cargo::command(root))
    }

    /// Asks a cargo that runs in the workspace.
    pub(crate) fn ask(cargo: Command) -> anyhow::Result<Self> {
        Self::parse(&json(cargo)?)
    }

    fn parse(json: &str) -> anyhow::Result<Self> {
        let mut metadata: Self = serde_json::from_str(json)
            .context("`cargo metadata` has another form than expected")?;
        for package in &mut metadata.packages {
            if let Ok(relative) = package.manifest_path.strip_prefix(&metadata.workspace_root) {
                package.manifest_path = relative.to_path_buf();
            }
        }
        Ok(metadata)
    }

    /// The packages of the workspace itself, by name.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        let mut members: Vec<&Package> = self
            .packages
            .iter()
            .filter(|package| self.workspace_members.contains(&package.id))
            .collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        members.into_iter()
    }

    /// Those that users get.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.members().filter(|package| package.is_published())
    }

    pub(crate) fn member(&self, name: &str) -> Option<&Package> {
        self.members().find(|package| package.name == name)
    }
}

impl Package {
    /// The manifest's path from the workspace's root.
    pub(crate) fn manifest(&self) -> String {
        self.manifest_path.display().to_string().replace('\\', "/")
    }

    /// The path from the workspace's root to one of the package's files.
    pub(crate) fn path(&self, file: &str) -> String {
        self.manifest().replace("Cargo.toml", file)
    }

    /// The package's folder from the workspace's root.
    pub(crate) fn folder(&self) -> String {
        self.path("").trim_end_matches('/').to_owned()
    }

    /// Whether it is released.
    pub(crate) fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|to| !to.is_empty())
    }

    /// Whether others can depend on it; on an example nobody does.
    pub(crate) fn is_library(&self) -> bool {
        let mut kinds = self.targets.iter().flat_map(|target| &target.kind);
        kinds.any(|kind| kind == "lib") && !self.manifest().starts_with("examples/")
    }
}

impl Dependency {
    /// Whether it is there for the package's users too, not only for its tests.
    pub(crate) fn is_shipped(&self) -> bool {
        self.kind != Some(Kind::Dev)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_cargo_says_of_this_workspace() {
        let metadata = Metadata::load(&crate::root::find().unwrap()).unwrap();
        let xtask = metadata.member("xtask").unwrap();
        assert_eq!(xtask.manifest(), "xtask/Cargo.toml");
        assert!(!xtask.is_library());
        assert!(!xtask.is_published());
        let sign = metadata.member("wxpay-sign").unwrap();
        assert!(sign.is_library());
        assert!(sign.is_published());
        assert!(metadata.member("serde").is_none());
    }

    #[test]
    fn tells_kinds_apart() {
        let metadata = metadata("wxpay-a -> normal\nwxpay-a -> tests (dev)\nwxpay-a -> cc (build)");
        let shipped: Vec<_> = metadata
            .member("wxpay-a")
            .unwrap()
            .dependencies
            .iter()
            .map(|dependency| (dependency.name.as_str(), dependency.is_shipped()))
            .collect();
        assert_eq!(shipped, [("normal", true), ("tests", false), ("cc", true)]);
    }

    #[test]
    fn paths_are_relative_to_the_root() {
        let metadata = metadata("wxpay-a -> b");
        let package = metadata.member("wxpay-a").unwrap();
        assert_eq!(package.manifest(), "crates/wxpay-a/Cargo.toml");
        assert_eq!(package.path("src/lib.rs"), "crates/wxpay-a/src/lib.rs");
        assert_eq!(package.folder(), "crates/wxpay-a");
    }
}
