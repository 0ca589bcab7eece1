//! An identity that can change while the program runs.

mod files;
mod handle;

use std::{
    fmt,
    future::{Future, ready},
    pin::Pin,
};

use crate::Identity;

pub use files::{IdentityFiles, IdentityFilesError};
pub use handle::IdentityHandle;

/// Where the client's identity comes from, when it can be renewed while the program runs.
///
/// An [`Identity`] is a source too, one that never changes. [`IdentityFiles`] watches files, and an
/// [`IdentityHandle`] is told by the caller; another source, such as a key store in the network, is
/// a type of yours.
///
/// Identities are told apart by [`Identity::ptr_eq`]: a clone of the last one is no change, one that was
/// read again is.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use wxpay_identity::{Identity, IdentitySource};
///
/// /// Whatever was put in last.
/// #[derive(Debug)]
/// struct Last(Arc<Mutex<Identity>>);
///
/// impl IdentitySource for Last {
///     fn current(&self) -> Identity {
///         self.0.lock().expect("nobody panics with it").clone()
///     }
/// }
/// ```
pub trait IdentitySource: fmt::Debug + Send + Sync + 'static {
    /// The identity as of now. It is called under a lock: it returns at once, and does no I/O.
    fn current(&self) -> Identity;

    /// Looks for a newer identity, where looking takes time; [`current`](Self::current) answers with
    /// it afterwards.
    ///
    /// It is awaited before each attempt, under its deadline, by all calls at once, so it bounds by
    /// itself how often it really looks. What goes wrong with it is its own matter: as long as
    /// there is no newer identity, the last one holds. Does nothing unless implemented.
    fn refresh(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(ready(()))
    }
}

/// The source that never changes.
impl IdentitySource for Identity {
    fn current(&self) -> Identity {
        self.clone()
    }
}
