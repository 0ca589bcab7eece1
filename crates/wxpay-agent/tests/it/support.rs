//! An agent on a thread of its own, and a client that says what it sends byte by byte.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime, sync::oneshot};
use wxpay_agent::{Agent, Listener, Loaded, Merchants, Options, Settings, Store, Token};
use wxpay_media::{Client, Endpoint, Identity, MerchantId, Roots};
use wxpay_sandbox::{Credentials, Sandbox};

/// More than any of these tests needs, so that a hang fails the test.
const BOUND: Duration = Duration::from_secs(60);

pub(crate) struct Door {
    pub(crate) sandbox: Sandbox,
    pub(crate) addr: SocketAddr,
    pub(crate) token: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<bool>>,
    _folder: TempDir,
}

/// What a test changes.
pub(crate) struct Setup {
    pub(crate) merchants: Option<Merchants>,
    pub(crate) store: Store,
    pub(crate) options: Options,
    pub(crate) listeners: Vec<Listener>,
}

impl Door {
    pub(crate) fn start() -> Self {
        Self::with(start_sandbox(), |_| {})
    }

    pub(crate) fn with(sandbox: Sandbox, change: impl FnOnce(&mut Setup) + Send + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let token = Token::open(&path).unwrap();
        let settings = settings(&sandbox);
        let load = move || Loaded {
            files: Vec::new(),
            settings: Ok(settings.clone()),
        };
        let (started, ready) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let listener = Listener::Tcp(listener);
                let addr = listener.addr().unwrap();
                let mut setup = Setup {
                    merchants: None,
                    store: Store::in_memory(),
                    options: Options::default(),
                    listeners: vec![listener],
                };
                setup.options.token = Some(token);
                change(&mut setup);
                let merchants = setup.merchants.unwrap_or_else(|| Merchants::one(load));
                let agent = Agent::start(merchants, setup.store, setup.options)
                    .await
                    .unwrap();
                started.send(addr).unwrap();
                agent
                    .serve(setup.listeners, async { drop(stopped.await) })
                    .await
            })
        });
        Self {
            sandbox,
            addr: ready.recv_timeout(BOUND).unwrap(),
            token: fs::read_to_string(path).unwrap().trim_end().to_owned(),
            stop: Some(stop),
            thread: Some(thread),
            _folder: folder,
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        stream
    }

    /// The head of a request with a token, and with further lines.
    pub(crate) fn head(&self, line: &str, more: &str) -> String {
        let token = &self.token;
        format!("{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{more}")
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), "", b"")
    }

    /// Posts a picture itself.
    pub(crate) fn post(&self, query: &str, picture: &[u8]) -> Answer {
        self.ask(&format!("POST /v1/media{query}"), "", picture)
    }

    pub(crate) fn post_as(&self, kind: &str, body: &[u8]) -> Answer {
        self.ask("POST /v1/media", &format!("Content-Type: {kind}\r\n"), body)
    }

    pub(crate) fn ask(&self, line: &str, more: &str, body: &[u8]) -> Answer {
        let head = self.head(
            line,
            &format!("{more}Content-Length: {}\r\n\r\n", body.len()),
        );
        self.send(&[head.as_bytes(), body].concat())
    }

    /// Sends these bytes on a new connection. A server that refuses early need not read them all.
    pub(crate) fn send(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        let _ = stream.write_all(bytes);
        Answer::read(stream)
    }

    /// How many calls have reached the gateway.
    pub(crate) fn calls(&self) -> usize {
        self.sandbox.requests().len()
    }

    pub(crate) fn ask_to_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits for the end; true when all was answered.
    pub(crate) fn ended(&mut self) -> bool {
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.ask_to_stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub(crate) fn start_sandbox() -> Sandbox {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(Sandbox::builder().start()).unwrap()
}

/// The settings of a sandbox's merchant; nothing is repeated.
pub(crate) fn settings(sandbox: &Sandbox) -> Settings {
    settings_of(sandbox.credentials(), &sandbox.origin())
}

pub(crate) fn settings_of(credentials: &Credentials, origin: &str) -> Settings {
    let id = MerchantId::new(credentials.mch_id()).unwrap();
    let identity = Identity::from_pem(credentials.cert_pem(), credentials.key_pem()).unwrap();
    let endpoint: Endpoint = origin.parse().unwrap();
    let end = identity.not_after();
    let client = Client::builder(id.clone(), credentials.api_key().clone())
        .endpoints(endpoint.clone())
        .identity(identity)
        .roots(Roots::empty().with_pem(credentials.ca_pem()).unwrap())
        .max_retries(0);
    let mut settings = Settings::new(id, client.build().unwrap(), &endpoint.into());
    settings.region = "sandbox".to_owned();
    settings.not_after = Some(end);
    settings
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "it never is so");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A picture of so many bytes, no other of the same number.
pub(crate) fn picture(bytes: usize) -> Vec<u8> {
    let header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0";
    let mut picture = header.to_vec();
    picture.resize(bytes, b'x');
    picture
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn read(stream: impl Read) -> Self {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0, "cut: {head:?}");
        }
        let head = head.to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.split("content-length: ").nth(1);
        let length = length.map_or(0, |it| it.lines().next().unwrap().parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let text = String::from_utf8(body).unwrap();
        Self { status, head, text }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    #[track_caller]
    pub(crate) fn assert_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} {}", self.head, self.text);
        self
    }

    /// Asserts the status and a word of the error.
    #[track_caller]
    pub(crate) fn assert_refused(self, status: u16, word: &str) -> Self {
        let answer = self.assert_status(status);
        let error = answer.json()["error"].clone();
        assert!(
            error["message"].as_str().unwrap().contains(word),
            "{word}: {error}"
        );
        answer
    }

    pub(crate) fn media_id(&self) -> String {
        self.json()["media_id"]
            .as_str()
            .unwrap_or_else(|| panic!("{}", self.text))
            .to_owned()
    }
}
