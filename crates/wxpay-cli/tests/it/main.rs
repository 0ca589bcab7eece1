//! The program `wxpay` as a user runs it.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

mod arguments;
mod completions;
mod config;
mod doctor;
mod dry_run;
mod foreign;
mod identities;
mod ledger;
mod network;
mod program;
mod sandbox;
mod secrets;
mod serve;
mod sign;
mod upload;
mod verify;
