//! The workspace by `cargo metadata`, a shell in its root, and the check for missing tools.

use std::collections::{HashSet, VecDeque};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package, Target};
use xshell::{Cmd, Shell};

#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) sh: Shell,
    pub(crate) metadata: Metadata,
}

impl Workspace {
    /// The workspace of this program. cargo sets its folder at run time; the compiled-in folder is
    /// wrong after the workspace was moved.
    pub(crate) fn find() -> Result<Self> {
        let xtask = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let xtask = xtask.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        Self::load(xtask.parent().context("xtask has no parent")?)
    }

    /// Loads a workspace with all features, so that the rules apply to optional dependencies, too.
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let sh = Shell::new()?;
        sh.change_dir(root);
        let mut command = MetadataCommand::new();
        command.current_dir(root).features(CargoOpt::AllFeatures);
        command.other_options(["--locked".to_owned()]);
        let metadata = command.exec().context("`cargo metadata` failed")?;
        Ok(Self { sh, metadata })
    }

    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// A program, for `cmd!`, without the variables that describe the package of xtask: when they
    /// change, ring's build script runs again, and all crates above ring are rebuilt.
    pub(crate) fn cmd(&self, name: impl AsRef<Path>) -> Cmd<'_> {
        let mut cmd = self.sh.cmd(name);
        for (name, _) in env::vars_os() {
            let shown = name.to_string_lossy();
            if shown.starts_with("CARGO_PKG_") || shown.starts_with("CARGO_MANIFEST_") {
                cmd = cmd.env_remove(name);
            }
        }
        cmd
    }

    /// A command line whose words hold no spaces.
    pub(crate) fn line(&self, line: &str) -> Cmd<'_> {
        let mut words = line.split_whitespace();
        self.cmd(words.next().unwrap_or_default()).args(words)
    }

    pub(crate) fn run(&self, line: &str) -> Result<()> {
        Ok(self.line(line).run()?)
    }

    pub(crate) fn read(&self, line: &str) -> Result<String> {
        Ok(self.line(line).read()?)
    }

    pub(crate) fn members(&self) -> Vec<&Package> {
        let mut members = self.metadata.workspace_packages();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        members
    }

    /// The members that are published.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        let is_published = |it: &&Package| it.publish.as_ref().is_none_or(|to| !to.is_empty());
        self.members().into_iter().filter(is_published)
    }

    pub(crate) fn libraries(&self) -> impl Iterator<Item = &Package> {
        self.published().filter(|it| is_library(it))
    }

    pub(crate) fn member(&self, name: &str) -> Result<&Package> {
        let member = self.members().into_iter().find(|it| it.name == name);
        member.with_context(|| format!("the workspace has no {name}"))
    }

    /// The path of a package's file, or of its folder for an empty `file`, relative to the root.
    pub(crate) fn path(&self, package: &Package, file: &str) -> String {
        let manifest = package.manifest_path.as_str();
        let manifest = manifest.trim_start_matches(self.metadata.workspace_root.as_str());
        let path = manifest.replace('\\', "/").replace("Cargo.toml", file);
        path.trim_matches('/').to_owned()
    }

    /// The files that git tracks or would add.
    pub(crate) fn files(&self, pattern: &str) -> Result<Vec<String>> {
        let list = format!("git ls-files --cached --others --exclude-standard {pattern}");
        let list = self.read(&list)?;
        let is_there = |path: &&str| self.root().join(path).is_file();
        Ok(list.lines().filter(is_there).map(str::to_owned).collect())
    }

    /// All normal and build dependencies of a member, direct or not, each with the shortest chain
    /// of names that leads to it, such as `wxpay-xml → quick-xml → memchr`. The features are those
    /// of the whole workspace, so there may be too many dependencies, but never too few.
    pub(crate) fn shipped<'a>(&'a self, member: &'a Package) -> Vec<(&'a Package, String)> {
        let resolve = self.metadata.resolve.as_ref();
        let nodes = resolve.map_or(&[][..], |it| &it.nodes);
        let (mut seen, mut found) = (HashSet::new(), Vec::new());
        let mut waiting = VecDeque::from([(&member.id, member.name.to_string())]);
        while let Some((id, chain)) = waiting.pop_front() {
            let node = nodes.iter().find(|node| node.id == *id);
            for dependency in node.map_or(&[][..], |node| &node.deps) {
                let mut kinds = dependency.dep_kinds.iter();
                let is_shipped = kinds.any(|it| it.kind != DependencyKind::Development);
                if is_shipped && seen.insert(&dependency.pkg) {
                    let package = &self.metadata[&dependency.pkg];
                    let chain = format!("{chain} → {}", package.name);
                    found.push((package, chain.clone()));
                    waiting.push_back((&dependency.pkg, chain));
                }
            }
        }
        found
    }
}

/// Fails if there are findings, with the findings and the advice.
pub(crate) fn require_none(findings: &[String], advice: &str) -> Result<()> {
    ensure!(findings.is_empty(), "{}\n{advice}", findings.join("\n"));
    Ok(())
}

pub(crate) fn is_library(package: &Package) -> bool {
    package.targets.iter().any(Target::is_lib)
}

/// The first of these tools that is missing, and how to get it.
pub(crate) fn missing(tools: &[&str]) -> Option<String> {
    tools.iter().find_map(|&tool| {
        let verb = tool.strip_prefix("cargo-");
        let get = match tool {
            "typos" => "cargo install --locked typos-cli".to_owned(),
            _ if verb.is_some() => format!("cargo install --locked {tool}"),
            _ => "a package of your system".to_owned(),
        };
        let mut command = Command::new(verb.map_or(tool, |_| "cargo"));
        let option = if tool == "openssl" {
            "version"
        } else {
            "--version"
        };
        // With this variable machete believes that it was started without cargo.
        let command = command.args(verb).arg(option).env_remove("CARGO_PKG_NAME");
        let is_there = command.output().is_ok_and(|output| output.status.success());
        (!is_there).then(|| format!("{tool} is missing: {get}"))
    })
}

/// The folder of cargo's downloads.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    home.context("no home folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_programs_and_tools_are_told_apart() {
        let ws = Workspace::find().unwrap();
        let xtask = ws.member("xtask").unwrap();
        assert_eq!(ws.path(xtask, ""), "xtask");
        assert_eq!(ws.path(xtask, "src/main.rs"), "xtask/src/main.rs");
        assert!(ws.published().all(|it| it.name != "xtask"));
        assert!(ws.libraries().any(|it| it.name == "wxpay-sign"));
        assert!(ws.libraries().all(|it| it.name != "wxpay-cli"));
        let shipped = ws.shipped(ws.member("wxpay-xml").unwrap());
        let has = |chain: &str| shipped.iter().any(|it| it.1 == chain);
        assert!(has("wxpay-xml → quick-xml → memchr"));
        assert!(!has("wxpay-xml → proptest"));
        // A command does not see the package of xtask.
        let echo = ws.cmd("sh").args(["-c", "echo $CARGO_PKG_NAME"]);
        assert_eq!(echo.read().unwrap(), "");
        let said = missing(&["cargo-clippy", "cargo-mill"]).unwrap();
        assert!(said.ends_with("missing: cargo install --locked cargo-mill"));
    }
}
