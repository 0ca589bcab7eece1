//! One connection: TLS, HTTP/1.1, and an end that loses no answer.

use std::{future::poll_fn, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls_pki_types::UnixTime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::body;
use crate::{
    client_certificate::{ClientCertificate, Judge},
    gateway::{Call, End, Gateway, MediaId},
};

const HANDSHAKE: Duration = Duration::from_secs(10);
/// For the head of a request, and between two requests.
const HEAD: Duration = Duration::from_secs(30);
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 64 * 1024 * 1024;

/// What all connections share.
pub(super) struct Connections {
    pub(super) acceptor: TlsAcceptor,
    pub(super) judge: Judge,
    pub(super) gateway: Gateway,
}

impl Connections {
    pub(super) async fn serve(&self, stream: TcpStream) {
        // Where this fails, answers come later, and that is all.
        let _slower = stream.set_nodelay(true);
        let tls = match timeout(HANDSHAKE, self.acceptor.accept(stream)).await {
            Ok(Ok(tls)) => tls,
            Ok(Err(error)) => return tracing::info!(%error, "no TLS handshake"),
            Err(_) => return tracing::info!("the TLS handshake took too long"),
        };
        let certificate = self
            .judge
            .judge(tls.get_ref().1.peer_certificates(), UnixTime::now());
        let service = service_fn(|request| Box::pin(self.answer(&certificate, request)));
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .serve_connection(TokioIo::new(tls), service);
        if let Err(error) = poll_fn(|cx| connection.poll_without_shutdown(cx)).await {
            tracing::info!(%error, "the connection has ended early");
        }
        linger(connection.into_parts().io.into_inner()).await;
    }

    async fn answer(
        &self,
        certificate: &ClientCertificate,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, getrandom::Error> {
        let (head, body) = request.into_parts();
        let body = body::read(body).await;
        let reply = self.gateway.answer(
            &Call {
                method: &head.method,
                path: head.uri.path(),
                content_type: head.headers.get(header::CONTENT_TYPE),
                certificate,
                body: &body,
            },
            &MediaId::random()?,
        );
        tracing::info!(
            method = %head.method,
            verdict = %reply.verdict,
            read = body.bytes.len(),
            sent = reply.xml.len(),
            "answered"
        );
        let mut response = Response::new(Full::from(reply.xml));
        *response.status_mut() = reply.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/xml; charset=utf-8"),
        );
        if body.end != End::Whole {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}

/// Closes our side and reads on for a while.
///
/// A socket that is closed while the client is still sending is reset, and a reset can take away an
/// answer that the client has received and not read yet.
async fn linger(mut tls: TlsStream<TcpStream>) {
    let close = async {
        tls.shutdown().await?;
        let (tcp, _) = tls.get_mut();
        let mut thrown_away = vec![0; 16 * 1024];
        let mut bytes = 0;
        while bytes < LINGER_BYTES {
            match tcp.read(&mut thrown_away).await? {
                0 => break,
                read => bytes += read,
            }
        }
        std::io::Result::Ok(())
    };
    // The client may be gone, or never close: both are its own affair.
    let _gone = timeout(LINGER, close).await;
}
