//! One thing that is not as the design has it.

use std::fmt;

/// Shown as `path:line: what is wrong: what to do`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Finding {
    /// From the workspace's root.
    path: String,
    line: Option<usize>,
    problem: String,
}

impl Finding {
    /// A finding about a file as a whole; `problem` says what is wrong, and what to do.
    pub(super) fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            line: None,
            problem: problem.into(),
        }
    }

    /// The place in the file, counted from one.
    pub(super) fn at(self, line: usize) -> Self {
        Self {
            line: Some(line),
            ..self
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            problem,
        } = self;
        match line {
            Some(line) => write!(f, "{path}:{line}: {problem}"),
            None => write!(f, "{path}: {problem}"),
        }
    }
}

#[cfg(test)]
pub(super) fn shown(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_compilers_messages_do() {
        let finding = Finding::new("a.rs", "is bad: make it good");
        assert_eq!(finding.to_string(), "a.rs: is bad: make it good");
        assert_eq!(finding.at(3).to_string(), "a.rs:3: is bad: make it good");
    }
}
