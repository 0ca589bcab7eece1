//! An agent over real sockets, before a sandbox.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

mod ending;
mod forms;
mod merchants;
mod pictures;
mod strangers;
mod support;
mod urls;
