#![doc = include_str!("../README.md")]

mod agent;
mod answer;
mod body;
mod fetch;
mod guard;
mod merchant;
mod merchant_file;
mod merchants;
mod metrics;
mod routes;
mod server;
mod store;
#[cfg(unix)]
mod systemd;

pub use agent::{Agent, Limits};
pub use fetch::{AllowedHost, Fetcher, ParseAllowedHostError};
pub use guard::Token;
pub use merchant::Settings;
pub use merchant_file::ClientDefaults;
pub use merchants::{Merchants, Source};
pub use server::Listener;
pub use store::Store;
#[cfg(unix)]
pub use systemd::{activated, notify};
