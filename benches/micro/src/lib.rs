//! The pieces of work that are measured, each beside others that do the same: by time and
//! allocations in `benches/micro.rs`, by instructions in `src/main.rs`.

pub mod form;
pub mod hash;
pub mod reply;
pub mod sign;
mod subject;

pub use subject::{Subject, Work};

/// All subjects, group by group.
pub fn subjects() -> impl Iterator<Item = &'static Subject> {
    sign::SUBJECTS
        .iter()
        .chain(hash::SUBJECTS)
        .chain(reply::SUBJECTS)
        .chain(form::SUBJECTS)
}
