//! A build that is the same in every folder.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};

use crate::cargo;

/// For which platform, and which time it bears.
#[derive(Debug)]
pub(super) struct Build {
    target: String,
    cargo_home: PathBuf,
    /// Seconds since 1970.
    time: u64,
}

impl Build {
    pub(super) fn new(time: u64) -> anyhow::Result<Self> {
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
        Ok(Self {
            target: host()?,
            cargo_home: home.context("no home folder")?,
            time,
        })
    }

    /// The platform, as `x86_64-unknown-linux-gnu`.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    pub(super) fn time(&self) -> u64 {
        self.time
    }

    /// Builds the program of a workspace; where it is then.
    pub(super) fn run(&self, root: &Path) -> anyhow::Result<PathBuf> {
        // Not the folder of other builds, which may have been made with other flags.
        let target = root.join("target/dist/build");
        let status = cargo::command(root)
            .args(["build", "--release", "--locked", "--package", "wxpay-cli"])
            .args(["--target", &self.target, "--target-dir"])
            .arg(&target)
            .env("CARGO_ENCODED_RUSTFLAGS", self.rust_flags(root))
            .env("CFLAGS", self.c_flags(root))
            // A folder's name may hold spaces.
            .env("CC_SHELL_ESCAPED_FLAGS", "1")
            .env("SOURCE_DATE_EPOCH", self.time.to_string())
            .env("CARGO_INCREMENTAL", "0")
            .status()
            .context("cannot start `cargo build`")?;
        ensure!(status.success(), "the program does not build");
        let folder = target.join(&self.target).join("release");
        Ok(folder.join(format!("wxpay{}", env::consts::EXE_SUFFIX)))
    }

    /// The folders by which places in sources are named, in panics and for debuggers.
    fn names(&self, root: &Path) -> [String; 2] {
        let is = |path: &Path, name: &str| format!("{}={name}", path.display());
        [is(root, "/wxpay"), is(&self.cargo_home, "/cargo")]
    }

    fn rust_flags(&self, root: &Path) -> String {
        self.names(root)
            .map(|it| format!("--remap-path-prefix={it}"))
            .join("\u{1f}")
    }

    fn c_flags(&self, root: &Path) -> String {
        self.names(root)
            .map(|it| format!("'-ffile-prefix-map={it}'"))
            .join(" ")
    }
}

/// The platform of the compiler itself.
fn host() -> anyhow::Result<String> {
    let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .arg("-vV")
        .output()
        .context("cannot start rustc")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host
        .context("rustc does not say what it runs on")?
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_the_same_everywhere() {
        let build = Build {
            target: String::new(),
            cargo_home: "/home/me/.cargo".into(),
            time: 0,
        };
        assert_eq!(
            build.rust_flags(Path::new("/home/me/it")),
            "--remap-path-prefix=/home/me/it=/wxpay\u{1f}\
             --remap-path-prefix=/home/me/.cargo=/cargo"
        );
        assert_eq!(
            build.c_flags(Path::new("/a b")),
            "'-ffile-prefix-map=/a b=/wxpay' '-ffile-prefix-map=/home/me/.cargo=/cargo'"
        );
    }

    #[test]
    fn rustc_knows_its_platform() {
        assert!(host().unwrap().contains('-'));
    }
}
