//! One line of the report.

use serde::Serialize;

use crate::terminal::{self, OutputLost};

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Ok,
    /// An upload works all the same.
    Warning,
    /// No upload would work.
    Failed,
    /// The answer does not tell.
    Unknown,
    /// Something before it has failed.
    Skipped,
}

/// What was looked at, what was found, and what to do.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    check: String,
    pub(super) status: Status,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Check {
    pub(super) fn new(check: &str, status: Status, detail: impl Into<String>) -> Self {
        Self {
            check: check.to_owned(),
            status,
            detail: detail.into(),
            advice: None,
        }
    }

    pub(super) fn ok(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, detail)
    }

    pub(super) fn warning(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Warning, detail)
    }

    pub(super) fn failed(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Failed, detail)
    }

    pub(super) fn unknown(check: &str, detail: impl Into<String>) -> Self {
        Self::new(
            check,
            Status::Unknown,
            format!("cannot tell: {}", detail.into()),
        )
    }

    pub(super) fn skipped(check: &str, because: &str) -> Self {
        Self::new(check, Status::Skipped, because)
    }

    /// Whether nothing about it keeps an upload from working, as far as can be told.
    pub(super) fn is_ok(&self) -> bool {
        self.status != Status::Failed
    }

    /// What to do about it.
    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// For what something else stands in for.
    pub(super) fn at_most_warning(mut self) -> Self {
        if self.status == Status::Failed {
            self.status = Status::Warning;
        }
        self
    }

    pub(super) fn print(&self, json: bool) -> Result<(), OutputLost> {
        if json {
            return terminal::print_json(self);
        }
        let status = match self.status {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Failed => "failed",
            Status::Unknown => "unknown",
            Status::Skipped => "skipped",
        };
        let advice = self.advice.as_ref().map(|advice| format!("; {advice}"));
        let line = format!(
            "{}: {}{}",
            self.check,
            self.detail,
            advice.unwrap_or_default()
        );
        terminal::print(&format!("{status:8}{}", terminal::one_line(&line)))
    }
}
