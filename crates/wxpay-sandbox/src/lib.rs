#![doc = include_str!("../README.md")]

mod certificates;
mod client_certificate;
mod credentials;
mod diagnosis;
mod fault;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod gateway;
mod history;
mod inspector;
mod record;
mod sandbox;
mod server;
mod tls;

pub use credentials::{Credentials, CredentialsError};
pub use diagnosis::Finding;
pub use fault::{ArmedFault, Effect, Fault, InvalidFault};
pub use gateway::{Check, Outcome};
pub use history::{Pictures, Watch};
pub use record::{RecordedAnswer, RecordedField, RecordedRequest, SentCertificate, Verdict};
pub use sandbox::{Builder, Sandbox, StartError};

/// What errors of libraries are boxed as, so that no type of theirs is part of this crate's API.
type BoxError = Box<dyn std::error::Error + Send + Sync>;
