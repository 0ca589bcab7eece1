//! One connection: TLS, HTTP/1.1, and an end that loses no answer.

use std::{
    future::{pending, poll_fn},
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls_pki_types::UnixTime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    answer::{Answer, Cut},
    body,
};
use crate::{
    client_certificate::{ClientCertificate, Judge},
    fault::{Effect, Faults},
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
    pub(super) faults: Faults,
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
        let cut = Cut::default();
        let service = service_fn(|request| Box::pin(self.answer(&certificate, request, &cut)));
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .serve_connection(TokioIo::new(tls), service);
        let ended = poll_fn(|cx| match connection.poll_without_shutdown(cx) {
            Poll::Pending if cut.is_asked() => Poll::Ready(Ok(())),
            polled => polled,
        });
        if let Err(error) = ended.await {
            tracing::info!(%error, "the connection has ended early");
        }
        if cut.is_asked() {
            // Without a word: no end of TLS, and a reset where the client is still sending.
            return;
        }
        linger(connection.into_parts().io.into_inner()).await;
    }

    async fn answer(
        &self,
        certificate: &ClientCertificate,
        request: Request<Incoming>,
        cut: &Cut,
    ) -> Result<Response<Answer>, getrandom::Error> {
        if self.faults.cut_request(Instant::now()) {
            tracing::info!(fault = %Effect::CutInRequest, "cut");
            return never_answered(cut).await;
        }
        let (head, body) = request.into_parts();
        let body = body::read(body).await;
        let examination = self.gateway.examine(&Call {
            method: &head.method,
            path: head.uri.path(),
            headers: &head.headers,
            certificate,
            body: &body,
        });
        let plan = self.faults.plan(examination.file_name(), Instant::now());
        if let Some(time) = plan.delay {
            sleep(time).await;
        }
        let reply = self
            .gateway
            .answer(&examination, plan.effect, &MediaId::random()?);
        tracing::info!(
            method = %head.method,
            verdict = %reply.verdict,
            fault = plan.effect.map(tracing::field::display),
            read = body.bytes.len(),
            sent = reply.text.len(),
            "answered"
        );

        let mut answer = Answer::new(Bytes::from(reply.text));
        if let Some(time) = plan.delay_in_answer {
            answer = answer.pausing(time);
        }
        answer = match plan.effect {
            Some(Effect::CutBeforeAnswer) => return never_answered(cut).await,
            Some(Effect::CutInAnswer) => answer.cut_in_half(cut.clone()),
            Some(Effect::CutAfterAnswer) => answer.cut_at_end(cut.clone()),
            _ => answer,
        };
        let mut response = Response::new(answer);
        *response.status_mut() = reply.status;
        let headers = response.headers_mut();
        let content_type = HeaderValue::from_static(reply.content_type);
        headers.insert(header::CONTENT_TYPE, content_type);
        if body.end != End::Whole {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}

/// Asks for the end of the connection, and waits for it.
async fn never_answered<T>(cut: &Cut) -> T {
    cut.ask();
    pending().await
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
