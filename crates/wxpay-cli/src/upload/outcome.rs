//! The outcome of one file, printed for people or as JSON.

use std::{error::Error as StdError, path::Path};

use serde::Serialize;
use wxpay_media::{Error, Image};

use crate::terminal::{self, OutputLost};

/// One file with its media id or failure: a line of the output.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    file: String,
    #[serde(flatten)]
    result: Kind,
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
    bytes: usize,
    attempts: u32,
    endpoint: String,
}

/// Why a file has no media id.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Failure {
    kind: &'static str,
    code: Option<String>,
    message: String,
    advice: String,
    retryable: bool,
}

impl Outcome {
    pub(super) fn uploaded(file: &Path, upload: wxpay_media::Uploaded, image: &Image) -> Self {
        let call = upload.call.expect("a transport tells of each call");
        let uploaded = Uploaded {
            media_id: upload.media_id.to_string(),
            media_hash: image.hash().to_string(),
            bytes: image.bytes().len(),
            attempts: call.attempts(),
            endpoint: format!("https://{}", call.endpoint()),
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
            kind,
            code: None,
            message,
            advice: advice.to_owned(),
            retryable: false,
        }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            kind: error.kind().as_str(),
            code: error.code().map(str::to_owned),
            message: terminal::root_cause(error as &(dyn StdError + 'static)),
            advice: error.advice().to_owned(),
            retryable: error.is_retryable(),
        }
    }
}
