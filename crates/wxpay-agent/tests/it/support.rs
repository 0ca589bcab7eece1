//! An agent on a thread of its own, and a client that controls each byte it sends.

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

/// Time after which a test that hangs fails.
const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) struct TestAgent {
    pub(crate) sandbox: Sandbox,
    pub(crate) addr: SocketAddr,
    pub(crate) token: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<bool>>,
    _folder: TempDir,
}

/// What a test may change before the start.
pub(crate) struct Setup {
    pub(crate) merchants: Merchants,
    pub(crate) store: Store,
    pub(crate) options: Options,
    pub(crate) listeners: Vec<Listener>,
}

impl TestAgent {
    pub(crate) fn start() -> Self {
        Self::with(start_sandbox(), |_| {})
    }

    pub(crate) fn with(sandbox: Sandbox, change: impl FnOnce(&mut Setup) + Send + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let token = Token::open(&path).unwrap();
        let settings = settings(sandbox.credentials(), &sandbox.origin());
        let load = move || Loaded {
            files: Vec::new(),
            settings: Ok(settings.clone()),
        };
        let (started, ready) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let run = async move || {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let listener = Listener::Tcp(listener);
            let addr = listener.addr().unwrap();
            let mut setup = Setup {
                merchants: Merchants::one(load),
                store: Store::in_memory(),
                options: Options::default(),
                listeners: vec![listener],
            };
            setup.options.token = Some(token);
            change(&mut setup);
            let agent = Agent::start(setup.merchants, setup.store, setup.options);
            let agent = agent.await.unwrap();
            started.send(addr).unwrap();
            let stopped = async { drop(stopped.await) };
            agent.serve(setup.listeners, stopped).await
        };
        Self {
            thread: Some(thread::spawn(|| block_on(run()))),
            sandbox,
            addr: ready.recv_timeout(TIMEOUT).unwrap(),
            token: fs::read_to_string(path).unwrap().trim_end().to_owned(),
            stop: Some(stop),
            _folder: folder,
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream
    }

    /// The head of a request with the token and with these further lines.
    pub(crate) fn head(&self, line: &str, more: &str) -> String {
        let token = &self.token;
        format!("{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{more}")
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.ask(&format!("GET {path}"), "", b"")
    }

    /// Posts a picture itself.
    pub(crate) fn post(&self, query: &str, picture: &[u8]) -> Response {
        self.ask(&format!("POST /v1/media{query}"), "", picture)
    }

    pub(crate) fn post_as(&self, kind: &str, body: &[u8]) -> Response {
        self.ask("POST /v1/media", &format!("Content-Type: {kind}\r\n"), body)
    }

    pub(crate) fn ask(&self, line: &str, more: &str, body: &[u8]) -> Response {
        let length = body.len();
        let head = self.head(line, &format!("{more}Content-Length: {length}\r\n\r\n"));
        self.send(&[head.as_bytes(), body].concat())
    }

    /// Sends these bytes on a new connection. A server that refuses early need not read them all.
    pub(crate) fn send(&self, bytes: &[u8]) -> Response {
        let mut stream = self.connect();
        let _ = stream.write_all(bytes);
        Response::read(stream)
    }

    /// Sends the head of an upload of `length` bytes, and the first bytes of the picture.
    pub(crate) fn begin(&self, length: usize, sent: usize) -> TcpStream {
        let mut stream = self.connect();
        let head = format!("Content-Length: {length}\r\n\r\n");
        let head = self.head("POST /v1/media", &head);
        let request = [head.as_bytes(), &picture(length)[..sent]].concat();
        stream.write_all(&request).unwrap();
        stream
    }

    /// Sends a whole picture, and leaves the response to be read.
    pub(crate) fn begin_upload(&self, length: usize) -> TcpStream {
        self.begin(length, length)
    }

    /// Waits until this number of requests waits or is under way.
    #[track_caller]
    pub(crate) fn wait_for_queue(&self, requests: usize) {
        let line = format!("wxpay_queue_requests{{merchant=\"1900000109\"}} {requests}\n");
        until(|| self.get("/metrics").text.contains(&line));
    }

    /// The number of calls that have reached the gateway.
    pub(crate) fn calls(&self) -> usize {
        self.sandbox.requests().len()
    }

    pub(crate) fn ask_to_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Asserts that the agent ends in time, with all requests answered.
    #[track_caller]
    pub(crate) fn assert_ends_before(&mut self, end: Instant) {
        assert!(self.thread.take().unwrap().join().unwrap());
        assert!(Instant::now() < end, "late");
    }
}

impl Drop for TestAgent {
    fn drop(&mut self) {
        self.ask_to_stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut builder = runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(future)
}

pub(crate) fn start_sandbox() -> Sandbox {
    block_on(Sandbox::builder().start()).unwrap()
}

/// The settings of a sandbox's merchant, without retries.
pub(crate) fn settings(credentials: &Credentials, origin: &str) -> Settings {
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

/// Waits until a condition holds; for less than the minute after which a merchant is ready again by
/// itself.
#[track_caller]
pub(crate) fn until(mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(40);
    while !holds() {
        assert!(Instant::now() < end, "the condition never holds");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The picture with this number of bytes.
pub(crate) fn picture(bytes: usize) -> Vec<u8> {
    let header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0";
    let mut picture = header.to_vec();
    picture.resize(bytes, b'x');
    picture
}

pub(crate) struct Response {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) text: String,
}

impl Response {
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

    /// Asserts that the head has these words, which are in lower case.
    #[track_caller]
    pub(crate) fn assert_head(&self, words: &str) {
        assert!(self.head.contains(words), "{}", self.head);
    }

    /// Asserts the status and words of the error's message.
    #[track_caller]
    pub(crate) fn assert_refused(self, status: u16, words: &str) -> Self {
        let response = self.assert_status(status);
        let message = response.json()["error"]["message"].clone();
        let has_words = message.as_str().unwrap().contains(words);
        assert!(has_words, "{words}: {message}");
        response
    }

    pub(crate) fn media_id(&self) -> String {
        let json = self.json();
        let id = json["media_id"].as_str();
        id.unwrap_or_else(|| panic!("{}", self.text)).to_owned()
    }
}
