//! The settings of calls: where they go, how often they are tried, how fast they may come.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;

use crate::{Backoff, Builder, Endpoints, Failover, Judgement, RateLimit, judgement::Classifier};

#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) endpoints: Option<Endpoints>,
    pub(crate) failover: Failover,
    pub(crate) retries: u32,
    pub(crate) backoff: Backoff,
    pub(crate) classifier: Classifier,
    /// None of the caller's: each transport then has an adaptive one of its own.
    pub(crate) rate: Option<Arc<dyn RateLimit>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            endpoints: None,
            failover: Failover::default(),
            retries: 2,
            backoff: Backoff::default(),
            classifier: Classifier::default(),
            rate: None,
        }
    }
}

impl Builder {
    /// The servers that may stand in for one another: a call to one of them goes to the first that
    /// is in service.
    ///
    /// A call to any other server goes where its URI says, and to no other.
    ///
    /// An attempt that cannot connect, or whose endpoint lets the attempt's share of the time pass,
    /// moves the call on to the next endpoint at once. After several such failures in a row later
    /// calls pass the endpoint by, until a probe in the background has reached it again. A wrong
    /// server certificate is an error, never a reason to move: someone may be in between.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wxpay_transport::{Endpoints, Transport};
    ///
    /// let builder = Transport::builder()
    ///     .endpoints(Endpoints::new(["a.example".parse()?, "b.example".parse()?])?)
    ///     .call_deadline(Duration::from_secs(20)); // 10 s for a.example, the rest for b.example
    /// # let _ = builder;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.policy.endpoints = Some(endpoints);
        self
    }

    /// When an endpoint is taken out of service, and how often it is probed then.
    ///
    /// ```
    /// use wxpay_transport::{Endpoints, Failover, Transport};
    ///
    /// let builder = Transport::builder()
    ///     .endpoints(Endpoints::new(["a.example".parse()?, "b.example".parse()?])?)
    ///     .failover(Failover::default().open_after(1)); // one is as good as the other
    /// # let _ = builder;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn failover(mut self, failover: Failover) -> Self {
        self.policy.failover = failover;
        self
    }

    /// How many further attempts a call may make after its first, on whatever endpoint. With 0 every
    /// call is one attempt: for callers with a queue that repeats on its own.
    ///
    /// Repeated are connections that fail or are cut, and replies that the
    /// [`classifier`](Self::classifier) wants repeated; nothing else. A repeated attempt sends the
    /// same bytes. Between attempts on one endpoint there is a [`Backoff`], and at least the time
    /// that a `Retry-After` asks for; what does not fit into the call's deadline is not waited for,
    /// and the last reply or error is the result. Over all calls a budget holds: when much fails,
    /// little is repeated, so that an outage is not multiplied.
    ///
    /// ```
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use wxpay_transport::Transport;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Nobody listens there.
    /// let request = Request::get("https://127.0.0.1:1/").body(String::new())?;
    /// let transport = Transport::builder().retries(0).build()?;
    /// let error = transport.oneshot(request).await.unwrap_err();
    /// assert_eq!(error.attempts(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn retries(mut self, retries: u32) -> Self {
        self.policy.retries = retries;
        self
    }

    /// How long to wait between attempts on one endpoint.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wxpay_transport::{Backoff, Transport};
    ///
    /// let builder = Transport::builder()
    ///     .call_deadline(Duration::from_secs(600)) // nobody waits for the result
    ///     .retries(8)
    ///     .backoff(Backoff::new(Duration::from_secs(1), Duration::from_secs(60)));
    /// # let _ = builder;
    /// ```
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.policy.backoff = backoff;
        self
    }

    /// What a whole reply means for its call; [`Judgement::of_status`] unless set.
    ///
    /// It is called once for each reply, from whatever thread polls the call: it should be quick.
    ///
    /// ```
    /// use http::StatusCode;
    /// use wxpay_transport::{Judgement, Transport};
    ///
    /// let builder = Transport::builder().classifier(|reply| match reply.status() {
    ///     StatusCode::LOCKED => Judgement::Again, // another call holds the lock for a moment
    ///     status => Judgement::of_status(status),
    /// });
    /// # let _ = builder;
    /// ```
    pub fn classifier(
        mut self,
        classifier: impl Fn(&Response<Bytes>) -> Judgement + Send + Sync + 'static,
    ) -> Self {
        self.policy.classifier = Classifier::new(classifier);
        self
    }

    /// When attempts may begin; an [`AdaptiveRate`](crate::AdaptiveRate) for each transport built
    /// unless set.
    ///
    /// ```
    /// use std::{future::{Future, ready}, pin::Pin};
    /// use wxpay_transport::{Judgement, RateLimit, Transport};
    ///
    /// /// For a program that keeps to a rate by itself.
    /// #[derive(Debug)]
    /// struct Unlimited;
    ///
    /// impl RateLimit for Unlimited {
    ///     fn acquire(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
    ///         Box::pin(ready(()))
    ///     }
    ///
    ///     fn report(&self, _: Judgement) {}
    /// }
    ///
    /// let builder = Transport::builder().rate_limit(Unlimited);
    /// # let _ = builder;
    /// ```
    pub fn rate_limit(mut self, limit: impl RateLimit) -> Self {
        self.policy.rate = Some(Arc::new(limit));
        self
    }
}
