//! The outcome of one file, printed for people or as JSON.

use std::{borrow::Cow, error::Error as StdError, path::Path};

use serde::Serialize;
use wxpay_ledger as ledger;
use wxpay_media::{Error, Image, ImageError, Reason};

use crate::terminal::{self, OutputLost};

/// One file with its media id or failure: a line of the output.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    file: String,
    #[serde(flatten)]
    result: Kind,
    /// Where it comes from a ledger's export.
    #[serde(skip_serializing_if = "Option::is_none")]
    uploaded_at: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Kind {
    Uploaded(Uploaded),
    Failed { error: Failure },
}

#[derive(Debug, Serialize)]
struct Uploaded {
    media_id: String,
    media_hash: String,
    bytes: u64,
    attempts: u32,
    endpoint: String,
}

/// Why a file has no media id.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Failure {
    kind: Cow<'static, str>,
    code: Option<String>,
    pub(super) message: String,
    pub(super) advice: String,
    retryable: bool,
    /// Whether it is the file's own fault: the same bytes fail again.
    #[serde(skip)]
    pub(super) is_of_file: bool,
}

impl Outcome {
    pub(super) fn uploaded(file: &Path, upload: wxpay_media::Uploaded, image: &Image) -> Self {
        let call = upload.call.expect("a transport tells of each call");
        let uploaded = Uploaded {
            media_id: upload.media_id.to_string(),
            media_hash: image.hash().to_string(),
            bytes: image.bytes().len() as u64,
            attempts: call.attempts,
            endpoint: format!("https://{}", call.endpoint),
        };
        Self::new(file, Kind::Uploaded(uploaded))
    }

    pub(super) fn failed(file: &Path, failure: Failure) -> Self {
        Self::new(file, Kind::Failed { error: failure })
    }

    fn new(file: &Path, result: Kind) -> Self {
        Self {
            file: file.to_string_lossy().into_owned(),
            result,
            uploaded_at: None,
        }
    }

    /// The ledger's entry of a file.
    pub(crate) fn known(file: &Path, entry: ledger::Entry) -> Self {
        let (why, retryable) = match entry.outcome {
            ledger::Outcome::Uploaded {
                media_id,
                attempts,
                endpoint,
            } => {
                let content = entry.content;
                let uploaded = Uploaded {
                    media_id,
                    media_hash: content.as_ref().map_or(String::new(), |it| it.md5.clone()),
                    bytes: content.map_or(0, |it| it.bytes),
                    attempts,
                    endpoint,
                };
                return Self::new(file, Kind::Uploaded(uploaded));
            }
            ledger::Outcome::Refused(why) => (why, false),
            ledger::Outcome::Failed(why) => (why, true),
        };
        let failure = Failure {
            kind: why.kind.into(),
            code: why.code,
            message: why.message,
            advice: why.advice,
            retryable,
            is_of_file: !retryable,
        };
        Self::failed(file, failure)
    }

    pub(crate) fn at(self, uploaded_at: Option<&str>) -> Self {
        let uploaded_at = uploaded_at.map(str::to_owned);
        Self {
            uploaded_at,
            ..self
        }
    }

    /// Media id and hash of a picture that is uploaded.
    pub(super) fn ids(&self) -> Option<(&str, &str)> {
        match &self.result {
            Kind::Uploaded(uploaded) => Some((&uploaded.media_id, &uploaded.media_hash)),
            Kind::Failed { .. } => None,
        }
    }

    /// Prints it: JSON on stdout whatever it is; for people a success there, a failure on stderr.
    pub(super) fn print(&self, json: bool) -> Result<(), OutputLost> {
        if json {
            return terminal::print_json(self);
        }
        let file = terminal::one_line(&self.file);
        match &self.result {
            Kind::Uploaded(uploaded) => terminal::print(&format!(
                "{}  {file}",
                terminal::one_line(&uploaded.media_id)
            )),
            Kind::Failed { error } => {
                let message = terminal::one_line(&error.message);
                terminal::warn(&format!("{file}: {message}\n  {}", error.advice));
                Ok(())
            }
        }
    }
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
        Self {
            retryable: true,
            ..Self::new("other", message, advice)
        }
    }

    fn new(kind: &'static str, message: String, advice: &str) -> Self {
        Self {
            kind: kind.into(),
            code: None,
            message,
            advice: advice.to_owned(),
            retryable: false,
            is_of_file: false,
        }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            kind: error.kind().as_str().into(),
            code: error.code().map(str::to_owned),
            message: terminal::root_cause(error as &(dyn StdError + 'static)),
            advice: error.advice().to_owned(),
            retryable: error.is_retryable(),
            is_of_file: match error {
                Error::Image(error) => !matches!(error, ImageError::Read(_) | ImageError::NotAFile),
                Error::Gateway(error) => {
                    matches!(error.reason(), Some(Reason::Picture | Reason::Parameter))
                }
                _ => false,
            },
        }
    }
}

impl From<&Outcome> for ledger::Outcome {
    fn from(outcome: &Outcome) -> Self {
        match &outcome.result {
            Kind::Uploaded(uploaded) => Self::Uploaded {
                media_id: uploaded.media_id.clone(),
                attempts: uploaded.attempts,
                endpoint: uploaded.endpoint.clone(),
            },
            Kind::Failed { error } => error.into(),
        }
    }
}

impl From<&Failure> for ledger::Outcome {
    fn from(failure: &Failure) -> Self {
        let reason = ledger::Reason {
            kind: failure.kind.to_string(),
            code: failure.code.clone(),
            message: failure.message.clone(),
            advice: failure.advice.clone(),
        };
        if failure.is_of_file {
            Self::Refused(reason)
        } else {
            Self::Failed(reason)
        }
    }
}
