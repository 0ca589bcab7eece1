//! Reports from outside: each known mistake, and what a report says of it.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

mod mistakes;
mod report;
