//! The authorities that are installed on the machine.

use std::sync::Arc;

use rustls::RootCertStore;
use tokio::{sync::OnceCell, task::spawn_blocking};
use tracing::{debug, warn};

use crate::Error;

/// The machine's store, read when it is first needed: some machines take long for it, and a program
/// that makes no call should not wait for it.
#[derive(Debug, Default)]
pub(super) struct SystemRoots(OnceCell<Arc<RootCertStore>>);

impl SystemRoots {
    /// These authorities and the machine's.
    pub(super) async fn and(&self, others: &RootCertStore) -> Result<Arc<RootCertStore>, Error> {
        let read = self.0.get_or_try_init(|| async {
            let read = spawn_blocking(rustls_native_certs::load_native_certs).await;
            // It ends without a result when the runtime does.
            let read = read.map_err(|error| Error::no_roots(error.into()))?;
            let mut store = others.clone();
            let found = read.certs.len();
            let (taken, _) = store.add_parsable_certificates(read.certs);
            debug!(found, taken, "read the machine's certificate authorities");
            for error in &read.errors {
                let error: &dyn std::error::Error = error;
                warn!(
                    error,
                    "a part of the machine's certificate authorities cannot be read"
                );
            }
            if store.is_empty() {
                let first = read.errors.into_iter().next();
                let empty = || "the machine's store is empty".into();
                return Err(Error::no_roots(first.map_or_else(empty, Into::into)));
            }
            Ok(Arc::new(store))
        });
        read.await.cloned()
    }
}
