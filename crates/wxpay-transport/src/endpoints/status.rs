//! How an endpoint is, for people who watch.

use http::uri::Authority;

/// Whether an endpoint is in service: the state of its circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakerState {
    /// In service.
    Closed,
    /// Out of service: calls pass it by, unless no endpoint is in service.
    Open,
    /// Out of service, and being probed just now.
    HalfOpen,
}

/// One endpoint as [`Transport::endpoints`](crate::Transport::endpoints) shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointStatus {
    pub(super) authority: Authority,
    pub(super) state: BreakerState,
    pub(super) failures: u32,
}

impl EndpointStatus {
    /// The endpoint.
    ///
    /// ```
    /// use wxpay_transport::{Endpoints, Transport};
    ///
    /// let endpoints = Endpoints::new(["a.example".parse()?, "b.example:8443".parse()?])?;
    /// let transport: Transport<String> = Transport::builder().endpoints(endpoints).build()?;
    /// assert_eq!(transport.endpoints()[1].authority(), "b.example:8443");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Whether it is in service.
    ///
    /// ```
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use wxpay_transport::{BreakerState, Endpoints, Failover, Transport};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Nobody listens at either.
    /// let endpoints = Endpoints::new(["127.0.0.1:1".parse()?, "127.0.0.1:2".parse()?])?;
    /// let transport = Transport::builder()
    ///     .endpoints(endpoints)
    ///     .failover(Failover::default().open_after(1))
    ///     .retries(0)
    ///     .build()?;
    /// let request = Request::get("https://127.0.0.1:1/").body(String::new())?;
    /// transport.clone().oneshot(request).await.unwrap_err();
    /// let states: Vec<_> = transport.endpoints().iter().map(|it| it.state()).collect();
    /// assert_eq!(states, [BreakerState::Open, BreakerState::Closed]); // the second was not tried
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn state(&self) -> BreakerState {
        self.state
    }

    /// How many attempts and probes in a row have failed to reach it.
    ///
    /// ```
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use wxpay_transport::{Endpoints, Transport};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Nobody listens at either.
    /// let endpoints = Endpoints::new(["127.0.0.1:1".parse()?, "127.0.0.1:2".parse()?])?;
    /// let transport = Transport::builder().endpoints(endpoints).retries(1).build()?;
    /// let request = Request::get("https://127.0.0.1:1/").body(String::new())?;
    /// transport.clone().oneshot(request).await.unwrap_err();
    /// assert!(transport.endpoints().iter().all(|it| it.failures() == 1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }
}
