#![doc = include_str!("../README.md")]

mod chars;
mod decode;
mod error;
mod fields;
mod limits;
mod name;
mod read;
mod write;

pub use decode::{DecodeError, from_fields};
pub use error::{Error, ErrorKind};
pub use fields::{Fields, InvalidField, Iter};
pub use limits::Limits;
