#![doc = include_str!("../README.md")]

mod der;
#[cfg(feature = "encrypted-pem")]
mod encrypted;
mod error;
mod identity;
mod key;
mod leaf;
mod pem;
#[cfg(feature = "pkcs12")]
mod pkcs12;
mod renewal;

pub use error::{Form, IdentityError, Part};
pub use identity::Identity;
pub use pem::read_authorities;
pub use renewal::{IdentityFiles, IdentityFilesError, IdentityHandle, IdentitySource};
