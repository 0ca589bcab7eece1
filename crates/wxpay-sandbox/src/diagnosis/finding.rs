//! One thing that is wrong or odd.

use std::borrow::Cow;

use serde::Serialize;

use crate::record::capped;

/// One thing that is wrong with a call, or odd about it though the call was taken.
///
/// The codes are listed in `docs/sandbox.md`; they stay the same where the words get better.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is, as `media-is-url`.
    pub code: Cow<'static, str>,
    /// What it is and what to change, in English, for people.
    pub message: Cow<'static, str>,
}

impl Finding {
    pub(crate) fn new(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

/// What a client has sent, short and in quotes, so that it cannot be taken for our words.
pub(super) fn shown(text: &str) -> String {
    format!("{:?}", capped(text.as_bytes(), 80))
}
