#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod catalogue;
mod digest;
mod escape;
mod facts;
mod hex;
mod mistake;
mod recipe;
mod report;
mod search;
mod sent;
mod text;
mod words;
mod writing;

#[cfg(test)]
mod tests;

pub use mistake::Mistake;
pub use report::{Diagnosis, Report};
pub use sent::Sent;
