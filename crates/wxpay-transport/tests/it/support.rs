//! A certificate authority and a scripted TLS server.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response, uri::Authority};
use http_body_util::{BodyExt, Full};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        DEFAULT_VERSIONS, RootCertStore, ServerConfig, SupportedProtocolVersion,
        crypto::{CryptoProvider, ring},
        server::WebPkiClientVerifier,
    },
    server::TlsStream,
};
use tower::ServiceExt;
use wxpay_transport::{Error, Identity, Roots, Transport, TransportBuilder};

pub(crate) type Tls = TlsStream<TcpStream>;

/// An authority made for one test.
pub(crate) struct Ca(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub(crate) struct Pair {
    pub(crate) cert: String,
    pub(crate) key: String,
}

impl Pair {
    pub(crate) fn identity(&self) -> Identity {
        Identity::from_pem(&self.cert, &self.key).unwrap()
    }

    /// The certificate as it goes over the wire.
    pub(crate) fn der(&self) -> Vec<u8> {
        let der = CertificateDer::from_pem_slice(self.cert.as_bytes());
        der.unwrap().to_vec()
    }
}

impl Ca {
    pub(crate) fn new() -> Self {
        Self::named("an authority")
    }

    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::empty().with_pem(self.pem()).unwrap()
    }

    /// A transport that trusts this authority alone, and repeats without waiting.
    pub(crate) fn builder(&self) -> TransportBuilder {
        let builder = Transport::builder().roots(self.roots());
        builder
            .max_retries(2)
            .backoff(Duration::ZERO, Duration::ZERO)
    }

    /// The same, that repeats nothing: where a call must succeed at once, or fail as it fails.
    pub(crate) fn builder_for_one_attempt(&self) -> TransportBuilder {
        self.builder().max_retries(0)
    }

    pub(crate) fn issue(&self, change: impl FnOnce(&mut CertificateParams)) -> Pair {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.0).unwrap();
        Pair {
            cert: cert.pem(),
            key: key.serialize_pem(),
        }
    }

    /// A good certificate for `localhost`, used by servers and clients alike.
    pub(crate) fn pair(&self) -> Pair {
        self.issue(|_| {})
    }

    pub(crate) fn expired(&self) -> Pair {
        self.issue(|params| params.not_after = date_time_ymd(2001, 1, 1))
    }

    pub(crate) fn not_yet_valid(&self) -> Pair {
        self.issue(|params| params.not_before = date_time_ymd(4000, 1, 1))
    }

    /// A server that asks nobody for a certificate.
    pub(crate) fn server(&self) -> ServerConfig {
        server(&self.pair())
    }

    /// A server that insists on a client certificate of this authority.
    pub(crate) fn demanding_server(&self) -> ServerConfig {
        self.server_demanding(self)
    }

    /// A server of this authority that insists on a client certificate of the other.
    pub(crate) fn server_demanding(&self, other: &Self) -> ServerConfig {
        server_demanding(&self.pair(), other, ring::default_provider())
    }
}

/// A server that insists on a client certificate of this authority, which the provider can check.
fn server_demanding(pair: &Pair, authority: &Ca, for_clients: CryptoProvider) -> ServerConfig {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(authority.pem().as_bytes());
    roots.add(authority.unwrap()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots.into(), for_clients.into()).build();
    let (chain, key) = der(pair);
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.unwrap())
        .with_single_cert(chain, key)
        .unwrap()
}

/// A server that takes clients of this authority, if their keys are for ECDSA.
pub(crate) fn server_of_ecdsa_clients(ca: &Ca) -> ServerConfig {
    let mut for_clients = ring::default_provider();
    let algorithms = &mut for_clients.signature_verification_algorithms;
    let ecdsa = algorithms.mapping.iter().copied();
    let ecdsa = ecdsa.filter(|(scheme, _)| format!("{scheme:?}").starts_with("ECDSA"));
    algorithms.mapping = ecdsa.collect::<Vec<_>>().leak();
    server_demanding(&ca.pair(), ca, for_clients)
}

pub(crate) fn server(pair: &Pair) -> ServerConfig {
    server_with(pair, DEFAULT_VERSIONS)
}

pub(crate) fn server_with(
    pair: &Pair,
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConfig {
    let (chain, key) = der(pair);
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap()
}

fn der(pair: &Pair) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let cert = CertificateDer::from_pem_slice(pair.cert.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    (vec![cert], key)
}

/// An address that refuses connections for as long as the socket lives, which keeps its port.
pub(crate) fn refusing() -> (SocketAddr, TcpSocket) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (socket.local_addr().unwrap(), socket)
}

