//! What a search has found.

use std::fmt;

/// How a target failed, and on which input.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Finding {
    target: String,
    /// The panic's message, or what libFuzzer says.
    what: String,
    /// The file with the input, from the workspace's root.
    input: Option<String>,
}

impl Finding {
    /// Reads the log of a search that has failed.
    pub(super) fn parse(target: &str, log: &str) -> Self {
        Self {
            target: target.to_owned(),
            what: what(log).unwrap_or("it ended early").trim().to_owned(),
            input: input(log).map(|file| format!("fuzz/{file}")),
        }
    }
}

/// The line after `thread … panicked at …`, or the one with libFuzzer's own error.
fn what(log: &str) -> Option<&str> {
    let mut lines = log.lines();
    let panicked = lines.find(|line| line.starts_with("thread ") && line.contains("panicked at"));
    panicked
        .and_then(|_| lines.next())
        .or_else(|| log.lines().find(|line| line.contains("ERROR: libFuzzer: ")))
        .or_else(|| log.lines().last())
}

fn input(log: &str) -> Option<&str> {
    let mut lines = log.lines();
    lines.find_map(|line| line.split_once("Test unit written to ").map(|line| line.1))
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            what,
            input,
        } = self;
        write!(f, "{what}")?;
        if let Some(input) = input {
            write!(
                f,
                "\n  to repeat it: cargo xtask fuzz {target} --input {input}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_by_its_message() {
        let log = "#3 NEW cov: 1\n\
                   thread '<unnamed>' (7) panicked at targets/form.rs:9:5:\n\
                   assertion failed: a\n\
                   ==9== ERROR: libFuzzer: deadly signal\n\
                   artifact_prefix='x'; Test unit written to artifacts/form-crash-12\n";
        assert_eq!(
            Finding::parse("form", log).to_string(),
            "assertion failed: a\n  \
             to repeat it: cargo xtask fuzz form --input fuzz/artifacts/form-crash-12"
        );
    }

    #[test]
    fn what_takes_too_long_is_told_by_libfuzzer() {
        let log = "#3 NEW cov: 1\n==9== ERROR: libFuzzer: timeout after 5 seconds\n";
        let told = Finding::parse("form", log).to_string();
        assert_eq!(told, "==9== ERROR: libFuzzer: timeout after 5 seconds");
        assert_eq!(Finding::parse("form", "").to_string(), "it ended early");
    }
}
