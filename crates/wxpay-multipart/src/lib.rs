#![doc = include_str!("../README.md")]

mod body;
mod boundary;
mod form;
mod header;

pub use body::{BodyError, FormBody};
pub use boundary::{Boundary, BoundaryError};
pub use form::Form;
pub use header::{PartError, PartErrorKind};
