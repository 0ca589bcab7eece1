#![doc = include_str!("../README.md")]

mod error;
mod file;
mod reader;
mod record;
mod writer;

pub use error::{Error, ErrorKind};
pub use file::{Selection, forget};
pub use reader::{Reader, Status};
pub use record::{Account, Content, Entry, FileState, Outcome, Reason, Record};
pub use writer::Ledger;
