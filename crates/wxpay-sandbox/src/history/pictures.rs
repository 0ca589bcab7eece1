//! The pictures without the sandbox.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use bytes::Bytes;

use super::{History, Kept};

/// The pictures that a [`Sandbox`](crate::Sandbox) keeps, for as long as it does.
///
/// It does not keep the sandbox, so that a [`Watch`](crate::Watch) beside it ends with that.
#[derive(Clone)]
pub struct Pictures(Weak<Mutex<Kept>>);

impl Pictures {
    pub(crate) fn new(history: &History) -> Self {
        Self(Arc::downgrade(&history.kept))
    }

    /// The bytes of the field `media` of a call, by the call's number, as
    /// [`Sandbox::media`](crate::Sandbox::media).
    ///
    /// ```
    /// use wxpay_sandbox::Sandbox;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = Sandbox::builder().start().await?;
    /// let pictures = sandbox.pictures();
    /// drop(sandbox);
    /// assert_eq!(pictures.of(1), None); // gone with the sandbox
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn of(&self, number: u64) -> Option<Bytes> {
        let kept = self.0.upgrade()?;
        let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.picture(number)
    }
}

/// Not what clients have sent.
impl fmt::Debug for Pictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pictures").finish_non_exhaustive()
    }
}
