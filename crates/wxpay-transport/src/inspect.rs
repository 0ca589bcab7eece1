//! The way to a server, looked at step by step.

mod certificate;
mod inspection;
mod recorder;

pub use certificate::ServerCertificate;
pub use inspection::{Handshake, Inspection};
pub(crate) use recorder::Recorder;

#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod steps;
