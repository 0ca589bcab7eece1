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
    /// How many attempts were made, the last one included: at least 1 in a reply; 0 in an error when
    /// the call's time was over before its first attempt could begin.
    ///
    /// ```
    #[doc = include_str!("example_server.txt")]
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use wxpay_transport::Trip;
    ///
    /// let request = Request::get(format!("https://{server}/")).body(String::new())?;
    /// let reply = builder.build()?.oneshot(request).await?;
    /// assert_eq!(reply.extensions().get().map(Trip::attempts), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Who answered; in an error, where the last attempt went, or the first was to go.
    ///
    /// ```
    #[doc = include_str!("example_server.txt")]
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use wxpay_transport::{Endpoints, Trip};
    ///
    /// // Nobody listens at the first.
    /// let endpoints = Endpoints::new(["127.0.0.1:1".parse()?, server.clone()])?;
    /// let request = Request::get("https://127.0.0.1:1/").body(String::new())?;
    /// let reply = builder.endpoints(endpoints).build()?.oneshot(request).await?;
    /// assert_eq!(reply.extensions().get().map(Trip::endpoint), Some(&server));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn endpoint(&self) -> &Authority {
        &self.endpoint
    }
}
