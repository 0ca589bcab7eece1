//! A TCP connection to a server or to the proxy before it.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A TCP connection, and whoever listens to the status of a proxy's answer on it.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    listener: Option<Listener>,
}

/// The status in the first line that was read, once it was.
#[derive(Debug, Clone, Default)]
pub(super) struct Status(Arc<OnceLock<u16>>);

impl Status {
    pub(super) fn heard(&self) -> Option<u16> {
        self.0.get().copied()
    }
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            listener: None,
        }
    }

    /// One whose first line is listened to.
    pub(super) fn overheard(stream: TcpStream, status: Status) -> Self {
        let listener = Listener {
            line: Vec::new(),
            status,
        };
        Self {
            stream,
            listener: Some(listener),
        }
    }

    pub(super) fn unheard(mut self) -> Self {
        self.listener = None;
        self
    }

    /// Has the system throw away what the other side has not read, instead of keeping it for it.
    pub(super) fn reset_when_dropped(&self) -> io::Result<()> {
        self.stream.set_zero_linger()
    }

    /// Who is at the other end: the server or the proxy.
    pub(crate) fn peer(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

#[derive(Debug)]
struct Listener {
    line: Vec<u8>,
    status: Status,
}

impl Listener {
    fn hear(&mut self, bytes: &[u8]) {
        const LENGTH: usize = "HTTP/1.1 200".len();
        let missing = LENGTH.saturating_sub(self.line.len());
        self.line.extend(bytes.iter().take(missing));
        if self.line.len() == LENGTH
            && let Some(status) = status(&self.line)
        {
            // The first line counts, and there is but one.
            let _ = self.status.0.set(status);
        }
    }
}

fn status(line: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    let (_, status) = line.split_once(' ')?;
    status.parse().ok()
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Some(listener) = &mut self.listener {
            listener.hear(buffer.filled().get(before..).unwrap_or_default());
        }
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(pieces: &[&str]) -> Option<u16> {
        let status = Status::default();
        let mut listener = Listener {
            line: Vec::new(),
            status: status.clone(),
        };
        for piece in pieces {
            listener.hear(piece.as_bytes());
        }
        status.heard()
    }

    #[test]
    fn the_status_is_heard_however_it_is_cut() {
        for pieces in [
            &["HTTP/1.1 403 Forbidden\r\n\r\n"][..],
            &["H", "TTP/1.", "1 40", "3", " "],
            &["HTTP/1.0 403", "HTTP/1.1 200"],
        ] {
            assert_eq!(heard(pieces), Some(403), "{pieces:?}");
        }
        for pieces in [
            &[][..],
            &["HTTP/1.1 40"],
            &["SSH-2.0-OpenSSH_9.2"],
            &["HTTP/1.1 x00"],
        ] {
            assert_eq!(heard(pieces), None, "{pieces:?}");
        }
    }
}
