#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(any(feature = "ring", feature = "aws-lc-rs")),
    allow(
        dead_code,
        reason = "without a crypto provider `build` is missing, and it alone calls the rest"
    )
)]

mod body;
mod builder;
mod connector;
mod error;
mod exchange;
mod identity;
mod inspect;
mod progress;
mod proxy;
mod renewal;
mod resolve;
mod roots;
mod stack;
mod tls;
mod transport;

pub use builder::Builder;
pub use error::{BuildError, Deadline, Error, ErrorKind, TlsFault};
pub use identity::{Identity, InvalidIdentity};
pub use inspect::{Handshake, Inspection, ServerCertificate};
pub use progress::Progress;
pub use proxy::{InvalidProxy, Proxy, ProxyFault};
pub use renewal::{IdentityFiles, IdentityHandle, IdentitySource, InvalidIdentityFiles};
pub use roots::{InvalidRoots, Roots};
pub use transport::{ResponseFuture, Transport};
