//! An identity that the caller changes.

use std::sync::{Arc, Mutex, PoisonError};

use super::IdentitySource;
use crate::Identity;

/// An identity that the caller changes: keep a clone, and [`set`](Self::set) the new one.
///
/// All clones are the same handle. Use it where something else knows of the renewal; where files are
/// replaced, [`IdentityFiles`](crate::IdentityFiles) sees it by itself.
///
/// ```
/// use wxpay_identity::{Identity, IdentityHandle, IdentitySource};
///
/// # fn identity() -> Result<Identity, Box<dyn std::error::Error>> {
/// #     let made = rcgen::generate_simple_self_signed(["a client".to_owned()])?;
/// #     Ok(Identity::from_pem(made.cert.pem(), made.signing_key.serialize_pem())?)
/// # }
/// # let (old, new) = (identity()?, identity()?);
/// let handle = IdentityHandle::new(old);
/// handle.set(new.clone());
/// assert!(handle.current().ptr_eq(&new));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct IdentityHandle(Arc<Mutex<Identity>>);

impl IdentityHandle {
    /// A handle on this identity, until another one is set.
    ///
    /// ```
    /// use wxpay_identity::{Identity, IdentityHandle, IdentitySource};
    ///
    /// # let made = rcgen::generate_simple_self_signed(["a client".to_owned()])?;
    /// # let (cert_pem, key_pem) = (made.cert.pem(), made.signing_key.serialize_pem());
    /// let identity = Identity::from_pem(&cert_pem, &key_pem)?;
    /// let handle = IdentityHandle::new(identity.clone());
    /// assert_eq!(handle.current().serial_number(), identity.serial_number());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self(Arc::new(Mutex::new(identity)))
    }

    /// Has attempts that begin from now on use this identity.
    ///
    /// ```
    /// use wxpay_identity::{Identity, IdentityHandle, IdentitySource};
    ///
    /// # fn identity() -> Result<Identity, Box<dyn std::error::Error>> {
    /// #     let made = rcgen::generate_simple_self_signed(["a client".to_owned()])?;
    /// #     Ok(Identity::from_pem(made.cert.pem(), made.signing_key.serialize_pem())?)
    /// # }
    /// # let (old, new) = (identity()?, identity()?);
    /// let handle = IdentityHandle::new(old);
    /// let renewer = handle.clone();
    /// renewer.set(new.clone());
    /// assert_eq!(handle.current().serial_number(), new.serial_number());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set(&self, identity: Identity) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = identity;
    }
}

impl IdentitySource for IdentityHandle {
    fn current(&self) -> Identity {
        let identity = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        identity.clone()
    }
}
