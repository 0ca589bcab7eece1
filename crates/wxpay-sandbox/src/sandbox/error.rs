//! Why a sandbox does not start.

use std::{io, net::SocketAddr};

use crate::{BoxError, CredentialsError};

/// Why a sandbox does not start.
///
/// ```
/// use wxpay_sandbox::{Sandbox, StartError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let error = Sandbox::builder().host("https://localhost").start().await.unwrap_err();
/// assert!(matches!(error, StartError::Host { .. }));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on: its port is taken or needs rights, or it is not this
    /// machine's. Take another; port 0 is any free one.
    #[error("cannot listen on {addr}")]
    Listen {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The inspector's address cannot be listened on: take another, or none.
    #[error("the inspector cannot listen on {addr}")]
    Inspector {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// A further name for the certificate cannot be in one.
    #[error(
        "{host:?} is neither a DNS name nor an IP address: give it without scheme, port and brackets"
    )]
    Host {
        /// The name.
        host: String,
    },
    /// The credentials cannot be made or used.
    #[error("the sandbox has no credentials")]
    Credentials(#[from] CredentialsError),
    /// The server's certificate cannot be issued.
    #[error("the server's certificate cannot be made")]
    Certificate(#[source] BoxError),
    /// The thread of the server, or its runtime, cannot be started: too many threads or open files.
    #[error("the server's thread cannot be started")]
    Thread(#[source] io::Error),
}
