#![doc = include_str!("../README.md")]

mod encoding;
mod inputs;
mod mistake;
mod report;
mod search;
mod table;
mod variant;

pub use inputs::Request;
pub use mistake::{Lang, Mistake, ParseLangError};
pub use report::Report;
