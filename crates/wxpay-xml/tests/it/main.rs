//! Reading, writing and decoding documents.

#![allow(clippy::unwrap_used, reason = "tests")]

mod decode;
mod differential;
mod documents;
mod limits;
mod properties;
mod read;
mod write;
