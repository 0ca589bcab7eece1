//! Identities from files of openssl, keytool and others.
#![cfg(all(
    any(feature = "ring", feature = "aws-lc-rs"),
    feature = "encrypted-pem",
    feature = "pkcs12"
))]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

mod forms;
// openssl reads keys from `/dev/stdin`.
#[cfg(unix)]
mod keys;
mod leaf;
mod log;
mod pem;
mod pkcs12;
mod properties;
mod renewal;
mod support;
