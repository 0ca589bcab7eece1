//! How fast calls may follow one another.

mod adaptive;
mod pace;

use std::{fmt, future::Future, pin::Pin};

use crate::Judgement;

pub use adaptive::AdaptiveRate;

/// Decides when an attempt may begin, and is told how each one went.
///
/// [`AdaptiveRate`] is there for one process. Implement this where several processes share what a
/// server allows: by a file, or a counter in the network.
///
/// ```
/// use std::{future::Future, pin::Pin};
/// use tokio::sync::Semaphore;
/// use wxpay_transport::{Judgement, RateLimit, Transport};
///
/// /// Another task adds permits, at a rate that all processes have agreed on.
/// #[derive(Debug)]
/// struct Shared(Semaphore);
///
/// impl RateLimit for Shared {
///     fn acquire(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
///         Box::pin(async {
///             if let Ok(permit) = self.0.acquire().await {
///                 permit.forget();
///             }
///         })
///     }
///
///     fn report(&self, judgement: Judgement) {
///         if judgement == Judgement::SlowDown {
///             eprintln!("the agreed rate is too high");
///         }
///     }
/// }
///
/// let builder = Transport::builder().rate_limit(Shared(Semaphore::new(0)));
/// # let _ = builder;
/// ```
pub trait RateLimit: fmt::Debug + Send + Sync + 'static {
    /// Resolves when an attempt may begin. Waiting counts against the call's deadline; a future that
    /// is dropped belongs to a call that was given up.
    fn acquire(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// An attempt was answered, and this is what the answer means. An attempt without a whole answer
    /// is not reported.
    fn report(&self, judgement: Judgement);
}
