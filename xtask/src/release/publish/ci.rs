//! `cargo xtask ci`, once a commit.

use std::fs;

use anyhow::Context;

use crate::release::workspace::Workspace;

/// Below the root, and no part of the repository.
const STAMP: &str = "target/xtask/green-commit";

/// Runs the checks, unless they were green for this very commit: a release that breaks off midway
/// is repeated at once.
pub(super) fn require_green(workspace: &Workspace) -> anyhow::Result<()> {
    let commit = workspace.git().head()?;
    let is_green = workspace.read(STAMP).is_ok_and(|green| green == commit);
    if is_green {
        println!("`cargo xtask ci` was green for this commit");
        return Ok(());
    }
    workspace
        .run_cargo(&["xtask", "ci"])
        .context("only what passes is published")?;
    remember_green(workspace)
}

/// Notes that the checks have passed for what is checked out.
pub(in crate::release) fn remember_green(workspace: &Workspace) -> anyhow::Result<()> {
    let path = workspace.root().join(STAMP);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).context("cannot make a folder under target")?;
    }
    workspace.write(STAMP, &workspace.git().head()?)
}
