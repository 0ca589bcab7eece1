//! The way that a call has gone.

use http::uri::Authority;

/// How many attempts a call took, and which endpoint the last one went to.
///
/// It is in the extensions of every reply of a [`Transport`](crate::Transport); an
/// [`Error`](crate::Error) has the same.
///
/// ```
/// use bytes::Bytes;
/// use http::Response;
/// use wxpay_transport::Trip;
///
/// fn log(reply: &Response<Bytes>) {
///     if let Some(trip) = reply.extensions().get::<Trip>() {
///         println!("answered by {} at attempt {}", trip.endpoint(), trip.attempts());
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trip {
    pub(crate) attempts: u32,
    pub(crate) endpoint: Authority,
}

impl Trip {
    /// How many attempts were made, the one that was answered included: at least 1.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Who answered.
    #[must_use]
    pub fn endpoint(&self) -> &Authority {
        &self.endpoint
    }
}
