//! One call into one fault, and what must hold after it, whatever came of it.

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

/// What may be in no log and no error: of the request, and of the reply and the proxy where a row has
/// them.
pub(super) const SECRETS: [&str; 6] = [
    "secretpath",
    "secretheader",
    "secretbody",
    "secretreply",
    "secretpassword",
    // The same, with the user name `op`, as it goes to a proxy.
    "b3A6c2VjcmV0cGFzc3dvcmQ",
];

/// What a call must come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Outcome {
    /// A reply with this status and this body.
    Reply(u16, &'static str),
    Fails(ErrorKind),
}

/// The caller's side: an authority, an identity of it, and a log of everything.
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

    pub(super) fn builder(&self) -> TransportBuilder {
        let builder = self.ca.builder_for_one_attempt();
        builder.identity(self.pair.identity())
    }

    /// Where a server waits that does nothing until the client has given up.
    pub(super) fn hang(&self) -> Hang {
        Hang(self.over.subscribe())
    }

    pub(super) async fn check(&self, name: &str, addr: SocketAddr, expected: Outcome) {
        self.check_with(name, |it| it, "secretbody", addr, expected)
            .await;
    }

    /// Calls the server, and looks at the outcome, at what is left of the call, and at the log.
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
        let transport = change(self.builder()).build().unwrap();
        let request = Request::post(format!("https://localhost:{}/secretpath", addr.port()))
            .header("x-key", "secretheader")
            .body(Full::new(body.into()))
            .unwrap();

        let reply = bounded(name, send(&transport, request)).await;

        assert_eq!(outcome(&reply, expected), expected, "{name}: {reply:?}");
        self.check_silence(name, &reply);
        drop(transport);
        until(name, "sockets are left open", || sockets_to(addr) == 0).await;
        self.over.send_replace(true);
        until(name, "tasks are left running", || {
            Handle::current().metrics().num_alive_tasks() <= tasks
        })
        .await;
    }

    fn check_silence(&self, name: &str, reply: &Result<Response<Bytes>, Error>) {
        let mut said = self.log.text();
        if let Err(error) = reply {
            said += &format!("{error:?} ");
            let mut next: Option<&dyn std::error::Error> = Some(error);
            while let Some(error) = next {
                said += &format!("{error} ");
                next = error.source();
            }
        }
        assert!(said.contains("POST"), "{name}: nothing is logged");
        let key = self.pair.key.lines().nth(1).unwrap();
        for secret in SECRETS.into_iter().chain([key]) {
            assert!(!said.contains(secret), "{name}: {secret} in {said}");
        }
    }
}

/// As long as a call lasts, and all that is left of it.
#[derive(Clone)]
pub(super) struct Hang(watch::Receiver<bool>);

impl Hang {
    pub(super) async fn until_over(mut self) {
        let _ = self.0.wait_for(|over| *over).await;
    }
}

/// What the reply comes to, with the expected body where it is that: `Outcome` holds no other.
fn outcome(reply: &Result<Response<Bytes>, Error>, expected: Outcome) -> Outcome {
    match (reply, expected) {
        (Err(error), _) => Outcome::Fails(error.kind()),
        (Ok(reply), Outcome::Reply(_, body)) if reply.body() == body => {
            Outcome::Reply(reply.status().as_u16(), body)
        }
        (Ok(reply), _) => Outcome::Reply(reply.status().as_u16(), "<another body>"),
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

/// How many sockets somebody holds that are connected to this address. Where the system does not
/// list them, none.
fn sockets_to(addr: SocketAddr) -> usize {
    let Ok(list) = fs::read_to_string("/proc/net/tcp") else {
        return 0;
    };
    let port = format!(":{:04X}", addr.port());
    let connected = list.lines().skip(1).filter(|line| {
        let mut fields = line.split_whitespace();
        let remote = fields.nth(2).unwrap_or_default();
        // A socket that was closed, and still waits for the other side's word, has no inode.
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
