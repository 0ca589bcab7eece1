//! The sockets of `wxpay serve`: by address, by path, or handed over by systemd.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use wxpay_agent::Listener;

use crate::args::ServeArgs;
#[cfg(unix)]
use unix::{activated, listen};

const PORT: u16 = 8479;

/// The sockets, and how each is shown.
pub(super) struct Sockets {
    pub(super) listeners: Vec<Listener>,
    pub(super) shown: Vec<String>,
    /// Removes the file of a socket that was made here.
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
            let handed_over = activated().context("cannot use the sockets of LISTEN_FDS")?;
            for (listener, path) in handed_over {
                sockets.add(args, listener, &path)?;
            }
            if let Some(path) = &args.socket {
                let opened = listen(path, args.socket_mode);
                let (socket, made) =
                    opened.with_context(|| format!("cannot listen on {}", path.display()))?;
                sockets.add(args, Listener::Unix(socket), &path.to_string_lossy())?;
                sockets._made = Some(made);
            }
        }
        let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
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

/// Tells systemd, by the socket in `NOTIFY_SOCKET`, where there is one: `READY=1`, `STOPPING=1`.
pub(super) fn notify(state: &str) -> io::Result<()> {
    #[cfg(unix)]
    return unix::notify(state);
    #[cfg(not(unix))]
    Ok(drop(state))
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

    /// The file of a socket, which is removed when this is dropped.
    pub(in crate::serve) struct Made(PathBuf, u64);

    impl Drop for Made {
        fn drop(&mut self) {
            // Another process may have made one of its own there by now.
            let is_ours = fs::symlink_metadata(&self.0).is_ok_and(|it| it.ino() == self.1);
            if is_ours {
                let _ = fs::remove_file(&self.0);
            }
        }
    }

    /// Listens on a Unix socket with these permissions, which are all that guards it. A socket that an
    /// earlier process has left is replaced, one that is in use is not.
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

    /// The sockets that systemd has opened for this process, by `LISTEN_FDS`, with their paths.
    pub(super) fn activated() -> io::Result<Vec<(Listener, String)>> {
        let mut handed_over = ListenFd::from_env();
        let mut listeners = Vec::new();
        for at in 0..handed_over.len() {
            if let Ok(Some(tcp)) = handed_over.take_tcp_listener(at) {
                tcp.set_nonblocking(true)?;
                listeners.push((Listener::Tcp(TcpListener::from_std(tcp)?), String::new()));
            } else if let Some(unix) = handed_over.take_unix_listener(at)? {
                unix.set_nonblocking(true)?;
                let path = unix.local_addr()?;
                let path = path
                    .as_pathname()
                    .unwrap_or(Path::new(""))
                    .to_string_lossy();
                let path = path.into_owned();
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
