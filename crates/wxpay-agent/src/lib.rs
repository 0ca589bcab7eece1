#![doc = include_str!("../README.md")]

mod agent;
mod answer;
mod body;
mod fetch;
mod guard;
mod listener;
mod merchant;
mod merchant_file;
mod merchants;
mod metrics;
mod routes;
mod server;
mod store;

pub use agent::{Agent, Options, StartError};
pub use fetch::{AllowedHost, Fetcher, ParseAllowedHostError};
pub use guard::Token;
pub use listener::Listener;
#[cfg(unix)]
pub use listener::{activated, notify};
pub use merchant::Settings;
pub use merchant_file::read_merchant;
pub use merchants::{Loaded, Merchants};
pub use store::Store;