/// Accepts TCP connections and hands each to `handle`, in a task of its own.
pub(crate) async fn serve_tcp<F, Fut>(handle: F) -> SocketAddr
where
    F: FnMut(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    accept(listener, handle);
    addr
}

fn accept<F, Fut>(listener: TcpListener, mut handle: F)
where
    F: FnMut(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    });
}

/// The same with TLS; a failed handshake is the client's to report.
pub(crate) async fn serve<F, Fut>(config: ServerConfig, handle: F) -> SocketAddr
where
    F: Fn(Tls) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    serve_on(listener, config, handle);
    addr
}

/// The same on an address that was taken before, as by [`refusing`].
pub(crate) fn serve_on<F, Fut>(listener: TcpListener, config: ServerConfig, handle: F)
where
    F: Fn(Tls) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let acceptor = TlsAcceptor::from(Arc::new(config));
    accept(listener, move |stream| {
        let (acceptor, handle) = (acceptor.clone(), handle.clone());
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                handle(stream).await;
            }
        }
    });
}

/// A server that hands on what `handle` makes of each connection.
pub(crate) async fn serve_telling<T, F, Fut>(
    config: ServerConfig,
    handle: F,
) -> (SocketAddr, mpsc::UnboundedReceiver<T>)
where
    T: Send + 'static,
    F: Fn(Tls) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = T> + Send + 'static,
{
    let (sender, told) = mpsc::unbounded_channel();
    let addr = serve(config, move |stream| {
        let (told, sender) = (handle(stream), sender.clone());
        async move { drop(sender.send(told.await)) }
    });
    (addr.await, told)
}

/// Reads a request and answers it.
pub(crate) async fn answer(stream: &mut Tls) -> Vec<u8> {
    let request = read_request(stream).await;
    let _ = stream.write_all(OK.as_bytes()).await;
    request
}

/// Answers every request that is whole, until the client closes.
pub(crate) async fn answer_all(mut stream: Tls) {
    while !read_request(&mut stream).await.is_empty() {
        if stream.write_all(OK.as_bytes()).await.is_err() {
            break;
        }
    }
}

/// A server that reads one request a connection and sends `reply`, byte for byte.
pub(crate) async fn serve_reply(config: ServerConfig, reply: impl Into<Vec<u8>>) -> SocketAddr {
    let reply: Arc<[u8]> = reply.into().into();
    serve(config, move |mut stream| {
        let reply = reply.clone();
        async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(&reply).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

/// Reads one whole request with a `Content-Length` (or none), head and body.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    read_slowly(stream, 64 * 1024, Duration::ZERO, usize::MAX).await
}

/// The same in pieces of so many bytes, with a pause before each, and up to a length.
pub(crate) async fn read_slowly(
    stream: &mut (impl AsyncRead + Unpin),
    piece: usize,
    pause: Duration,
    most: usize,
) -> Vec<u8> {
    let (mut request, mut piece) = (Vec::new(), vec![0; piece]);
    while request.len() < most {
        if !pause.is_zero() {
            sleep(pause).await;
        }
        match stream.read(&mut piece).await {
            Ok(read @ 1..) => request.extend_from_slice(&piece[..read]),
            _ => break,
        }
        let Some((head, body)) = split(&request) else {
            continue;
        };
        let mut lines = head.lines();
        let length = lines.find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            break;
        }
    }
    request
}

/// The head of a request in lower case, and what there is of its body.
pub(crate) fn split(request: &[u8]) -> Option<(String, &[u8])> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&request[..end]);
    Some((head.to_ascii_lowercase(), &request[end..]))
}

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

pub(crate) fn authority(addr: SocketAddr) -> Authority {
    format!("localhost:{}", addr.port()).parse().unwrap()
}

pub(crate) fn post(addr: SocketAddr, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let uri = format!("https://localhost:{}/", addr.port());
    Request::post(uri).body(Full::new(body.into())).unwrap()
}

/// Posts five bytes there; bounded, so that a hang fails the test instead of stopping it.
pub(crate) async fn call(
    builder: TransportBuilder,
    addr: SocketAddr,
) -> Result<Response<Bytes>, Error> {
    let transport: Transport<_> = builder.build().unwrap();
    send(&transport, post(addr, "hello")).await
}

/// Makes a call, and takes the bytes out of the response.
pub(crate) async fn send<B>(
    transport: &Transport<B>,
    request: Request<B>,
) -> Result<Response<Bytes>, Error>
where
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Clone
        + Send
        + Unpin
        + 'static,
{
    let call = transport.clone().oneshot(request);
    let response = timeout(Duration::from_secs(3600), call).await;
    let (head, body) = response.expect("the call must end")?.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Ok(Response::from_parts(head, body))
}
