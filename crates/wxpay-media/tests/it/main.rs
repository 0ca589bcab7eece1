//! The facade from outside: pictures, requests, replies, and whole uploads to the sandbox.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

mod endpoints;
mod images;
mod names;
mod pictures;
mod replies;
mod requests;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod retries;
mod room;
mod secrets;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod uploads;
