//! The transport with TLS servers on 127.0.0.1 and in memory.
#![cfg(any(feature = "ring", feature = "aws-lc-rs"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

mod calls;
mod connections;
mod faults;
#[path = "../../../wxpay-identity/tests/it/log.rs"]
mod log;
mod memory;
mod observing;
mod progress;
mod proxies;
mod renewal;
mod slow_lines;
mod support;
#[cfg(feature = "native-roots")]
mod system_roots;
mod trust;
