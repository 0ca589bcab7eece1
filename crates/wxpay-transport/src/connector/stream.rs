//! A connection that is read on when it can no longer be written, and ends when it must.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tokio_rustls::client::TlsStream;

use super::{Wire, patience::Patience};
use crate::error::TlsFault;

/// A TLS connection whose last words are heard, and that does not outlive the other side's interest.
///
/// Under TLS 1.3 a server judges the client's certificate when the client is already sending. It
/// says its verdict in an alert and closes, or answers early and closes, so that the next write
/// fails while the reason lies unread. A write that fails for that is therefore taken for done:
/// what comes of the call is decided by what is read.
///
/// A call that is given up leaves behind what hyper has not written yet, and hyper writes that before
/// it closes. To a server that reads nothing it would write for ever.
pub(crate) struct Stream {
    io: TokioIo<TlsStream<Wire>>,
    verdict: Verdict,
    closed_for_writing: bool,
    patience: Patience,
}

/// What TLS said of the connection when it was read, for whoever has only a vaguer error.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict(Arc<OnceLock<TlsFault>>);

impl Verdict {
    pub(crate) fn fault(&self) -> Option<TlsFault> {
        self.0.get().copied()
    }
}

impl Stream {
    /// A connection that is given up when the other side takes nothing for as long as `patience`.
    pub(super) fn new(stream: TlsStream<Wire>, patience: Duration) -> Self {
        Self {
            io: TokioIo::new(stream),
            verdict: Verdict::default(),
            closed_for_writing: false,
            patience: Patience::new(patience),
        }
    }

    /// Writes, until the other side has closed; from then on everything counts as written.
    fn poll_unless_closed<T>(
        &mut self,
        cx: &mut Context<'_>,
        done: T,
        poll: impl FnOnce(Pin<&mut TokioIo<TlsStream<Wire>>>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.closed_for_writing {
            return Poll::Ready(Ok(done));
        }
        match poll(Pin::new(&mut self.io), cx) {
            Poll::Ready(Err(error)) if is_close(&error) => {
                self.closed_for_writing = true;
                Poll::Ready(Ok(done))
            }
            Poll::Ready(written) => {
                self.patience.renew();
                Poll::Ready(written)
            }
            Poll::Pending => {
                ready!(self.patience.poll_end(cx));
                // Nor does the system go on for us.
                self.io.inner().get_ref().0.reset_when_dropped()?;
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

fn is_close(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.verdict.clone())
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_read(cx, buffer);
        if let Poll::Ready(Err(error)) = &polled
            && let Some(fault) = TlsFault::within(error)
        {
            // The first word is the reason; what follows is its consequence.
            let _ = self.verdict.0.set(fault);
        }
        polled
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_unless_closed(cx, bytes.len(), |io, cx| io.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all = slices.iter().map(|slice| slice.len()).sum();
        self.poll_unless_closed(cx, all, |io, cx| io.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_unless_closed(cx, (), Write::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_unless_closed(cx, (), Write::poll_shutdown)
    }
}
