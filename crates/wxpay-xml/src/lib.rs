#![doc = include_str!("../README.md")]

mod decode;
mod error;
mod events;
mod fields;
mod read;

pub use decode::{DecodeError, from_fields};
pub use error::{Error, ErrorKind};
pub use fields::{FieldError, Fields};
pub use read::Limits;
