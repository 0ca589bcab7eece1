//! Calls as they come.

use std::sync::Arc;

use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::RecordedRequest;

/// Tells each call of a [`Sandbox`](crate::Sandbox) as soon as it is judged.
///
/// ```
/// use wxpay_sandbox::Sandbox;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::builder().start().await?;
/// let mut calls = sandbox.watch();
/// tokio::spawn(async move {
///     while let Some(request) = calls.next().await {
///         println!("{} {:?}", request.number, request.verdict);
///     }
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Watch(Receiver<Arc<RecordedRequest>>);

impl Watch {
    pub(super) fn new(receiver: Receiver<Arc<RecordedRequest>>) -> Self {
        Self(receiver)
    }

    /// The next call; none when the sandbox is gone.
    ///
    /// Whoever is more than 256 calls behind misses the oldest of them, as their numbers show. To give
    /// this future up loses no call.
    ///
    /// ```
    /// use wxpay_sandbox::Sandbox;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = Sandbox::builder().start().await?;
    /// let mut calls = sandbox.watch();
    /// let soon = std::time::Duration::from_millis(10);
    /// assert!(tokio::time::timeout(soon, calls.next()).await.is_err()); // nobody has called
    /// sandbox.shutdown().await;
    /// assert!(calls.next().await.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next(&mut self) -> Option<Arc<RecordedRequest>> {
        loop {
            match self.0.recv().await {
                Ok(request) => return Some(request),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
