//! How much of a request has been sent.

mod body;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

pub(crate) use body::Reported;

/// A callback that is told how much of a request's body has been sent, as an extension of the
/// request.
///
/// It is called with 0 when an attempt begins, and then with the number of bytes that have been
/// handed to the connection so far, at every 64 KiB at the latest. Bytes that lie in the socket's
/// buffer count as sent, so the last call may come well before the server has everything. A **retry
/// starts again from 0**, as the same bytes are sent again.
///
/// The callback runs where the connection is driven: it must not block.
///
/// ```
/// use http::Request;
/// use wxpay_transport::Progress;
///
/// let request = Request::post("https://localhost:8443/")
///     .extension(Progress::new(|sent| println!("{sent} bytes")))
///     .body("hello".to_owned())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone)]
pub struct Progress(Arc<Mutex<dyn FnMut(u64) + Send>>);

impl Progress {
    /// Calls `report` with the bytes sent so far. It need not be [`Sync`]: it is never called twice
    /// at once.
    ///
    /// ```
    #[doc = include_str!("example_server.txt")]
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use wxpay_transport::Progress;
    ///
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// let progress = Progress::new(move |sent| {
    ///     let _ = sender.send(sent); // for the thread that draws a bar
    /// });
    /// let request = Request::post(format!("https://{server}/")).extension(progress);
    /// builder.build()?.oneshot(request.body("a picture".to_owned())?).await?;
    /// assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [0, 9]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(report: impl FnMut(u64) + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(report)))
    }

    pub(crate) fn report(&self, sent: u64) {
        // A callback that has panicked once is the caller's; the upload goes on.
        let mut report = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        report(sent);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").finish_non_exhaustive()
    }
}
