//! The transport with a layer of the caller's own around it, which adds a number to each request.
//!
//! `cargo run -p wxpay-transport --example own_layer` starts a TLS server on 127.0.0.1 that
//! requires a client certificate, and calls it.
#![allow(
    clippy::print_stdout,
    reason = "an example for the terminal: its output is its result"
)]

use std::{
    error::Error,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{RootCertStore, ServerConfig, crypto::ring, server::WebPkiClientVerifier},
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use wxpay_transport::{CallInfo, Identity, Roots, Transport};

/// The layer, with the state that its services share.
#[derive(Debug, Clone, Default)]
struct NumberLayer {
    calls: Arc<AtomicU64>,
}

impl<S> Layer<S> for NumberLayer {
    type Service = Number<S>;

    fn layer(&self, inner: S) -> Number<S> {
        Number {
            inner,
            calls: Arc::clone(&self.calls),
        }
    }
}

/// The service, which adds a header to the request.
#[derive(Debug, Clone)]
struct Number<S> {
    inner: S,
    calls: Arc<AtomicU64>,
}

impl<S, B> Service<Request<B>> for Number<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        // The layer is outside of the transport, so all attempts of a call have the same number.
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let headers = request.headers_mut();
        headers.insert("x-call", HeaderValue::from(number));
        self.inner.call(request)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let authority = Authority::new()?;
    let server = serve(&authority).await?;
    let (certificate, key) = authority.issue("a client")?;
    let transport = Transport::builder()
        .identity(Identity::from_pem(certificate, key)?)
        .roots(Roots::empty().with_pem(authority.0.pem())?)
        .build()?;
    let mut service = ServiceBuilder::new()
        .layer(NumberLayer::default())
        .service(transport);
    for _ in 0..3 {
        let request = Request::post(format!("https://localhost:{}/", server.port()))
            .body(Full::new(Bytes::from("hello")))?;
        let response = service.ready().await?.call(request).await?;
        let attempts = response
            .extensions()
            .get::<CallInfo>()
            .map_or(0, |info| info.attempts);
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        let body = String::from_utf8_lossy(&body);
        println!("{}: {body} (attempt {attempts})", head.status);
    }
    Ok(())
}

/// A certificate authority for one run.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Ok(Self(CertifiedIssuer::self_signed(
            params,
            KeyPair::generate()?,
        )?))
    }

    /// A certificate and its key, in PEM.
    fn issue(&self, name: &str) -> Result<(String, String), rcgen::Error> {
        let mut params = CertificateParams::new(["localhost".to_owned()])?;
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate()?;
        Ok((params.signed_by(&key, &self.0)?.pem(), key.serialize_pem()))
    }
}

/// Answers each request with its `x-call`.
async fn serve(authority: &Authority) -> Result<SocketAddr, Box<dyn Error>> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(
        authority.0.pem().as_bytes(),
    )?)?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()?;
    let (certificate, key) = authority.issue("a server")?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes())?],
            PrivateKeyDer::from_pem_slice(key.as_bytes())?,
        )?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = Vec::new();
            while stream
                .read_buf(&mut request)
                .await
                .is_ok_and(|read| read > 0)
            {
                let text = String::from_utf8_lossy(&request);
                if text.ends_with("hello") {
                    let number = text.lines().find(|line| line.starts_with("x-call: "));
                    let body = number.unwrap_or("no number");
                    let reply = format!(
                        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                        body.len()
                    );
                    let _ = stream.write_all(reply.as_bytes()).await;
                    let _ = stream.shutdown().await;
                    break;
                }
            }
        }
    });
    Ok(addr)
}
