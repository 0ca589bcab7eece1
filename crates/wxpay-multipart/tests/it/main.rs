//! Forms as they are built, written and sent.

#![allow(clippy::unwrap_used, reason = "tests")]

mod body;
mod golden;
mod invalid;
mod multer_reader;
mod peers;
mod read_by_multer;
