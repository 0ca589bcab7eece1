//! Servers that do as they are told.

use std::{
    collections::{BTreeMap, VecDeque},
    future::{Future, pending},
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::time::{Instant, sleep};
use tower::service_fn;

use crate::{
    Builder, Deadline, Error, ErrorKind, TlsFault, Transport, endpoints::Board, stack::stack,
};

/// For each host the words that say what it does, call by call; one that has none left answers with
/// 200. A host `probe` tells what probes find.
#[derive(Clone)]
pub(super) struct Network(Arc<Shared>);

struct Shared {
    start: Instant,
    script: Mutex<BTreeMap<&'static str, VecDeque<&'static str>>>,
    log: Mutex<Vec<String>>,
}

impl Network {
    pub(super) fn new(script: &[(&'static str, &'static str)]) -> Self {
        let words = |&(host, words): &(_, &'static str)| (host, words.split(' ').collect());
        Self(Arc::new(Shared {
            start: Instant::now(),
            script: Mutex::new(script.iter().map(words).collect()),
            log: Mutex::default(),
        }))
    }

    pub(super) fn transport(&self, builder: &Builder) -> Transport<String> {
        let network = self.clone();
        let exchange = service_fn(move |request: Request<String>| {
            let network = network.clone();
            async move {
                let host = request.uri().host().unwrap().to_owned();
                network.log(&host);
                network.does(&host).await
            }
        });
        let network = self.clone();
        let probe: Box<dyn Fn(_) -> Pin<Box<dyn Future<Output = _> + Send>> + Send + Sync> =
            Box::new(move |authority: http::uri::Authority| {
                let network = network.clone();
                Box::pin(async move {
                    network.log(&format!("probe {authority}"));
                    network.does("probe").await.map(drop)
                })
            });
        let policy = &builder.policy;
        let board = Board::new(policy.endpoints.as_ref(), policy.failover, probe);
        let board = Arc::new(board);
        Transport::new(stack(builder, Arc::clone(&board), exchange), board)
    }

    /// What has been called since the last time, and when.
    pub(super) fn take_log(&self) -> String {
        std::mem::take(&mut *self.0.log.lock().unwrap()).join(", ")
    }

    fn log(&self, what: &str) {
        let seconds = self.0.start.elapsed().as_secs();
        self.0
            .log
            .lock()
            .unwrap()
            .push(format!("{seconds}s {what}"));
    }

    async fn does(&self, host: &str) -> Result<Response<Full<Bytes>>, Error> {
        let word = {
            let mut script = self.0.script.lock().unwrap();
            script.get_mut(host).and_then(VecDeque::pop_front)
        };
        let reply = |status| {
            let reply = Response::builder().status(status);
            Ok(reply.body(Full::new(Bytes::from("a reply"))).unwrap())
        };
        match word.unwrap_or("200") {
            "refuse" => Err(ErrorKind::Connect.into()),
            "cut" => Err(ErrorKind::Closed.into()),
            "forge" => Err(ErrorKind::Tls(TlsFault::UnknownIssuer).into()),
            "garbage" => Err(ErrorKind::Http.into()),
            "hang" => pending().await,
            // A handshake that hangs, as the connector's deadline of 5 s makes of it.
            "stall" => {
                sleep(Duration::from_secs(5)).await;
                Err(Error::timeout(Deadline::Connect))
            }
            "wait" => {
                let mut reply = reply(503)?;
                reply.headers_mut().insert("retry-after", 7.into());
                Ok(reply)
            }
            status => reply(status.parse().unwrap()),
        }
    }
}
