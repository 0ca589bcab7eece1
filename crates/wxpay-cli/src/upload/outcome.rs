//! The outcome of one file, printed for people or as JSON.

use std::path::Path;

use serde::{Serialize, Serializer, ser::SerializeMap};
use wxpay_ledger::{Content, Entry, Outcome, Reason};
use wxpay_media::{Error, ErrorReport, Image, ImageError, Reason as Cause, Uploaded};

use crate::terminal::{self, OutputLost};

/// One file with its media id or failure: a line of the output.
#[derive(Debug)]
pub(crate) struct FileOutcome {
    file: String,
    content: Option<Content>,
    pub(super) outcome: Outcome,
    /// Whether the same call may succeed later.
    is_retryable: bool,
    /// In RFC 3339, where it comes from a ledger's export.
    pub(crate) uploaded_at: Option<String>,
}

/// Why a file has no media id.
#[derive(Debug, Default)]
pub(super) struct Failure {
    pub(super) reason: Reason,
    is_retryable: bool,
    /// Whether it is the file's own fault: the same bytes fail again.
    is_of_file: bool,
}

impl FileOutcome {
    fn new(file: &Path, content: Option<Content>, outcome: Outcome) -> Self {
        Self {
            file: file.to_string_lossy().into_owned(),
            content,
            is_retryable: matches!(outcome, Outcome::Failed(_)),
            outcome,
            uploaded_at: None,
        }
    }

    pub(super) fn uploaded(file: &Path, uploaded: Uploaded, image: &Image) -> Self {
        let call = uploaded.call.expect("a transport tells of each call");
        let outcome = Outcome::Uploaded {
            media_id: uploaded.media_id.to_string(),
            attempts: call.attempts,
            endpoint: format!("https://{}", call.endpoint),
        };
        Self::new(file, Some(content(image)), outcome)
    }

    pub(super) fn failed(file: &Path, failure: Failure) -> Self {
        let kind = if failure.is_of_file {
            Outcome::Refused
        } else {
            Outcome::Failed
        };
        let mut failed = Self::new(file, None, kind(failure.reason));
        failed.is_retryable = failure.is_retryable;
        failed
    }

    /// The ledger's entry of a file.
    pub(crate) fn known(file: &Path, entry: Entry) -> Self {
        Self::new(file, entry.content, entry.outcome)
    }

    /// Media id and hash of a picture that is uploaded.
    pub(super) fn ids(&self) -> Option<(&str, &str)> {
        let hash = self.content.as_ref().map_or("", |it| &it.md5);
        match &self.outcome {
            Outcome::Uploaded { media_id, .. } => Some((media_id, hash)),
            _ => None,
        }
    }

    /// Prints it: JSON on stdout whatever it is; for people a success there, a failure on stderr.
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

/// The content of a picture, as a ledger knows it.
pub(super) fn content(image: &Image) -> Content {
    let (md5, bytes) = (image.hash().to_string(), image.bytes().len() as u64);
    Content { md5, bytes }
}

impl Failure {
    /// The settings are wrong, so no file is sent.
    pub(super) fn config(error: &anyhow::Error) -> Self {
        let advice = "mend the settings, then upload again";
        Self::new("config", format!("{error:#}"), advice)
    }

    /// The argument is no picture.
    pub(super) fn image(message: &str, advice: &str) -> Self {
        Self::new("image", message.to_owned(), advice)
    }

    /// The program was asked to stop.
    pub(super) fn interrupted() -> Self {
        let message = "interrupted before the upload was done".to_owned();
        let advice = "upload it again: a second upload is harmless";
        let mut failure = Self::new("other", message, advice);
        failure.is_retryable = true;
        failure
    }

    fn new(kind: &str, message: String, advice: &str) -> Self {
        let reason = Reason {
            kind: kind.to_owned(),
            code: None,
            message,
            advice: advice.to_owned(),
        };
        Self {
            reason,
            ..Self::default()
        }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let report = ErrorReport::from(error);
        let mut failure = Self::new(&report.kind, report.message, &report.advice);
        failure.reason.code = report.code;
        failure.is_retryable = report.retryable;
        failure.is_of_file = match error {
            Error::Image(error) => !matches!(error, ImageError::Read(_) | ImageError::NotAFile),
            Error::Gateway(error) => {
                matches!(error.reason(), Some(Cause::Picture | Cause::Parameter))
            }
            _ => false,
        };
        failure
    }
}
