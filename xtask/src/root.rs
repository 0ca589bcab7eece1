//! Where the workspace is.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::Context;

/// The workspace's folder: the one above xtask's own.
///
/// cargo says at run time where the package is; what was compiled in is taken when the program is
/// started without cargo, and is wrong once the folder has been moved.
pub(crate) fn find() -> anyhow::Result<PathBuf> {
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package
        .parent()
        .map(Path::to_path_buf)
        .context("the xtask folder has no parent: start this by `cargo xtask`")
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn holds_the_manifest_of_the_workspace() {
        let manifest = std::fs::read_to_string(find().unwrap().join("Cargo.toml")).unwrap();
        assert!(manifest.starts_with("[workspace]"));
    }
}
