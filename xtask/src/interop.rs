//! `cargo xtask interop`: clients that are not ours against the sandbox.

mod client;
mod sandbox;

use std::path::Path;

use anyhow::{Context, bail};

use crate::cargo;
use client::{CLIENTS, Outcome};
use sandbox::Sandbox;

/// Runs every client of docs/clients that this machine has the tools for, and reports all.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let built = cargo::command(root)
        .args(["build", "--locked", "--bin", "wxpay"])
        .status()
        .context("cannot run cargo")?;
    if !built.success() {
        bail!("`wxpay` does not build");
    }
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let sandbox = Sandbox::start(root, folder.path())?;
    let mut failed = 0;
    for client in CLIENTS {
        let outcome = client.run(root, &sandbox, folder.path());
        if let Outcome::Failed(_) = outcome {
            failed += 1;
        }
        println!("{:34}  {outcome}", client.name);
    }
    if failed > 0 {
        bail!("{failed} of {} clients failed", CLIENTS.len());
    }
    Ok(())
}
