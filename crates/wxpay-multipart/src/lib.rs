#![doc = include_str!("../README.md")]

mod body;
mod boundary;
mod form;

pub use body::{BodyError, FormBody};
pub use boundary::{Boundary, InvalidBoundary};
pub use form::{Form, InvalidPart, InvalidPartKind, Parameter};
