//! A certificate authority, TLS servers, and the log.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
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
        server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    },
    server::TlsStream,
};
use tower::ServiceExt;
use wxpay_transport::{Error, Identity, Roots, Transport, TransportBuilder};

pub(crate) type Tls = TlsStream<TcpStream>;

/// A certificate authority.
pub(crate) struct Ca(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) cert: String,
    pub(crate) key: String,
}

impl Pair {
    pub(crate) fn identity(&self) -> Identity {
        Identity::from_pem(&self.cert, &self.key).unwrap()
    }

    /// The certificate in DER.
    pub(crate) fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.cert.as_bytes()).unwrap()
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

    /// A transport that trusts this authority alone.
    pub(crate) fn builder(&self) -> TransportBuilder {
        Transport::builder().roots(self.roots())
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

    /// A valid certificate for `localhost`, for a server or a client.
    pub(crate) fn pair(&self) -> Pair {
        self.issue(|_| {})
    }

    pub(crate) fn expired(&self) -> Pair {
        self.issue(|params| params.not_after = date_time_ymd(2001, 1, 1))
    }

    pub(crate) fn not_yet_valid(&self) -> Pair {
        self.issue(|params| params.not_before = date_time_ymd(4000, 1, 1))
    }

    /// A server that asks for no client certificate.
    pub(crate) fn server(&self) -> ServerConfig {
        server(&self.pair())
    }

    /// A server that requires a client certificate of this authority.
    pub(crate) fn demanding_server(&self) -> ServerConfig {
        self.server_demanding(self)
    }

    /// A server of this authority that requires a client certificate of the other.
    pub(crate) fn server_demanding(&self, other: &Self) -> ServerConfig {
        let verifier = client_verifier(other, ring::default_provider());
        server_config(&self.pair(), DEFAULT_VERSIONS, verifier)
    }

    /// A server that requires a client certificate of this authority with a key for ECDSA.
    pub(crate) fn server_of_ecdsa_clients(&self, versions: Versions<'_>) -> ServerConfig {
        let mut provider = ring::default_provider();
        let algorithms = &mut provider.signature_verification_algorithms;
        let ecdsa = algorithms.mapping.iter().copied();
        let ecdsa = ecdsa.filter(|(scheme, _)| format!("{scheme:?}").starts_with("ECDSA"));
        algorithms.mapping = ecdsa.collect::<Vec<_>>().leak();
        server_config(&self.pair(), versions, client_verifier(self, provider))
    }
}

fn client_verifier(authority: &Ca, provider: CryptoProvider) -> Arc<dyn ClientCertVerifier> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.0.der().clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots.into(), provider.into()).build();
    verifier.unwrap()
}

pub(crate) fn server(pair: &Pair) -> ServerConfig {
    server_with(pair, DEFAULT_VERSIONS)
}

type Versions<'a> = &'a [&'static SupportedProtocolVersion];

pub(crate) fn server_with(pair: &Pair, versions: Versions<'_>) -> ServerConfig {
    server_config(pair, versions, WebPkiClientVerifier::no_client_auth())
}

fn server_config(
    pair: &Pair,
    versions: Versions<'_>,
    clients: Arc<dyn ClientCertVerifier>,
) -> ServerConfig {
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(
            vec![pair.der()],
            PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap(),
        )
        .unwrap()
}

/// An address that refuses connections for as long as the socket lives, which keeps its port.
pub(crate) fn refusing() -> (SocketAddr, TcpSocket) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (socket.local_addr().unwrap(), socket)
}

/// Accepts TCP connections and passes each to `handle`, in a task of its own.
pub(crate) async fn serve_tcp<F, Fut>(mut handle: F) -> SocketAddr
where
    F: FnMut(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    });
    addr
}

/// Accepts TLS connections and passes each to `handle`; a failed handshake is left to the client.
pub(crate) async fn serve<F, Fut>(config: ServerConfig, handle: F) -> SocketAddr
where
    F: Fn(Tls) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let handle = move |stream| {
        let (acceptor, handle) = (acceptor.clone(), handle.clone());
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                handle(stream).await;
            }
        }
    };
    serve_tcp(handle).await
}

/// A server that sends the results of `handle` to the test.
pub(crate) async fn serve_reporting<T, F, Fut>(
    config: ServerConfig,
    handle: F,
) -> (SocketAddr, mpsc::UnboundedReceiver<T>)
where
    T: Send + 'static,
    F: Fn(Tls) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = T> + Send + 'static,
{
    let (sender, results) = mpsc::unbounded_channel();
    let addr = serve(config, move |stream| {
        let (result, sender) = (handle(stream), sender.clone());
        async move { drop(sender.send(result.await)) }
    });
    (addr.await, results)
}

/// Reads a request and answers it.
pub(crate) async fn answer(stream: &mut Tls) -> Vec<u8> {
    let request = read_request(stream).await;
    let _ = stream.write_all(OK.as_bytes()).await;
    request
}

/// Answers every request, until the client closes.
pub(crate) async fn answer_all(mut stream: Tls) {
    while !read_request(&mut stream).await.is_empty() {
        if stream.write_all(OK.as_bytes()).await.is_err() {
            break;
        }
    }
}

/// A server that reads one request on each connection, sends these bytes and closes.
pub(crate) async fn serve_response(
    config: ServerConfig,
    response: impl Into<Vec<u8>>,
) -> SocketAddr {
    let response: Arc<[u8]> = response.into().into();
    serve(config, move |mut stream| {
        let response = response.clone();
        async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(&response).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

/// Reads a request, whose body has a `Content-Length` or is empty.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    read_slowly(stream, 64 * 1024, Duration::ZERO, usize::MAX).await
}

/// Reads a request in pieces of this size, with a pause before each, until it has `most` bytes.
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

/// The head of a request in lower case, and the body as far as it has come.
pub(crate) fn split(request: &[u8]) -> Option<(String, &[u8])> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&request[..end]);
    Some((head.to_ascii_lowercase(), &request[end..]))
}

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

pub(crate) fn post(addr: SocketAddr, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let uri = format!("https://localhost:{}/", addr.port());
    Request::post(uri).body(Full::new(body.into())).unwrap()
}

/// Posts five bytes there.
pub(crate) async fn call(
    builder: TransportBuilder,
    addr: SocketAddr,
) -> Result<Response<Bytes>, Error> {
    let transport: Transport<_> = builder.build().unwrap();
    send(&transport, post(addr, "hello")).await
}

/// Makes a call, which must end, and reads the response's body.
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
