//! Reading, writing and decoding documents.

#![allow(clippy::unwrap_used, reason = "tests")]

mod decode;
mod documents;
mod expat;
mod limits;
mod properties;
mod read;
mod write;
