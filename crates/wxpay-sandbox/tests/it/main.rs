//! The sandbox from outside, judged by others: curl, openssl and Python.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

// Its script hands descriptors to the browser.
#[cfg(unix)]
mod browser;
mod certificates;
mod curl;
mod diagnosis;
mod events;
mod faults;
mod garbage;
mod inspector;
mod life;
mod pkcs12;
mod refusals;
mod requests;
mod signatures;
mod strength;
mod support;
mod tls;
