#![doc = include_str!("../README.md")]

mod agent;
mod body;
mod fetch;
mod guard;
mod merchant;
mod merchants;
mod metrics;
mod response;
mod routes;
mod server;
mod store;

pub use agent::{Agent, Options};
pub use fetch::{AllowedHost, Fetcher};
pub use guard::Token;
pub use merchant::Settings;
pub use merchants::{Loaded, Merchants, WatchedFile};
pub use server::Listener;
pub use store::Store;
