#![doc = include_str!("../README.md")]

mod attempt;
mod call;
mod client;
mod config;
mod connect;
mod endpoints;
mod error;
mod policy;
mod progress;
mod proxy;
mod rate;
mod roots;
mod transport;
mod verifier;

pub use config::{ConnectEvent, RetryClass};
pub use endpoints::{EndpointStatus, Endpoints, EndpointsError};
pub use error::{
    BuildError, CallInfo, Error, ErrorKind, ProxyErrorKind, TimeoutKind, TlsErrorKind,
};
pub use progress::{Progress, ProgressBody};
pub use proxy::{Proxy, ProxyUriError};
pub use roots::{Roots, RootsError};
pub use transport::{ResponseFuture, Transport, TransportBuilder};
pub use wxpay_identity as identity;
pub use wxpay_identity::{
    Identity, IdentityError, IdentityFiles, IdentityFilesError, IdentityHandle, IdentitySource,
};
