//! A workspace in a temporary folder: small crates with the names of this one's, and its arrows.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    metadata::Metadata,
    registry::{self, Registry},
    release::{
        bump, notes,
        plan::Plan,
        publish,
        survey::{self, Effort},
        workspace::Workspace,
    },
};

/// Names with the dependencies of each; sign shows in the APIs of media and sandbox.
const CRATES: [(&str, &[&str]); 7] = [
    ("wxpay-sign", &[]),
    ("wxpay-xml", &[]),
    ("wxpay-multipart", &[]),
    ("wxpay-transport", &[]),
    (
        "wxpay-media",
        &[
            "wxpay-sign",
            "wxpay-xml",
            "wxpay-multipart",
            "wxpay-transport",
        ],
    ),
    ("wxpay-sandbox", &["wxpay-sign", "wxpay-xml"]),
    ("wxpay-cli", &["wxpay-media", "wxpay-sandbox"]),
];

/// Ends in failure where the root has a file named `red`, as `cargo xtask ci` would.
const XTASK: &str = "fn main() {\n    assert!(std::env::args().any(|it| it == \"ci\"));\n    \
                     std::process::exit(std::path::Path::new(\"red\").exists().into());\n}\n";

pub(super) struct Throwaway {
    pub(super) workspace: Workspace,
    pub(super) registry: Registry,
    pub(super) folder: TempDir,
}

impl Throwaway {
    /// Nothing of it is released.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::start().unwrap();
        // cargo reads it in the workspace and in whatever lies beside that.
        let config = folder.path().join(".cargo/config.toml");
        let quiet = "\n[term]\nquiet = true\n";
        write(&config, &(registry.cargo_config() + quiet));
        let root = folder.path().join("workspace");
        write_workspace(&root);
        for (name, dependencies) in CRATES {
            write_crate(&root.join("crates").join(name), name, dependencies);
        }
        let workspace = Workspace::with_cargo_home(&root, &folder.path().join("cargo-home"));
        let throwaway = Self {
            workspace,
            registry,
            folder,
        };
        throwaway.cargo(&["generate-lockfile", "--offline", "--quiet"]);
        for line in [
            "init --quiet --initial-branch main",
            "config user.name Maintainer",
            "config user.email maintainer@example.com",
            "config commit.gpgSign false",
            "config tag.gpgSign false",
            "add .",
        ] {
            throwaway.git(&line.split(' ').collect::<Vec<_>>());
        }
        throwaway.commit("Begin");
        throwaway
    }

    /// Everything is released as 0.1.0, as far as git knows.
    pub(super) fn released() -> Self {
        let throwaway = Self::new();
        throwaway.bump().unwrap();
        for (name, _) in CRATES {
            throwaway.git(&["tag", &format!("{name}-v0.1.0")]);
        }
        throwaway
    }

    pub(super) fn plan(&self) -> Plan {
        survey::plan(&self.workspace, &self.metadata(), Effort::Listings).unwrap()
    }

    /// `wxpay-sign 0.1.1` for each that is to be released.
    pub(super) fn releases(&self) -> Vec<String> {
        let plan = self.plan();
        plan.due()
            .map(|entry| format!("{} {}", entry.facts.name, entry.version))
            .collect()
    }

    pub(super) fn bump(&self) -> anyhow::Result<()> {
        bump::run(&self.workspace, Effort::Listings)
    }

    pub(super) fn publish_for_real(&self) -> anyhow::Result<()> {
        self.publish(true)
    }

    pub(super) fn publish(&self, execute: bool) -> anyhow::Result<()> {
        let registry = Some(registry::NAME.to_owned());
        publish::run(&self.workspace, &publish::Options { execute, registry })
    }

    pub(super) fn notes(&self) -> String {
        notes::notes(&self.workspace).unwrap()
    }

    pub(super) fn metadata(&self) -> Metadata {
        self.workspace.metadata().unwrap()
    }

    /// A function more in wxpay-sign, with an entry in its changelog.
    pub(super) fn add_to_sign(&self, function: &str) {
        let source = format!("pub fn {function}() {{}}\n");
        self.append("crates/wxpay-sign/src/lib.rs", &source);
        let item = format!("pub fn wxpay_sign::{function}()\n");
        self.append("crates/wxpay-sign/public-api.txt", &item);
        self.note("wxpay-sign", &format!("### Added\n\n- `{function}`."));
        self.commit("wxpay-sign: add a function");
    }

    /// The function of wxpay-sign that nothing else uses, gone.
    pub(super) fn break_sign(&self) {
        self.replace("crates/wxpay-sign/src/lib.rs", "pub fn old() {}\n", "");
        let item = "pub fn wxpay_sign::old()\n";
        self.replace("crates/wxpay-sign/public-api.txt", item, "");
        self.note("wxpay-sign", "### Removed\n\n- `old`.");
        self.commit("wxpay-sign: remove a function");
    }

    /// Writes under *Unreleased*.
    pub(super) fn note(&self, name: &str, entry: &str) {
        let path = format!("crates/{name}/CHANGELOG.md");
        let heading = "## [Unreleased]\n";
        self.replace(&path, heading, &format!("{heading}\n{entry}\n"));
    }

    pub(super) fn append(&self, path: &str, text: &str) {
        let old = self.workspace.read(path).unwrap();
        self.workspace.write(path, &format!("{old}{text}")).unwrap();
    }

    pub(super) fn replace(&self, path: &str, old: &str, new: &str) {
        let text = self.workspace.read(path).unwrap();
        assert!(text.contains(old), "{path} has no {old:?}:\n{text}");
        let text = text.replacen(old, new, 1);
        self.workspace.write(path, &text).unwrap();
    }

    pub(super) fn commit(&self, message: &str) {
        self.workspace.git().commit_all(message).unwrap();
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.current_dir(self.workspace.root());
        output(git.args(arguments))
    }

    pub(super) fn cargo(&self, arguments: &[&str]) -> String {
        output(self.workspace.cargo().args(arguments))
    }
}

