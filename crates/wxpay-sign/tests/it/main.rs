//! Signatures and content hashes from outside: vectors, properties, and what is kept secret.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

mod independent;
mod injectivity;
mod properties;
mod secrets;
mod values;
mod vectors;
mod verify;
