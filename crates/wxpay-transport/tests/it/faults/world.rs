//! One call against a faulty server, and the checks after it.

use std::{fs, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{sleep, timeout},
};
use tokio_rustls::rustls::ServerConfig;
use wxpay_transport::{Error, ErrorKind, TransportBuilder};

use crate::{
    log::Log,
    support::{Ca, Pair, send},
};

/// Words of requests, responses and passwords that no log and no error may contain.
const SECRETS: [&str; 6] = [
    "secretpath",
    "secretheader",
    "secretbody",
    "secretresponse",
    "secretpassword",
    // `op:secretpassword` in base64, as a proxy gets it.
    "b3A6c2VjcmV0cGFzc3dvcmQ",
];

/// The expected result of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Outcome {
    /// A response with this status and this body.
    Response(u16, &'static str),
    Fails(ErrorKind),
}

/// A client: its authority, its identity, and its log.
pub(super) struct World {
    pub(super) ca: Ca,
    pair: Pair,
    log: Log,
    over: watch::Sender<bool>,
}

impl World {
    pub(super) fn new() -> Self {
        let ca = Ca::new();
        Self {
            pair: ca.pair(),
            ca,
            log: Log::capture(),
            over: watch::Sender::new(false),
        }
    }

    /// A server that takes this world's identity, and no other.
    pub(super) fn server(&self) -> ServerConfig {
        self.ca.demanding_server()
    }

    pub(super) fn hang(&self) -> Hang {
        Hang(self.over.subscribe())
    }

    pub(super) async fn check(&self, name: &str, addr: SocketAddr, expected: Outcome) {
        self.check_with(name, |it| it, "secretbody", addr, expected)
            .await;
    }

    /// Calls the server, and checks the outcome, the log, and that no socket and no task is left.
    pub(super) async fn check_with(
        &self,
        name: &str,
        change: impl FnOnce(TransportBuilder) -> TransportBuilder,
        body: impl Into<Bytes>,
        addr: SocketAddr,
        expected: Outcome,
    ) {
        self.over.send_replace(false);
        let tasks = Handle::current().metrics().num_alive_tasks();
        let builder = self.ca.builder().identity(self.pair.identity());
        let transport = change(builder).build().unwrap();
        let request = Request::post(format!("https://localhost:{}/secretpath", addr.port()))
            .header("x-key", "secretheader")
            .body(Full::new(body.into()))
            .unwrap();

        let response = bounded(name, send(&transport, request)).await;

        assert_eq!(
            outcome(&response, expected),
            expected,
            "{name}: {response:?}"
        );
        self.check_log(name, &response);
        drop(transport);
        until(name, "sockets are left open", || sockets_to(addr) == 0).await;
        self.over.send_replace(true);
        until(name, "tasks are left running", || {
            Handle::current().metrics().num_alive_tasks() <= tasks
        })
        .await;
    }

    fn check_log(&self, name: &str, response: &Result<Response<Bytes>, Error>) {
        let mut said = self.log.text();
        let outcome = match response {
            Ok(response) => format!("http.response.status_code={}", response.status().as_u16()),
            Err(error) => format!("error.type={:?}", error.kind()),
        };
        for logged in ["method=POST", "server.address=\"localhost\"", &outcome] {
            assert!(said.contains(logged), "{name}: no {logged} in {said}");
        }
        if let Err(error) = response {
            said += &format!("{error:?} ");
            let mut next: Option<&dyn std::error::Error> = Some(error);
            while let Some(error) = next {
                said += &format!("{error} ");
                next = error.source();
            }
        }
        let key = self.pair.key.lines().nth(1).unwrap();
        for secret in SECRETS.into_iter().chain([key]) {
            assert!(!said.contains(secret), "{name}: {secret} in {said}");
        }
    }
}

/// Waits until the client has given up.
#[derive(Clone)]
pub(super) struct Hang(watch::Receiver<bool>);

impl Hang {
    /// Keeps the connection open.
    pub(super) async fn hold<T>(mut self, connection: T) {
        let _ = self.0.wait_for(|over| *over).await;
        drop(connection);
    }
}

/// The outcome of a call; `Outcome` has the expected body or a placeholder.
fn outcome(response: &Result<Response<Bytes>, Error>, expected: Outcome) -> Outcome {
    match (response, expected) {
        (Err(error), _) => Outcome::Fails(error.kind()),
        (Ok(response), Outcome::Response(_, body)) if response.body() == body => {
            Outcome::Response(response.status().as_u16(), body)
        }
        (Ok(response), _) => Outcome::Response(response.status().as_u16(), "<another body>"),
    }
}

async fn bounded<F: Future>(name: &str, future: F) -> F::Output {
    let ended = timeout(Duration::from_secs(60), future).await;
    ended.unwrap_or_else(|_| panic!("{name}: the call hangs"))
}

async fn until(name: &str, otherwise: &str, holds: impl Fn() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("{name}: {otherwise}");
}

/// The number of open sockets connected to this address; 0 if the system does not list them.
fn sockets_to(addr: SocketAddr) -> usize {
    let Ok(list) = fs::read_to_string("/proc/net/tcp") else {
        return 0;
    };
    let port = format!(":{:04X}", addr.port());
    let connected = list.lines().skip(1).filter(|line| {
        let mut fields = line.split_whitespace();
        let remote = fields.nth(2).unwrap_or_default();
        // A closed socket that still waits for the peer has no inode.
        let inode = fields.nth(6).unwrap_or("0");
        remote.ends_with(&port) && inode != "0"
    });
    connected.count()
}

#[tokio::test]
async fn an_open_socket_is_seen() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    if fs::exists("/proc/net/tcp").unwrap_or(false) {
        let socket = tokio::net::TcpStream::connect(addr).await.unwrap();
        assert_eq!(sockets_to(addr), 1);
        drop(socket);
    }
    assert_eq!(sockets_to(addr), 0);
}
