//! `wxpay sandbox`, for as long as it is needed.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, bail};

pub(super) struct Sandbox {
    process: Child,
    folder: PathBuf,
}

impl Sandbox {
    /// Starts it on a free port and waits until it listens.
    pub(super) fn start(root: &Path, folder: &Path) -> anyhow::Result<Self> {
        let target = env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
        let folder = folder.join("sandbox");
        let mut process = Command::new(root.join(target).join("debug/wxpay"))
            .args(["sandbox", "--listen", "127.0.0.1:0", "--dir"])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start `wxpay sandbox`")?;
        let stdout = process.stdout.take().context("no standard output")?;
        let sandbox = Self { process, folder };
        let mut lines = BufReader::new(stdout).lines();
        let listening = |line: &str| line.starts_with("listening on ");
        if !lines.any(|line| line.is_ok_and(|line| listening(&line))) {
            bail!("`wxpay sandbox` ended before it listened");
        }
        // Read on, or the next line that it prints would end it.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(sandbox)
    }

    /// A command that has the sandbox's variables: its `env` is for a shell, so a shell reads it.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", r#". "$0" && exec "$@""#])
            .arg(self.folder.join("env"))
            .arg(program);
        command
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
