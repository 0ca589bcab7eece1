//! The sockets of `wxpay serve`: TCP, Unix, and those that systemd hands over.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use wxpay_agent::Listener;

use crate::args::ServeArgs;
#[cfg(unix)]
use crate::terminal;

/// The sockets, and the line about each.
pub(super) struct Sockets {
    pub(super) listeners: Vec<Listener>,
    pub(super) shown: Vec<String>,
    /// Removes the file of the Unix socket.
    #[cfg(unix)]
    pub(super) _made: Option<unix::Made>,
}

impl Sockets {
    pub(super) async fn open(args: &ServeArgs) -> anyhow::Result<Self> {
        let mut sockets = Self {
            listeners: Vec::new(),
            shown: Vec::new(),
            #[cfg(unix)]
            _made: None,
        };
        #[cfg(unix)]
        {
            let handed_over = unix::activated();
            for (listener, path) in handed_over.context("cannot use the sockets of LISTEN_FDS")? {
                sockets.add(args, listener, &path)?;
            }
            if let Some(path) = &args.socket {
                let opened = unix::listen(path, args.socket_mode);
                let opened = opened.with_context(|| format!("cannot listen on {}", path.display()));
                let (socket, made) = opened?;
                sockets.add(args, Listener::Unix(socket), &path.to_string_lossy())?;
                sockets._made = Some(made);
            }
        }
        let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, 8479));
        let usual = sockets.listeners.is_empty().then_some(usual);
        if let Some(addr) = args.listen.or(usual) {
            refuse_remote(args, addr)?;
            let tcp = TcpListener::bind(addr).await;
            let tcp = tcp.with_context(|| format!("cannot listen on {addr}"))?;
            sockets.add(args, Listener::Tcp(tcp), "")?;
        }
        Ok(sockets)
    }

    fn add(&mut self, args: &ServeArgs, socket: Listener, path: &str) -> anyhow::Result<()> {
        self.shown.push(match socket.addr() {
            Some(addr) => {
                refuse_remote(args, addr)?;
                format!("listening on http://{addr}")
            }
            None => format!("listening on unix:{path}"),
        });
        self.listeners.push(socket);
        Ok(())
    }
}

fn refuse_remote(args: &ServeArgs, addr: SocketAddr) -> anyhow::Result<()> {
    if !addr.ip().is_loopback() && !args.allow_remote {
        bail!("{addr} is reached by other machines: give a loopback address, or --allow-remote");
    }
    Ok(())
}

/// Reports a state to systemd, `READY=1` or `STOPPING=1`, on the socket in `NOTIFY_SOCKET` if it is
/// set.
pub(super) fn notify(state: &str) {
    #[cfg(unix)]
    if let Err(error) = unix::notify(state) {
        terminal::warn(&format!("warning: NOTIFY_SOCKET: {error}"));
    }
    #[cfg(not(unix))]
    let _ = state;
}

#[cfg(unix)]
mod unix {
    use std::{
        env, fs, io,
        os::unix::{
            fs::{FileTypeExt, MetadataExt, PermissionsExt},
            net::{UnixDatagram, UnixStream},
        },
        path::{Path, PathBuf},
    };

    use listenfd::ListenFd;
    use tokio::net::{TcpListener, UnixListener};
    use wxpay_agent::Listener;

    /// The file of a Unix socket, with its inode; removed on drop.
    pub(in crate::serve) struct Made(PathBuf, u64);

    impl Drop for Made {
        fn drop(&mut self) {
            // Another process may have replaced it.
            let is_ours = fs::symlink_metadata(&self.0).is_ok_and(|it| it.ino() == self.1);
            if is_ours {
                let _ = fs::remove_file(&self.0);
            }
        }
    }

    /// Listens on a Unix socket, guarded by these permissions. Replaces a socket that an earlier
    /// process has left, not one in use.
    pub(super) fn listen(path: &Path, mode: u32) -> io::Result<(UnixListener, Made)> {
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
        let made = Made(path.to_owned(), fs::symlink_metadata(path)?.ino());
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        Ok((socket, made))
    }

    /// The sockets that systemd hands over by `LISTEN_FDS`, with their paths.
    pub(super) fn activated() -> io::Result<Vec<(Listener, String)>> {
        let mut handed_over = ListenFd::from_env();
        let mut listeners = Vec::new();
        for at in 0..handed_over.len() {
            if let Ok(Some(tcp)) = handed_over.take_tcp_listener(at) {
                tcp.set_nonblocking(true)?;
                listeners.push((Listener::Tcp(TcpListener::from_std(tcp)?), String::new()));
            } else if let Some(unix) = handed_over.take_unix_listener(at)? {
                unix.set_nonblocking(true)?;
                let addr = unix.local_addr()?;
                let path = addr.as_pathname().unwrap_or(Path::new(""));
                let path = path.to_string_lossy().into_owned();
                listeners.push((Listener::Unix(UnixListener::from_std(unix)?), path));
            }
        }
        Ok(listeners)
    }

    pub(super) fn notify(state: &str) -> io::Result<()> {
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
