#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(any(feature = "ring", feature = "aws-lc-rs")),
    allow(
        dead_code,
        reason = "without a crypto provider `build` is missing, and it alone calls the rest"
    )
)]

mod backoff;
mod body;
mod builder;
mod certificate;
mod connector;
mod endpoints;
mod error;
mod exchange;
mod inspect;
mod judgement;
mod progress;
mod proxy;
mod rate;
mod resolve;
mod roots;
mod stack;
mod tls;
mod transport;
mod trip;
mod verifier;

pub use backoff::Backoff;
pub use builder::Builder;
pub use endpoints::{BreakerState, EndpointStatus, Endpoints, Failover, InvalidEndpoints};
pub use error::{BuildError, Deadline, Disposition, Error, ErrorKind, TlsFault};
pub use inspect::{Handshake, Inspection, ServerCertificate};
pub use judgement::Judgement;
pub use progress::Progress;
pub use proxy::{InvalidProxy, Proxy, ProxyFault};
pub use rate::{AdaptiveRate, RateLimit};
pub use roots::{InvalidRoots, Roots};
pub use transport::{ResponseFuture, Transport};
pub use trip::Trip;
pub use wxpay_identity as identity;
pub use wxpay_identity::{
    Identity, IdentityError, IdentityFiles, IdentityFilesError, IdentityHandle, IdentitySource,
};
