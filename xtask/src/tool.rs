//! Programs that not every machine has: what needs one is skipped where it is missing, and says so.

use std::process::{Command, Stdio};

/// A program beside Rust's own, and how to get it.
#[derive(Debug)]
pub(crate) struct Tool {
    /// For people.
    pub(crate) name: &'static str,
    /// A command that succeeds where the tool is there.
    probe: &'static [&'static str],
    /// What to type where it is not.
    install: &'static str,
}

/// Feature sets.
pub(crate) const HACK: Tool = Tool {
    name: "cargo-hack",
    probe: &["cargo-hack", "hack", "--version"],
    install: "cargo install --locked cargo-hack",
};

/// What a change of the API means for its users.
pub(crate) const SEMVER_CHECKS: Tool = Tool {
    name: "cargo-semver-checks",
    probe: &["cargo-semver-checks", "semver-checks", "--version"],
    install: "cargo install --locked cargo-semver-checks",
};

/// Digests by a program that is not ours.
pub(crate) const OPENSSL: Tool = Tool {
    name: "openssl",
    probe: &["openssl", "version"],
    install: "the package openssl of your system",
};

/// The same by its standard library.
pub(crate) const PYTHON: Tool = Tool {
    name: "Python 3",
    probe: &["python3", "--version"],
    install: "the package python3 of your system",
};

/// Lines that tests run.
pub(crate) const TARPAULIN: Tool = Tool {
    name: "cargo-tarpaulin",
    probe: &["cargo-tarpaulin", "tarpaulin", "--version"],
    install: "cargo install --locked cargo-tarpaulin",
};

/// Small faults put into the sources.
pub(crate) const MUTANTS: Tool = Tool {
    name: "cargo-mutants",
    probe: &["cargo-mutants", "mutants", "--version"],
    install: "cargo install --locked cargo-mutants",
};

/// Licences, bans and sources of dependencies.
pub(crate) const DENY: Tool = Tool {
    name: "cargo-deny",
    probe: &["cargo-deny", "--version"],
    install: "cargo install --locked cargo-deny",
};

/// Dependencies that nothing uses.
pub(crate) const MACHETE: Tool = Tool {
    name: "cargo-machete",
    probe: &["cargo-machete", "--version"],
    install: "cargo install --locked cargo-machete",
};

/// Spelling.
pub(crate) const TYPOS: Tool = Tool {
    name: "typos",
    probe: &["typos", "--version"],
    install: "cargo install --locked typos-cli",
};

/// libFuzzer is written in it.
pub(crate) const CXX: Tool = Tool {
    name: "a C++ compiler",
    probe: &["c++", "--version"],
    install: "apt-get install g++, or what your system has as `c++`",
};

impl Tool {
    /// Why what needs this tool cannot run here, if so, and what to do.
    pub(crate) fn missing(&self) -> Option<String> {
        let (program, arguments) = self.probe.split_first()?;
        let status = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let there = status.is_ok_and(|status| status.success());
        let Self { name, install, .. } = self;
        (!there).then(|| format!("{name} is missing: {install}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn tool(probe: &'static [&'static str]) -> Tool {
        Tool {
            name: "mill",
            probe,
            install: "build one",
        }
    }

    #[test]
    fn what_is_there_is_not_missing() {
        assert_eq!(tool(&["cargo", "--version"]).missing(), None);
    }

    #[test]
    fn what_is_missing_or_does_not_work_is() {
        let said = Some("mill is missing: build one".to_owned());
        assert_eq!(tool(&["no-such-program-anywhere"]).missing(), said);
        assert_eq!(tool(&["cargo", "--no-such-option"]).missing(), said);
    }
}
