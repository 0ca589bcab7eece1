#![doc = include_str!("../README.md")]

mod attempt;
mod authority;
mod builder;
mod call;
mod certificate;
mod client;
mod config;
mod connect;
mod endpoint_pool;
mod endpoints;
mod error;
mod policy;
mod progress;
mod proxy;
mod rate;
mod retry;
mod roots;
mod tracking;
mod transport;
mod verifier;

pub use builder::TransportBuilder;
pub use config::ConnectEvent;
pub use endpoint_pool::{BreakerState, EndpointStatus};
pub use endpoints::{Endpoints, EndpointsError, Failover};
pub use error::{
    BuildError, CallInfo, Error, ErrorKind, ProxyErrorKind, ProxyUriError, TimeoutKind,
    TlsErrorKind,
};
pub use progress::{Progress, ProgressBody};
pub use proxy::Proxy;
pub use retry::{Backoff, RetryAdvice, RetryClass};
pub use roots::{Roots, RootsError};
pub use transport::{ResponseFuture, Transport};
pub use wxpay_identity as identity;
pub use wxpay_identity::{
    Identity, IdentityError, IdentityFiles, IdentityFilesError, IdentityHandle, IdentitySource,
};
