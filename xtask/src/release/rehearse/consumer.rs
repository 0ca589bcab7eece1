//! A project outside the workspace, which has nothing but the registry.

use std::{fs, path::Path};

use anyhow::{Context, ensure};

use crate::{cargo, release::workspace::Workspace};

#[derive(Debug)]
pub(super) struct Consumer {
    pub(super) name: &'static str,
    /// Those of the workspace's crates that it depends on.
    ours: &'static [&'static str],
    /// Further lines of its dependencies.
    others: &'static str,
    main: &'static str,
}

impl Consumer {
    pub(super) fn all() -> [Self; 2] {
        [
            Self {
                name: "uses-wxpay-sign",
                ours: &["wxpay-sign"],
                others: "",
                main: include_str!("uses_sign.rs"),
            },
            Self {
                name: "uses-wxpay-media",
                ours: &["wxpay-media", "wxpay-sandbox"],
                others: "tokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n",
                main: include_str!("uses_media.rs"),
            },
        ]
    }

    /// Builds and runs it, and returns what it prints.
    pub(super) fn run(
        &self,
        released: &Workspace,
        folder: &Path,
        cargo_home: &Path,
    ) -> anyhow::Result<String> {
        let project = folder.join(self.name);
        fs::create_dir_all(project.join("src")).context("cannot make a project")?;
        fs::write(project.join("Cargo.toml"), self.manifest(released)?)
            .and_then(|()| fs::write(project.join("src/main.rs"), self.main))
            .context("cannot write a project")?;
        let output = cargo::command(&project)
            .env("CARGO_HOME", cargo_home)
            .arg("run")
            .stderr(std::process::Stdio::inherit())
            .output()
            .context("cannot start `cargo run`")?;
        ensure!(output.status.success(), "{} does not work", self.name);
        String::from_utf8(output.stdout).context("its output is not UTF-8")
    }

    /// With requirements as a README has them: `wxpay-sign = "0.1"`.
    fn manifest(&self, released: &Workspace) -> anyhow::Result<String> {
        let metadata = released.metadata()?;
        let mut manifest = format!(
            "[package]\nname = \"{}\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n",
            self.name
        );
        for name in self.ours {
            let package = metadata.member(name).context("a package is gone")?;
            let (major, minor) = (package.version.major, package.version.minor);
            manifest += &format!("{name} = \"{major}.{minor}\"\n");
        }
        Ok(manifest + self.others)
    }
}
