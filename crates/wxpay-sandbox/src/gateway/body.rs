//! What came of a request's body.

use bytes::Bytes;

/// The body of a request, as far as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    pub(crate) end: End,
}

/// How a body has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// As HTTP says it should.
    Whole,
    /// It is longer than what is kept.
    TooLarge,
    /// The client stopped sending, or took too long.
    Cut,
}
