//! A registry of crates on loopback: what crates.io does for `cargo publish`, `cargo build` and
//! `cargo info`, for as long as a test or a rehearsal takes.
//!
//! cargo speaks to it as to crates.io: a sparse index over HTTP, downloads, and the publishing API.

mod http;
mod index;
mod mirror;
mod server;
mod shelf;
mod upload;

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use anyhow::Context;

use server::Server;
use shelf::{Archive, Shelf};

/// The name under which [`Registry::cargo_config`] makes it known.
pub(crate) const NAME: &str = "loopback";

/// Listens until it is dropped.
#[derive(Debug)]
pub(crate) struct Registry {
    address: SocketAddr,
    shelf: Arc<Mutex<Shelf>>,
}

impl Registry {
    /// An empty one, on a free port.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen")?;
        let address = listener.local_addr().context("no address")?;
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let server = Server::new(address, Arc::clone(&shelf));
        thread::spawn(move || server.run(&listener));
        Ok(Self { address, shelf })
    }

    /// Takes in the third-party crates that a workspace has locked, from what `cargo metadata` says of
    /// it and the text of its lock file, and counts them.
    pub(crate) fn mirror(&self, metadata: &str, lock: &str) -> anyhow::Result<usize> {
        let packages = mirror::packages(metadata, lock)?;
        let count = packages.len();
        for (line, path) in packages {
            self.shelf().put(line, Archive::File(path));
        }
        Ok(count)
    }

    /// What a `.cargo/config.toml` needs so that everything comes from here, crates.io's packages
    /// too, and that `--registry loopback` publishes to here.
    pub(crate) fn cargo_config(&self) -> String {
        let Self { address, .. } = self;
        format!(
            "[registries.{NAME}]\n\
             index = \"sparse+http://{address}/index/\"\n\
             token = \"{}\"\n\n\
             [source.crates-io]\n\
             replace-with = \"{NAME}\"\n",
            server::TOKEN
        )
    }

    /// What is there.
    pub(crate) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registry {
    /// Frees the port: the server sees that it is to end when somebody calls.
    fn drop(&mut self) {
        self.shelf().close();
        let _ = TcpStream::connect(self.address);
    }
}