/// Runs to a good end.
pub(super) fn output(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn write_workspace(root: &Path) {
    let entries = CRATES.map(|(name, _)| {
        format!("{name} = {{ version = \"0.1.0\", path = \"crates/{name}\" }} # ours\n")
    });
    write(
        &root.join("Cargo.toml"),
        &format!(
            "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\", \"xtask\"]\n\n\
             [workspace.dependencies]\n{}",
            entries.concat()
        ),
    );
    write(&root.join(".gitignore"), "/target\n/red\n");
    write(
        &root.join(".cargo/config.toml"),
        "[alias]\nxtask = \"run --quiet --package xtask --\"\n",
    );
    write(
        &root.join("xtask/Cargo.toml"),
        "[package]\nname = \"xtask\"\nedition = \"2024\"\npublish = false\n",
    );
    write(&root.join("xtask/src/main.rs"), XTASK);
}

fn write_crate(folder: &Path, name: &str, dependencies: &[&str]) {
    let mut manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         description = \"Thrown away\"\nlicense = \"MIT\"\n\n[dependencies]\n"
    );
    for dependency in dependencies {
        manifest += &format!("{dependency}.workspace = true\n");
    }
    if name == "wxpay-media" {
        manifest += "\n[dev-dependencies]\nwxpay-sandbox.workspace = true\n";
    }
    write(&folder.join("Cargo.toml"), &manifest);
    write(
        &folder.join("CHANGELOG.md"),
        "# Changelog\n\n## [Unreleased]\n\nThe first version.\n",
    );
    let module = name.replace('-', "_");
    match (name, dependencies) {
        ("wxpay-cli", _) => write(
            &folder.join("src/main.rs"),
            "fn main() {\n    println!(\"{}\", wxpay_media::key().0);\n}\n",
        ),
        ("wxpay-sign", _) => {
            write(
                &folder.join("src/lib.rs"),
                "pub struct Key(pub u32);\npub fn old() {}\npub fn key() -> Key {\n    Key(42)\n}\n",
            );
            write(
                &folder.join("public-api.txt"),
                "pub fn wxpay_sign::key() -> wxpay_sign::Key\npub fn wxpay_sign::old()\n\
                 pub struct wxpay_sign::Key(pub u32)\n",
            );
        }
        (_, ["wxpay-sign", ..]) => {
            write(&folder.join("src/lib.rs"), "pub use wxpay_sign::key;\n");
            let item = format!("pub fn {module}::key() -> wxpay_sign::Key\n");
            write(&folder.join("public-api.txt"), &item);
        }
        _ => {
            write(&folder.join("src/lib.rs"), "pub fn run() {}\n");
            let item = format!("pub fn {module}::run()\n");
            write(&folder.join("public-api.txt"), &item);
        }
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
