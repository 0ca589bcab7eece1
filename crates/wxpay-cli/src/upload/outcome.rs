//! The outcome of one file, printed for people or as JSON.

use std::{borrow::Cow, path::Path};

use serde::{Serialize, Serializer, ser::SerializeMap};
use wxpay_ledger::{Content, Outcome, Reason};
use wxpay_media::{Error, ErrorReport, Image, ImageError, Reason as Cause};

use crate::terminal::{self, OutputLost};

/// A file with its media id or failure: a line of the output.
#[derive(Debug)]
pub(crate) struct FileOutcome {
    file: String,
    content: Option<Content>,
    pub(super) outcome: Outcome,
    /// Whether the same call may succeed later.
    is_retryable: bool,
    /// In RFC 3339, set by an export.
    pub(crate) uploaded_at: Option<String>,
}

/// Why a file has no media id.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) report: ErrorReport,
    /// Whether the same bytes always fail.
    is_of_file: bool,
}

impl FileOutcome {
    pub(crate) fn new(file: &Path, content: Option<Content>, outcome: Outcome) -> Self {
        Self {
            file: file.to_string_lossy().into_owned(),
            content,
            is_retryable: matches!(outcome, Outcome::Failed(_)),
            outcome,
            uploaded_at: None,
        }
    }

    pub(super) fn failed(file: &Path, failure: Failure) -> Self {
        let report = failure.report;
        let reason = Reason {
            kind: report.kind.into_owned(),
            code: report.code,
            message: report.message,
            advice: report.advice.into_owned(),
        };
        let outcome = match failure.is_of_file {
            true => Outcome::Refused(reason),
            false => Outcome::Failed(reason),
        };
        let mut failed = Self::new(file, None, outcome);
        failed.is_retryable = report.retryable;
        failed
    }

    /// Media id and hash of an uploaded picture.
    pub(super) fn ids(&self) -> Option<(&str, &str)> {
        let hash = self.content.as_ref().map_or("", |it| &it.md5);
        match &self.outcome {
            Outcome::Uploaded { media_id, .. } => Some((media_id, hash)),
            _ => None,
        }
    }

    /// Prints JSON on stdout; for people a success on stdout, a failure on stderr.
    pub(super) fn print(&self, json: bool) -> Result<(), OutputLost> {
        if json {
            return terminal::print_json(self);
        }
        let file = terminal::one_line(&self.file);
        match &self.outcome {
            Outcome::Uploaded { media_id, .. } => {
                terminal::print(&format!("{}  {file}", terminal::one_line(media_id)))?;
            }
            Outcome::Refused(why) | Outcome::Failed(why) => {
                let message = terminal::one_line(&why.message);
                terminal::warn(&format!("{file}: {message}\n  {}", why.advice));
            }
        }
        Ok(())
    }
}

impl Serialize for FileOutcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("file", &self.file)?;
        match &self.outcome {
            Outcome::Uploaded {
                media_id,
                attempts,
                endpoint,
            } => {
                let content = self.content.as_ref();
                line.serialize_entry("media_id", media_id)?;
                line.serialize_entry("media_hash", content.map_or("", |it| &it.md5))?;
                line.serialize_entry("bytes", &content.map_or(0, |it| it.bytes))?;
                line.serialize_entry("attempts", attempts)?;
                line.serialize_entry("endpoint", endpoint)?;
            }
            Outcome::Refused(why) | Outcome::Failed(why) => {
                let why = why.clone();
                let error = ErrorReport {
                    kind: why.kind.into(),
                    code: why.code,
                    message: why.message,
                    advice: why.advice.into(),
                    retryable: self.is_retryable,
                };
                line.serialize_entry("error", &error)?;
            }
        }
        if let Some(at) = &self.uploaded_at {
            line.serialize_entry("uploaded_at", at)?;
        }
        line.end()
    }
}

/// The content of a picture, as the key in a ledger.
pub(super) fn content(image: &Image) -> Content {
    let (md5, bytes) = (image.hash().to_string(), image.bytes().len() as u64);
    Content { md5, bytes }
}

impl Failure {
    pub(super) fn new(kind: &'static str, message: String, advice: &'static str) -> Self {
        let report = ErrorReport {
            kind: Cow::Borrowed(kind),
            code: None,
            message,
            advice: Cow::Borrowed(advice),
            retryable: false,
        };
        Self {
            report,
            is_of_file: false,
        }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let is_of_file = match error {
            Error::Image(error) => !matches!(error, ImageError::Read(_) | ImageError::NotAFile),
            Error::Gateway(error) => {
                matches!(error.reason(), Some(Cause::Picture | Cause::Parameter))
            }
            _ => false,
        };
        Self {
            report: error.into(),
            is_of_file,
        }
    }
}
