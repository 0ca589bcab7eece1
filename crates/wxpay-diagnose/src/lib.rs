#![doc = include_str!("../README.md")]

mod encoding;
mod inputs;
mod mistake;
mod request;
mod search;
mod table;
mod variant;

pub use mistake::{Lang, Mistake, ParseLangError};
pub use request::{Report, Request};
