//! A check: a line of the report.

use serde::Serialize;

use crate::terminal::{self, OutputLost};

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Ok,
    /// An upload works nevertheless.
    Warning,
    /// No upload would work.
    Failed,
    /// The response does not show it.
    Unknown,
    /// Something before it has failed.
    Skipped,
}

/// One line of the report.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) check: String,
    pub(super) status: Status,
    pub(super) detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<String>,
}

/// The value of a setting, and its checks.
pub(super) type Found<T> = (Option<T>, Vec<Check>);

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

    pub(super) fn failed(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Failed, detail)
    }

    pub(super) fn unknown(check: &str, because: &str) -> Self {
        Self::new(check, Status::Unknown, format!("cannot tell: {because}"))
    }

    pub(super) fn skipped(check: &str, because: &str) -> Self {
        Self::new(check, Status::Skipped, because)
    }

    pub(super) fn advise(self, advice: impl Into<String>) -> Self {
        let advice = Some(advice.into());
        Self { advice, ..self }
    }

    pub(super) fn print(&self, json: bool) -> Result<(), OutputLost> {
        if json {
            return terminal::print_json(self);
        }
        let status = format!("{:?}", self.status).to_lowercase();
        let mut line = format!("{}: {}", self.check, self.detail);
        line.extend(self.advice.iter().flat_map(|advice| ["; ", advice]));
        terminal::print(&format!("{status:8}{}", terminal::one_line(&line)))
    }
}
