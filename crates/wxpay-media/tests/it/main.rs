//! The facade from outside: pictures, requests, responses, and whole uploads to the sandbox.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

#[cfg(all(
    feature = "ring",
    feature = "blocking",
    feature = "serde",
    feature = "test-util"
))]
mod features;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod gateways;
mod images;
mod memory;
mod names;
mod pictures;
mod refusals;
mod requests;
mod responses;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod retries;
mod secrets;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod uploads;
