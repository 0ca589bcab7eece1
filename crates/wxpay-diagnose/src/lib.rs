#![doc = include_str!("../README.md")]

mod encoding;
mod inputs;
mod mistake;
mod report;
mod request;
mod search;
mod table;
mod variant;

pub use mistake::{Lang, Mistake, ParseLangError};
pub use report::Report;
pub use request::Request;
