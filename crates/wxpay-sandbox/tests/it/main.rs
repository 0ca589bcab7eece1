//! The sandbox from outside, checked by curl, openssl and Python.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

mod certificates;
mod diagnosis;
mod faults;
mod inspector;
mod life;
mod requests;
mod rules;
mod strength;
mod support;
mod tls;
