//! An agent over real sockets, in front of a sandbox.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

mod access;
mod forms;
mod merchants;
mod pictures;
mod shutdown;
mod support;
mod urls;
