//! The trusted authorities, ready for TLS.

use std::sync::Arc;

use rustls::RootCertStore;

use super::Roots;
use crate::{BuildError, Error};

/// The caller's and Mozilla's authorities, and the machine's from the first time they are needed.
pub(crate) struct RootStore {
    store: Arc<RootCertStore>,
    #[cfg(feature = "native-roots")]
    system: Option<super::system::SystemRoots>,
}

impl RootStore {
    pub(crate) fn new(roots: &Roots) -> Result<Self, BuildError> {
        let mut store = RootCertStore::empty();
        for root in &roots.own {
            store.add(root.clone()).map_err(BuildError::new)?;
        }
        if roots.mozilla {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        Ok(Self {
            store: Arc::new(store),
            #[cfg(feature = "native-roots")]
            system: roots.system.then(super::system::SystemRoots::default),
        })
    }

    #[cfg_attr(
        not(feature = "native-roots"),
        expect(
            clippy::unused_async,
            reason = "only the machine's store has to be read"
        )
    )]
    pub(crate) async fn complete(&self) -> Result<Arc<RootCertStore>, Error> {
        #[cfg(feature = "native-roots")]
        if let Some(system) = &self.system {
            return system.and(&self.store).await;
        }
        Ok(Arc::clone(&self.store))
    }
}
