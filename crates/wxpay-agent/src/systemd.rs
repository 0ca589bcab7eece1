//! Unix: sockets by path, sockets that systemd hands over, and words to it.

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

use crate::server::{Listener, Socket};

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
            Ok(metadata) if !metadata.file_type().is_socket() => {
                let problem = "something that is no socket is at this path";
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, problem));
            }
            Ok(_) if UnixStream::connect(path).is_ok() => {
                let problem = "another process listens at this path";
                return Err(io::Error::new(io::ErrorKind::AddrInUse, problem));
            }
            Ok(_) => fs::remove_file(path)?,
            Err(_) => {}
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

/// The sockets that systemd has opened for this process, by `LISTEN_FDS`; none where it has opened none.
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
    let mut listeners = Vec::with_capacity(handed_over.len());
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
