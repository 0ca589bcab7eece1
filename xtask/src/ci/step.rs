//! One step: a command with a name.

use std::{fmt, path::Path, process::Command};

use crate::cargo;

/// Shown as the command line that repeats it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Step {
    /// What it is about, for the table and for the message when it fails.
    pub(super) name: String,
    variable: Option<(&'static str, &'static str)>,
    program: &'static str,
    /// None holds white space: the command line is shown without quoting.
    arguments: Vec<String>,
}

impl Step {
    /// A step from what a person would type behind `cargo`.
    pub(super) fn new(name: impl Into<String>, arguments: &str) -> Self {
        Self::program(name, "cargo", arguments)
    }

    /// A step from what a person would type behind the name of another program.
    pub(super) fn program(name: impl Into<String>, program: &'static str, arguments: &str) -> Self {
        Self {
            name: name.into(),
            variable: None,
            program,
            arguments: arguments.split_whitespace().map(str::to_owned).collect(),
        }
    }

    pub(super) fn with_variable(self, name: &'static str, value: &'static str) -> Self {
        Self {
            variable: Some((name, value)),
            ..self
        }
    }

    /// The same, ready to run.
    pub(super) fn command(&self, root: &Path) -> Command {
        let mut command = match self.program {
            "cargo" => cargo::command(root),
            program => cargo::program(program, root),
        };
        command.envs(self.variable).args(&self.arguments);
        command
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, value)) = self.variable {
            write!(f, "{name}={value} ")?;
        }
        f.write_str(self.program)?;
        for argument in &self.arguments {
            write!(f, " {argument}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_a_person_would_type() {
        let step = Step::new("docs", "doc  --no-deps").with_variable("RUSTDOCFLAGS", "-Dwarnings");
        assert_eq!(
            step.to_string(),
            "RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps"
        );
        assert_eq!(Step::program("", "typos", "").to_string(), "typos");
    }

    #[test]
    fn runs_what_it_shows() {
        let root = crate::root::find().unwrap();
        let succeeds = |step: Step| step.command(&root).output().unwrap().status.success();
        assert!(succeeds(Step::new("", "--version --quiet")));
        assert!(!succeeds(Step::new("", "--version --no-such-option")));
        assert!(succeeds(Step::program("", "rustc", "--version")));
    }
}
