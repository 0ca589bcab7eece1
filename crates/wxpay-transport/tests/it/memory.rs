//! The transport over TLS in memory, under a paused clock.

mod failover;
mod retries;
mod simulation;
mod throttled;
mod timeouts;

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use rcgen::{CertificateParams, SanType};
use tokio::{
    io::{AsyncWriteExt, DuplexStream, copy, duplex, sink},
    runtime::Runtime,
    time::{Instant, sleep},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use wxpay_transport::{CallInfo, Endpoints, Error, Transport, TransportBuilder};

use crate::support::{Ca, read_request, read_slowly, send, server};

/// Servers that follow a script: for each host, a word for each connection; without a word they
/// answer 200.
#[derive(Clone)]
pub(crate) struct Network(Arc<Shared>);

struct Shared {
    start: Instant,
    ca: Ca,
    honest: TlsAcceptor,
    forger: TlsAcceptor,
    script: Mutex<BTreeMap<String, VecDeque<String>>>,
    log: Mutex<Vec<String>>,
    /// The times of the connections.
    times: Mutex<Vec<Instant>>,
    /// The requests, as far as they were read.
    requests: Mutex<Vec<Vec<u8>>>,
}

const RESPONSE: &str = "a response";

impl Network {
    fn new(script: &[(&str, &str)]) -> Self {
        let (ca, other) = (Ca::new(), Ca::named("another"));
        let acceptor = |ca: &Ca| {
            let names = |params: &mut CertificateParams| {
                let names = ["a", "b", "c"].map(|name| SanType::DnsName(name.try_into().unwrap()));
                params.subject_alt_names = names.into();
            };
            TlsAcceptor::from(Arc::new(server(&ca.issue(names))))
        };
        let words = |words: &str| words.split_whitespace().map(str::to_owned).collect();
        let script = script
            .iter()
            .map(|(host, line)| ((*host).to_owned(), words(line)));
        Self(Arc::new(Shared {
            start: Instant::now(),
            honest: acceptor(&ca),
            forger: acceptor(&other),
            ca,
            script: Mutex::new(script.collect()),
            log: Mutex::default(),
            times: Mutex::default(),
            requests: Mutex::default(),
        }))
    }

    /// A transport that uses each connection for one attempt.
    fn transport(&self, builder: TransportBuilder) -> Transport<String> {
        self.keeping_connections(builder.pool_max_idle_per_host(0))
    }

    fn keeping_connections(&self, builder: TransportBuilder) -> Transport<String> {
        let network = self.clone();
        let builder = builder.roots(self.0.ca.roots()).dialer(move |uri| {
            let host = uri.host().unwrap().to_owned();
            let dialled = network.dial(&host);
            async move { dialled }
        });
        builder.build().unwrap()
    }

    fn dial(&self, host: &str) -> io::Result<DuplexStream> {
        self.0.times.lock().unwrap().push(Instant::now());
        let line = format!("{}s {host}", self.0.start.elapsed().as_secs());
        self.0.log.lock().unwrap().push(line);
        let mut script = self.0.script.lock().unwrap();
        let word = script.get_mut(host).and_then(VecDeque::pop_front);
        let word = word.unwrap_or_else(|| "200".to_owned());
        if word == "refuse" {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (ours, theirs) = duplex(16 * 1024);
        let network = self.clone();
        tokio::spawn(async move { network.serve(theirs, &word).await });
        Ok(ours)
    }

    async fn serve(&self, mut stream: DuplexStream, word: &str) {
        match word {
            // The handshake hangs until the client gives up, or is cut.
            "stall" => return drop(copy(&mut stream, &mut sink()).await),
            "drop" => return,
            _ => {}
        }
        let acceptor = if word == "forge" {
            &self.0.forger
        } else {
            &self.0.honest
        };
        let Ok(mut stream) = acceptor.accept(stream).await else {
            return;
        };
        let second = Duration::from_secs(1);
        let request = match word {
            // The request takes longer than any of the timeouts, but it moves.
            "slow" => read_slowly(&mut stream, 4096, second, usize::MAX).await,
            "stuck" => read_slowly(&mut stream, 4096, second, 8192).await,
            _ => read_request(&mut stream).await,
        };
        if request.is_empty() {
            return;
        }
        self.0.requests.lock().unwrap().push(request);
        let head = |status: &str| {
            let length = RESPONSE.len();
            format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n")
        };
        let half = format!("{}\r\na re", head("200"));
        let whole = format!("{}\r\n{RESPONSE}", head("200"));
        let answer = match word {
            "cut" | "hang" | "stuck" => String::new(),
            "garbage" => "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned(),
            "half" | "hang-in-body" => half,
            "hang-in-head" => "HTTP/1.1 200 OK\r\ncont".to_owned(),
            "hang-after-continue" => "HTTP/1.1 100 Continue\r\n\r\n".to_owned(),
            "hang-in-chunks" => {
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nok".to_owned()
            }
            "wait" => format!("{}retry-after: 7\r\n\r\n{RESPONSE}", head("503")),
            "slow" | "drip" => whole,
            status => format!("{}\r\n{RESPONSE}", head(status)),
        };
        if word == "drip" {
            for byte in answer.bytes() {
                if stream.write_all(&[byte]).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
                sleep(2 * second).await;
            }
        } else {
            write(&mut stream, &answer).await;
        }
        if word.starts_with("hang") {
            let _ = copy(&mut stream, &mut sink()).await;
        } else if word == "stuck" {
            // Longer than any client waits.
            sleep(60 * second).await;
        }
        let _ = stream.shutdown().await;
    }

    /// The connections since the last call of this, with their times.
    fn take_log(&self) -> String {
        std::mem::take(&mut *self.0.log.lock().unwrap()).join(", ")
    }
}

async fn write(stream: &mut TlsStream<DuplexStream>, text: &str) {
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.flush().await;
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

/// Two repetitions, 20 s for a call, 5 s to connect, and no random back-off.
fn builder() -> TransportBuilder {
    Transport::builder()
        .max_retries(2)
        .timeout(Duration::from_secs(20))
        .connect_timeout(Duration::from_secs(5))
        .backoff(Duration::ZERO, Duration::ZERO)
}

/// The endpoints `a` and `b`, in this order.
fn pair() -> TransportBuilder {
    let endpoints = ["a", "b"].map(|name| name.parse().unwrap());
    builder().endpoints(Endpoints::new(endpoints).unwrap())
}

async fn post(transport: &Transport<String>, uri: &str) -> Result<Response<Bytes>, Error> {
    let request = Request::post(uri).body("hello".to_owned()).unwrap();
    send(transport, request).await
}

/// Makes calls to `a` one after the other, each after a pause in seconds, and checks their trace:
/// `0s a, 10s b = 200 b (2)` is an attempt at `a` at the start, one at `b` after 10 s, and a
/// response of `b` at the second attempt.
async fn check(builder: TransportBuilder, pauses: &[u64], script: &[(&str, &str)], expected: &str) {
    let network = Network::new(script);
    let transport = network.transport(builder);
    let mut lines = Vec::new();
    for &pause in pauses {
        sleep(Duration::from_secs(pause)).await;
        let outcome = outcome(&post(&transport, "https://a/").await);
        lines.push(format!("{} = {outcome}", network.take_log()));
    }
    assert_eq!(lines.join("; "), expected, "{script:?}");
}

fn outcome(result: &Result<Response<Bytes>, Error>) -> String {
    match result {
        Ok(response) => {
            let info: &CallInfo = response.extensions().get().unwrap();
            let status = response.status().as_u16();
            format!("{status} {} ({})", info.endpoint, info.attempts)
        }
        Err(error) => format!("{:?} ({})", error.kind(), error.info().unwrap().attempts),
    }
}
