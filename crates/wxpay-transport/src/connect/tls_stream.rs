//! A guard around hyper-rustls' stream.

use std::{
    future::Future,
    io::{
        ErrorKind::{BrokenPipe, ConnectionReset, TimedOut},
        IoSlice,
    },
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::time::{Instant, Sleep, sleep};

use super::tcp::{Polled, Tcp};
use crate::{
    attempt::lock,
    error::{TlsErrorKind, find},
};

/// A TLS stream that still reads the peer's alert after a failed write, and gives up when the peer
/// stops reading.
///
/// Under TLS 1.3 a server judges the client's certificate when the client is already sending. It says the
/// outcome in an alert and closes, so that the next write fails while the reason lies unread. A write that
/// fails for that is therefore taken for done: what is read decides.
///
/// hyper closes after what it has to write, which to a server that reads nothing would last forever.
pub(crate) struct TlsStream {
    io: MaybeHttpsStream<Tcp>,
    closed_for_writing: bool,
    write_timeout: Duration,
    /// Runs while a write is pending. Boxed, as it is rarely needed.
    timer: Option<Pin<Box<Sleep>>>,
}

impl TlsStream {
    pub(super) fn new(io: MaybeHttpsStream<Tcp>, write_timeout: Duration) -> Self {
        Self {
            io,
            closed_for_writing: false,
            write_timeout,
            timer: None,
        }
    }

    fn tcp(&self) -> &Tcp {
        match &self.io {
            MaybeHttpsStream::Http(tcp) => tcp,
            MaybeHttpsStream::Https(tls) => tls.inner().get_ref().0.inner(),
        }
    }

    /// Writes, until the other side has closed; from then on everything counts as written.
    fn poll_unless_closed<T>(
        &mut self,
        cx: &mut Context<'_>,
        done: T,
        poll: impl FnOnce(Pin<&mut MaybeHttpsStream<Tcp>>, &mut Context<'_>) -> Polled<T>,
    ) -> Polled<T> {
        if self.closed_for_writing {
            return Poll::Ready(Ok(done));
        }
        match poll(Pin::new(&mut self.io), cx) {
            Poll::Ready(Err(error)) if matches!(error.kind(), BrokenPipe | ConnectionReset) => {
                self.closed_for_writing = true;
                Poll::Ready(Ok(done))
            }
            Poll::Ready(written) => {
                self.timer = None;
                Poll::Ready(written)
            }
            Poll::Pending => {
                let limit = self.write_timeout;
                let mut timer = self.timer.take().unwrap_or_else(|| Box::pin(sleep(limit)));
                while timer.as_mut().poll(cx).is_ready() {
                    // A long flush may move slowly.
                    let end = lock(&self.tcp().state).last_write + limit;
                    if end <= Instant::now() {
                        // Nor does the system go on for us.
                        self.tcp().reset_when_dropped()?;
                        return Poll::Ready(Err(TimedOut.into()));
                    }
                    timer.as_mut().reset(end);
                }
                self.timer = Some(timer);
                Poll::Pending
            }
        }
    }
}

impl Connection for TlsStream {
    fn connected(&self) -> Connected {
        self.io.connected()
    }
}

impl Read for TlsStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Polled<()> {
        let polled = Pin::new(&mut self.io).poll_read(cx, buffer);
        if let Poll::Ready(Err(error)) = &polled
            && let Some(error) = find::<rustls::Error>(error)
        {
            let mut facts = lock(&self.tcp().state);
            facts.alert.get_or_insert(TlsErrorKind::of(error));
        }
        polled
    }
}

impl Write for TlsStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Polled<usize> {
        self.poll_unless_closed(cx, bytes.len(), |io, cx| io.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Polled<usize> {
        let all = slices.iter().map(|slice| slice.len()).sum();
        self.poll_unless_closed(cx, all, |io, cx| io.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled<()> {
        self.poll_unless_closed(cx, (), Write::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled<()> {
        self.poll_unless_closed(cx, (), Write::poll_shutdown)
    }
}
