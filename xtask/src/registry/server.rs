//! The registry's three doors: index, downloads, publishing.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use super::{
    http::{self, Request, Response},
    shelf::Shelf,
    upload::Upload,
};

/// Whoever publishes has to show it, as at crates.io.
pub(super) const TOKEN: &str = "not-a-secret";

#[derive(Clone, Debug)]
pub(super) struct Server {
    address: SocketAddr,
    shelf: Arc<Mutex<Shelf>>,
}

impl Server {
    pub(super) fn new(address: SocketAddr, shelf: Arc<Mutex<Shelf>>) -> Self {
        Self { address, shelf }
    }

    /// Serves, a thread a connection, until the shelf is closed.
    pub(super) fn run(&self, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.with_shelf(|shelf| shelf.is_closed()) {
                return;
            }
            let Ok(stream) = stream else { continue };
            let server = self.clone();
            // A connection that breaks is cargo's to report.
            thread::spawn(move || http::serve(&stream, |request| server.answer(request)));
        }
    }

    fn answer(&self, request: &Request) -> Response {
        let path: Vec<_> = request.path.trim_start_matches('/').split('/').collect();
        let found = match (request.method.as_str(), path.as_slice()) {
            ("GET", ["index", "config.json"]) => return Response::ok(self.config()),
            ("GET", ["index", path @ ..]) => {
                self.with_shelf(|shelf| Ok(shelf.lines(&path.join("/"))?.map(String::into_bytes)))
            }
            ("GET", ["crates", name, version, "download"]) => {
                self.with_shelf(|shelf| shelf.archive(name, version))
            }
            ("PUT", ["api", "v1", "crates", "new"]) => return self.publish(request),
            _ => Ok(None),
        };
        match found {
            Ok(Some(body)) => Response::ok(body),
            Ok(None) => Response::not_found(),
            Err(error) => Response::refused(&format!("{error:#}")),
        }
    }

    fn config(&self) -> String {
        let origin = format!("http://{}", self.address);
        serde_json::json!({ "dl": format!("{origin}/crates"), "api": origin }).to_string()
    }

    fn publish(&self, request: &Request) -> Response {
        if request.headers.get("authorization").map(String::as_str) != Some(TOKEN) {
            return Response::refused("this token may not publish");
        }
        let taken = Upload::parse(&request.body)
            .map_err(|error| format!("{error:#}"))
            .and_then(|upload| self.with_shelf(|shelf| shelf.publish(upload)));
        match taken {
            Ok(()) => Response::ok("{}"),
            Err(why) => Response::refused(&why),
        }
    }

    fn with_shelf<T>(&self, action: impl FnOnce(&mut Shelf) -> T) -> T {
        action(&mut self.shelf.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
