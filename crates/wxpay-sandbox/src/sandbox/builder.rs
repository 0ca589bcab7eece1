//! Describes a sandbox, and starts it.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use rustls_pki_types::DnsName;
use tokio::net::TcpListener;
use wxpay_sign::ApiKey;

use super::{Sandbox, ServerThread, origin};
use crate::{
    BoxError, Credentials, CredentialsError,
    credentials::certificates,
    fault::{Fault, Faults},
    findings::Merchant,
    history::History,
    inspector::{self, Inspector},
    server::{Diagnosis, Handler, serve},
    tls::{self, ClientCertChecker},
};

/// Describes a [`Sandbox`]; nothing has to be set.
///
/// ```
/// use wxpay_sandbox::{Credentials, Sandbox, StartError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::builder()
///     .listen("127.0.0.1:0".parse()?)
///     .credentials(Credentials::generate_for("1000000000")?)
///     .host("gateway.test")
///     .start()
///     .await?;
/// assert_eq!(sandbox.credentials().mch_id(), "1000000000");
/// let taken = Sandbox::builder().listen(sandbox.addr()).start().await.unwrap_err();
/// assert!(matches!(taken, StartError::Listen { .. }));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it is started"]
pub struct SandboxBuilder {
    listen: Option<SocketAddr>,
    credentials: Option<Credentials>,
    hosts: Vec<String>,
    faults: Vec<Fault>,
    inspector: Option<SocketAddr>,
    other_keys: Vec<ApiKey>,
}

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on: its port is taken or needs rights, or it is not this
    /// machine's. Take another; port 0 is any free one.
    #[error("cannot listen on {addr}")]
    Listen {
        /// The address that was asked for.
        addr: SocketAddr,
        /// The operating system's error.
        source: io::Error,
    },
    /// The inspector's address cannot be listened on: take another, or none.
    #[error("the inspector cannot listen on {addr}")]
    Inspector {
        /// The address that was asked for.
        addr: SocketAddr,
        /// The operating system's error.
        source: io::Error,
    },
    /// A further name for the certificate cannot be in one.
    #[error(
        "{host:?} is neither a DNS name nor an IP address: give it without scheme, port and brackets"
    )]
    Host {
        /// The name.
        host: String,
    },
    /// The credentials cannot be made or used.
    #[error("the sandbox has no credentials")]
    Credentials(#[from] CredentialsError),
    /// The server's certificate cannot be issued.
    #[error("the server's certificate cannot be made")]
    Certificate(#[source] BoxError),
    /// The thread of the server, or its runtime, cannot be started: too many threads or open files.
    #[error("the server's thread cannot be started")]
    Thread(#[source] io::Error),
}

impl SandboxBuilder {
    /// The address to listen on; by default 127.0.0.1 and any free port.
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.listen = Some(addr);
        self
    }

    /// The merchant and the authority; by default new ones are made at each start.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// One more name in the server's certificate, DNS or IP, such as that of a container; can be
    /// repeated.
    ///
    /// The certificate is always valid for `localhost`, `127.0.0.1`, `::1` and the address listened on.
    /// [`start`](Self::start) refuses other texts than names and addresses.
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// A fault that is injected from the start; can be repeated.
    pub fn fault(mut self, fault: impl Into<Fault>) -> Self {
        self.faults.push(fault.into());
        self
    }

    /// A key that a client may take for the right one, the merchant's last one or its API v3 key; can be
    /// repeated. A signature that was made with it is still refused, with a finding that says so.
    pub fn other_key(mut self, key: ApiKey) -> Self {
        self.other_keys.push(key);
        self
    }

    /// A page to look at the calls and to inject faults, in plain HTTP on a port of its own; by default
    /// there is none.
    ///
    /// It is meant for loopback addresses, and answers only to names of the sandbox: its address,
    /// `localhost`, and those of [`host`](Self::host). `docs/sandbox.md` of the repository describes the
    /// page and its routes.
    pub fn inspector(mut self, addr: SocketAddr) -> Self {
        self.inspector = Some(addr);
        self
    }

    /// Starts it. When this returns, connections are taken.
    ///
    /// It waits for a thread and blocks none; any executor will do. A new certificate is issued to the
    /// server at each start.
    ///
    /// # Errors
    ///
    /// [`StartError`] says whether the address, a name or the credentials are to blame.
    pub async fn start(self) -> Result<Sandbox, StartError> {
        let (faults, history) = (Faults::default(), History::default());
        for fault in &self.faults {
            faults.inject(fault.clone());
        }
        let (shown, told) = (faults.clone(), history.clone());
        let (server, opened) = ServerThread::start(|| self.open(shown, told)).await?;
        let (addr, inspector, credentials) = opened;
        Ok(Sandbox {
            addr,
            inspector,
            credentials,
            faults,
            history,
            server,
        })
    }

    /// Everything that can fail: the server, and its addresses and credentials.
    async fn open(
        self,
        faults: Faults,
        history: History,
    ) -> Result<(impl Future<Output = Infallible>, Opened), StartError> {
        let listen = self.listen.unwrap_or((Ipv4Addr::LOCALHOST, 0).into());
        let names = names(&self.hosts, listen.ip())?;
        let (listener, addr) = bind(listen).await.map_err(|source| StartError::Listen {
            addr: listen,
            source,
        })?;
        let credentials = self.credentials.map_or_else(Credentials::generate, Ok)?;
        let (mut inspector, mut inspector_addr) = (None, None);
        if let Some(asked) = self.inspector {
            let bound = bind(asked).await;
            let (listener, at) = bound.map_err(|source| StartError::Inspector {
                addr: asked,
                source,
            })?;
            let shown = Inspector {
                hosts: inspector::hosts(at, &self.hosts),
                origin: origin(addr),
                mch_id: credentials.mch_id().to_owned(),
                faults: faults.clone(),
                history: history.clone(),
            };
            (inspector, inspector_addr) = (Some((shown, listener)), Some(at));
        }
        let (ca, authority) = credentials.authority()?;
        let make = || {
            let (cert, key) = certificates::server(&authority, names)?;
            let checker = ClientCertChecker::new(ca)?;
            Ok((tls::config(cert, key, checker.clone())?, checker))
        };
        let (tls, checker) = make().map_err(StartError::Certificate)?;
        let key = credentials.api_key().clone();
        let merchant = Arc::new(Merchant::new(credentials.mch_id(), key, self.other_keys));
        let handler = Handler {
            diagnosis: Diagnosis::start(Arc::clone(&merchant), history)
                .map_err(StartError::Thread)?,
            merchant,
            faults,
        };
        let server = async move {
            tokio::select! {
                never = serve(listener, tls, checker, handler) => never,
                Some(never) = async {
                    let (inspector, listener) = inspector?;
                    Some(inspector.serve(listener).await)
                } => never,
            }
        };
        Ok((server, (addr, inspector_addr, credentials)))
    }
}

/// The address, that of the inspector, and the credentials.
type Opened = (SocketAddr, Option<SocketAddr>, Credentials);

/// A listener, and its address with the port that it got.
async fn bind(addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

/// The names for the certificate, each once.
fn names(hosts: &[String], listen: IpAddr) -> Result<Vec<String>, StartError> {
    let mut names = ["localhost", "127.0.0.1", "::1"]
        .map(str::to_owned)
        .to_vec();
    let listen = (!listen.is_unspecified()).then(|| listen.to_string());
    for host in hosts.iter().chain(&listen) {
        let name = match (host.parse::<IpAddr>(), DnsName::try_from(host.as_str())) {
            (Ok(ip), _) => ip.to_string(),
            (_, Ok(name)) => name.to_lowercase_owned().as_ref().to_owned(),
            _ => return Err(StartError::Host { host: host.clone() }),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}
