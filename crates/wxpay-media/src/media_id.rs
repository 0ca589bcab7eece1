//! What an upload yields.

use std::fmt;

/// The gateway's name for an uploaded picture, to be given to other APIs.
///
/// It is opaque: 43, 107 and more characters have been seen, up to 256 are documented. One is only
/// made by [`reply::media_id`](crate::reply::media_id), from a reply whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaId(String);

impl MediaId {
    pub(crate) fn new(verified: String) -> Self {
        Self(verified)
    }

    /// The id as the gateway sent it.
    ///
    /// ```
    /// fn query(id: &wxpay_media::MediaId) -> String {
    ///     format!("media_id={}", id.as_str())
    /// }
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, without a copy.
    ///
    /// ```
    /// /// What is kept of a merchant's papers.
    /// struct Record {
    ///     licence: String,
    /// }
    ///
    /// fn record(id: wxpay_media::MediaId) -> Record {
    ///     Record { licence: id.into_string() }
    /// }
    /// ```
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl AsRef<str> for MediaId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
