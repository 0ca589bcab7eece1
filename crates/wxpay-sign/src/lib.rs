#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod api_key;
mod canonical;
mod content_md5;
mod params;
mod sign_type;
mod signature;
mod verify;

pub use api_key::{ApiKey, ApiKeyError};
pub use canonical::{Canonical, Pair};
pub use content_md5::{ContentHash, ContentMd5};
pub use params::{DuplicateNameError, Params};
pub use sign_type::{ParseSignTypeError, SignType};
pub use signature::Signature;
pub use verify::VerifyError;
