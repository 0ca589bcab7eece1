#![doc = include_str!("../README.md")]

mod chars;
mod decode;
mod error;
mod fields;
mod read;
mod write;

pub use decode::{DecodeError, from_fields};
pub use error::{Error, ErrorKind};
pub use fields::{FieldError, Fields, Iter};
pub use read::Limits;
