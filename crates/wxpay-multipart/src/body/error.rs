//! Why a body broke off.

use std::error::Error;

/// Why a [`FormBody`](crate::FormBody) broke off: a [stream](crate::Form::stream) did not keep to
/// what was declared. The server did not get a complete request. Forms of texts and files in memory
/// have no errors.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use http_body_util::{BodyExt, Full};
/// use wxpay_multipart::{BodyError, Form};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let open = || Full::new(Bytes::from_static(b"three"));
/// let form = Form::new().stream("media", "shop.png", "image/png", 8, open)?;
///
/// let error = form.into_body().collect().await.unwrap_err();
/// assert!(matches!(error, BodyError::Short { declared: 8, yielded: 5, .. }));
/// assert_eq!(
///     error.to_string(),
///     r#"the stream of part "media" ended after 5 of the 8 bytes that were declared"#
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The stream ended too early: it was declared too long, or what it reads has shrunk. A retry
    /// helps only when the factory then opens the declared length.
    #[error(
        "the stream of part {part:?} ended after {yielded} of the {declared} bytes that were declared"
    )]
    #[non_exhaustive]
    Short {
        /// The part's name.
        part: String,
        /// The length in bytes that [`Form::stream`](crate::Form::stream) was given.
        declared: u64,
        /// How many bytes the stream had.
        yielded: u64,
    },
    /// The stream has more than was declared: it was declared too short, or what it reads has grown.
    /// The frame that went too far was not sent. A retry helps only when the factory then opens the
    /// declared length.
    #[error(
        "the stream of part {part:?} has at least {yielded} bytes where {declared} were declared"
    )]
    #[non_exhaustive]
    Long {
        /// The part's name.
        part: String,
        /// The length in bytes that [`Form::stream`](crate::Form::stream) was given.
        declared: u64,
        /// How many bytes came until it was noticed.
        yielded: u64,
    },
    /// The stream failed by itself. Its error tells whether a retry helps.
    #[error("the stream of part {part:?} failed")]
    #[non_exhaustive]
    Source {
        /// The part's name.
        part: String,
        /// What the stream said.
        source: Box<dyn Error + Send + Sync>,
    },
}
