//! A cargo that knows nothing of the cargo that started us.

use std::{
    env,
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

/// The same cargo that runs us, in the workspace's root, without standard input: a test that reads
/// it must fail on every machine and not only where there is none.
pub(crate) fn command(root: &Path) -> Command {
    program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), root)
}

/// Any other program, in the same way.
pub(crate) fn program(name: impl AsRef<OsStr>, root: &Path) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(describes_a_package) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether cargo sets this variable to tell a program about its own package.
///
/// Build scripts, ring's for one, ask to be run again when such a variable changes. Handed on, it
/// would rebuild ring and all that stands on it whenever `cargo test` follows `cargo xtask ci`.
fn describes_a_package(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_package_is_forgotten() {
        assert!(describes_a_package("CARGO_PKG_NAME"));
        assert!(describes_a_package("CARGO_MANIFEST_DIR"));
        assert!(!describes_a_package("CARGO_TERM_COLOR"));
        assert!(!describes_a_package("CARGO_TARGET_DIR"));
        assert!(!describes_a_package("PATH"));
    }

    #[test]
    fn the_tests_own_package_is_not_handed_on() {
        let command = command(Path::new("."));
        let removed = |wanted: &str| {
            command
                .get_envs()
                .any(|(name, value)| name == wanted && value.is_none())
        };
        assert!(removed("CARGO_PKG_NAME"));
        assert!(!removed("PATH"));
    }
}
