//! Sockets: by address, by path, or handed over by systemd.

use std::{
    fmt, io,
    net::SocketAddr,
    path::PathBuf,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};

#[cfg(unix)]
pub use unix::{activated, notify};

/// A socket that requests are taken from. Shows as `http://127.0.0.1:8479` or `unix:/run/wxpay.sock`.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    /// Of a Unix socket, which this listener removes where it has made it.
    path: Option<PathBuf>,
    is_made: bool,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener, SocketAddr),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

/// A connection of any kind.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Listener {
    /// Listens on an address; port 0 is any free one.
    ///
    /// # Errors
    ///
    /// The system's, where the address is taken or not this machine's.
    pub async fn tcp(addr: SocketAddr) -> io::Result<Self> {
        Self::of_tcp(TcpListener::bind(addr).await?)
    }

    fn of_tcp(listener: TcpListener) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        Ok(Self {
            socket: Socket::Tcp(listener, addr),
            path: None,
            is_made: false,
        })
    }

    /// Its address with the port that it got; none where it is a Unix socket.
    #[must_use]
    pub fn addr(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(_, addr) => Some(*addr),
            #[cfg(unix)]
            Socket::Unix(_) => None,
        }
    }

    pub(crate) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Io>>> {
        match &self.socket {
            Socket::Tcp(listener, _) => listener.poll_accept(cx).map_ok(|(stream, _)| {
                // If this fails, responses only come later.
                let _slower = stream.set_nodelay(true);
                Box::new(stream) as _
            }),
            #[cfg(unix)]
            Socket::Unix(listener) => {
                let accepted = listener.poll_accept(cx);
                accepted.map_ok(|(stream, _)| Box::new(stream) as _)
            }
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.addr(), &self.path) {
            (Some(addr), _) => write!(f, "http://{addr}"),
            (None, path) => {
                let path = path.as_ref().map(|path| path.to_string_lossy());
                write!(f, "unix:{}", path.unwrap_or_default())
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let (Some(path), true) = (&self.path, self.is_made) {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::{
        env, fs, io,
        os::unix::{
            fs::{FileTypeExt, PermissionsExt},
            net::{UnixDatagram, UnixStream},
        },
        path::Path,
    };

    use listenfd::ListenFd;
    use tokio::net::{TcpListener, UnixListener};

    use super::{Listener, Socket};

    impl Listener {
        /// Listens on a Unix socket with these permissions, which are all that guards it. A socket that an
        /// earlier process has left is replaced, one that is in use is not.
        ///
        /// # Errors
        ///
        /// The system's, or that something else is at this path.
        ///
        /// # Panics
        ///
        /// Outside a Tokio runtime.
        pub fn unix(path: &Path, mode: u32) -> io::Result<Self> {
            match fs::symlink_metadata(path) {
                Err(_) => {}
                Ok(metadata) if !metadata.file_type().is_socket() => {
                    return Err(io::Error::other("something that is no socket is there"));
                }
                Ok(_) if UnixStream::connect(path).is_ok() => {
                    return Err(io::Error::other("another process listens there"));
                }
                Ok(_) => fs::remove_file(path)?,
            }
            let socket = UnixListener::bind(path)?;
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
            Ok(Self {
                socket: Socket::Unix(socket),
                path: Some(path.to_owned()),
                is_made: true,
            })
        }
    }

    /// The sockets that systemd has opened for this process, by `LISTEN_FDS`; none where it has opened
    /// none.
    ///
    /// # Errors
    ///
    /// When one of them is neither TCP nor a Unix stream, or does not listen.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub fn activated() -> io::Result<Vec<Listener>> {
        let mut handed_over = ListenFd::from_env();
        let mut listeners = Vec::new();
        for at in 0..handed_over.len() {
            if let Ok(Some(tcp)) = handed_over.take_tcp_listener(at) {
                tcp.set_nonblocking(true)?;
                listeners.push(Listener::of_tcp(TcpListener::from_std(tcp)?)?);
            } else if let Some(unix) = handed_over.take_unix_listener(at)? {
                unix.set_nonblocking(true)?;
                let path = unix.local_addr()?.as_pathname().map(Path::to_owned);
                listeners.push(Listener {
                    socket: Socket::Unix(UnixListener::from_std(unix)?),
                    path,
                    is_made: false,
                });
            }
        }
        Ok(listeners)
    }

    /// Tells systemd, by the socket in `NOTIFY_SOCKET`: `READY=1`, `STOPPING=1`. Does nothing without one.
    ///
    /// # Errors
    ///
    /// The system's, where the socket takes nothing.
    pub fn notify(state: &str) -> io::Result<()> {
        let Some(path) = env::var_os("NOTIFY_SOCKET") else {
            return Ok(());
        };
        let socket = UnixDatagram::unbound()?;
        #[cfg(target_os = "linux")]
        if let Some(name) = path.as_encoded_bytes().strip_prefix(b"@") {
            use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};
            let address = SocketAddr::from_abstract_name(name)?;
            return socket.send_to_addr(state.as_bytes(), &address).map(drop);
        }
        socket.send_to(state.as_bytes(), path).map(drop)
    }
}
