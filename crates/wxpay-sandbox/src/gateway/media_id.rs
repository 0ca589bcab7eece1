//! The name of a picture that was taken.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// 43 characters of URL-safe base64, as in the API's example: 32 random bytes, which nobody guesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaId(String);

impl MediaId {
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(BASE64_URL_SAFE_NO_PAD.encode(bytes)))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
