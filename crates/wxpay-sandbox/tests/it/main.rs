//! The sandbox from outside, checked by curl, openssl and Python.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

mod certificates;
mod curl;
mod diagnosis;
mod faults;
mod inspector;
mod life;
mod log;
mod refusals;
mod requests;
mod strength;
mod support;
mod tls;
