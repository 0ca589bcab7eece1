//! Why a transport could not be built.

use std::{error, fmt};

use crate::body::BoxError;

/// Why a [`Builder`](crate::Builder) could not build: no crypto provider, or one without a TLS version
/// that is spoken. The source says which.
#[derive(Debug)]
pub struct BuildError {
    source: BoxError,
}

impl BuildError {
    pub(crate) fn new(source: impl Into<BoxError>) -> Self {
        Self {
            source: source.into(),
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tls configuration cannot be used")
    }
}

impl error::Error for BuildError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}
