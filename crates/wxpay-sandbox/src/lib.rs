#![doc = include_str!("../README.md")]

mod credentials;
mod fault;
mod findings;
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
mod history;
mod inspector;
mod limits;
mod record;
mod request;
mod response;
mod rules;
mod sandbox;
mod server;
mod thread;
mod tls;

pub use credentials::{Credentials, CredentialsError};
pub use fault::{ActiveFault, Effect, ErrorCode, Fault, ParseFaultError};
pub use findings::Finding;
pub use history::Watch;
pub use record::{Outcome, RecordedField, RecordedRequest, RecordedResponse};
pub use rules::{Check, CheckOutcome};
pub use sandbox::{Sandbox, SandboxBuilder, StartError};
pub use tls::SentCertificate;
