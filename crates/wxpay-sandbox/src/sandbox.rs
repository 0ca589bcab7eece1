//! The running sandbox, and its builder.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::future::OptionFuture;
use rustls_pki_types::DnsName;
use tokio::net::TcpListener;
use wxpay_sign::ApiKey;

use crate::{
    credentials::{Credentials, CredentialsError},
    fault::{ActiveFault, Fault, Faults},
    history::{History, Watch},
    inspector::{self, Inspector},
    record::RecordedRequest,
    rules::Merchant,
    server::{Gateway, Handler},
    thread::ServerThread,
    tls::BoxError,
};

/// A gateway that runs in this process, on a port of its own, until it is dropped.
///
/// It has its own thread and runtime, so the test's client may block, and its time may be paused.
///
/// ```
/// use wxpay_sandbox::Sandbox;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::builder().start().await?;
/// assert!(sandbox.origin().starts_with("https://127.0.0.1:"));
/// assert_eq!(sandbox.credentials().mch_id(), "1900000109");
///
/// let id = sandbox.inject("system-error,next=1".parse()?);
/// let fault = &sandbox.faults()[0];
/// assert_eq!((fault.id(), fault.hits(), fault.is_exhausted()), (id, 0, false));
/// // … the client under test uploads …
/// for request in sandbox.requests() {
///     assert_eq!(request.file_name.as_deref(), Some("shop.jpg"));
///     assert!(request.outcome.as_ref().is_some_and(|outcome| outcome.is_accepted()));
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a sandbox stops when it is dropped"]
pub struct Sandbox {
    addr: SocketAddr,
    inspector: Option<SocketAddr>,
    credentials: Credentials,
    faults: Faults,
    history: History,
    server: ServerThread,
}

impl Sandbox {
    /// A builder: by default for 127.0.0.1, a free port, new credentials.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// The address on which it listens, with the actual port.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The origin for a client on this machine, as `https://127.0.0.1:42187`.
    #[must_use]
    pub fn origin(&self) -> String {
        origin(self.addr)
    }

    /// The address of the [inspector](SandboxBuilder::inspector), with the actual port.
    #[must_use]
    pub fn inspector_addr(&self) -> Option<SocketAddr> {
        self.inspector
    }

    /// The settings that a client needs to be accepted.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Injects a fault, which calls meet from now on. Returns its number, for
    /// [`remove`](Self::remove).
    #[expect(clippy::must_use_candidate, reason = "it is called for its effect")]
    pub fn inject(&self, fault: Fault) -> u64 {
        self.faults.inject(fault)
    }

    /// Removes a fault; returns whether there was one of this number.
    #[expect(clippy::must_use_candidate, reason = "it is called for its effect")]
    pub fn remove(&self, id: u64) -> bool {
        self.faults.remove(id)
    }

    /// Removes all faults.
    pub fn remove_all(&self) {
        self.faults.remove_all();
    }

    /// The faults in the order of injection, with the last hundred of those that are
    /// [exhausted](ActiveFault::is_exhausted).
    #[must_use]
    pub fn faults(&self) -> Vec<ActiveFault> {
        self.faults.all()
    }

    /// The last 200 calls, the oldest first. A call is here before its response is sent; this waits
    /// for its findings, for some milliseconds.
    #[must_use]
    pub fn requests(&self) -> Vec<Arc<RecordedRequest>> {
        self.history.settle_blocking();
        self.history.calls()
    }

    /// The bytes of the field `media` of a call, by the call's number.
    ///
    /// Files over 2 MiB are not kept; of all files, the last 32 MiB are.
    #[must_use]
    pub fn media(&self, number: u64) -> Option<Bytes> {
        self.history.settle_blocking();
        self.history.picture(number)
    }

    /// A stream of calls, from now on.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.history.watch()
    }

    /// Stops the sandbox and waits until its port is free and every connection is closed, with
    /// calls cut off. Dropping the sandbox does the same, and blocks the thread for some
    /// milliseconds.
    pub async fn shutdown(self) {
        self.server.stop().await;
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("addr", &self.addr)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// For a client on this machine: with the loopback address in place of 0.0.0.0 or ::.
fn origin(mut addr: SocketAddr) -> String {
    if addr.ip().is_unspecified() {
        addr.set_ip(match addr {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("https://{addr}")
}

/// Builds a [`Sandbox`]; all settings are optional.
///
/// ```
/// use wxpay_sandbox::{Credentials, Sandbox};
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

/// The reason why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The port is taken or needs rights, or the address is not of this machine; port 0 is any free
    /// one.
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
    /// A further name cannot be in a certificate.
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
    /// The server's thread or runtime cannot be started: too many threads or open files.
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
    /// repeated. [`start`](Self::start) refuses other texts.
    ///
    /// The certificate is always valid for `localhost`, `127.0.0.1`, `::1` and the address listened
    /// on.
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// A fault that is injected from the start; can be repeated.
    pub fn fault(mut self, fault: impl Into<Fault>) -> Self {
        self.faults.push(fault.into());
        self
    }

    /// A key with which a client may sign by mistake, the merchant's last one or its API v3 key;
    /// can be repeated. A signature with it is still refused, with a finding that says so.
    pub fn other_key(mut self, key: ApiKey) -> Self {
        self.other_keys.push(key);
        self
    }

    /// A page that shows the calls and injects faults, in plain HTTP, by default none.
    ///
    /// It is meant for loopback addresses, and answers only to its address, `localhost`, and the
    /// names of [`host`](Self::host). `docs/sandbox.md` of the repository describes the page and
    /// its routes.
    pub fn inspector(mut self, addr: SocketAddr) -> Self {
        self.inspector = Some(addr);
        self
    }

    /// Starts the sandbox, which accepts connections when this returns. Any executor will do.
    ///
    /// # Errors
    ///
    /// [`StartError`] names the address, the name or the credentials that cannot be used.
    pub async fn start(self) -> Result<Sandbox, StartError> {
        let (faults, history) = (Faults::default(), History::default());
        for fault in &self.faults {
            faults.inject(fault.clone());
        }
        let (active, recorded) = (faults.clone(), history.clone());
        let open = self.open(active, recorded);
        let start = ServerThread::start(StartError::Thread, open);
        let (server, (addr, inspector, credentials)) = start.await?;
        Ok(Sandbox {
            addr,
            inspector,
            credentials,
            faults,
            history,
            server,
        })
    }

    /// Opens everything that can fail, and returns the future that serves.
    async fn open(
        self,
        faults: Faults,
        history: History,
    ) -> Result<(impl Future<Output = Infallible>, Opened), StartError> {
        let addr = self.listen.unwrap_or((Ipv4Addr::LOCALHOST, 0).into());
        let names = names(&self.hosts, addr.ip())?;
        let failed = |source| StartError::Listen { addr, source };
        let (listener, gateway_addr) = bind(addr).await.map_err(failed)?;
        let credentials = self.credentials.map_or_else(Credentials::generate, Ok)?;
        let (mut inspector, mut inspector_addr) = (None, None);
        if let Some(addr) = self.inspector {
            let failed = |source| StartError::Inspector { addr, source };
            let (listener, addr) = bind(addr).await.map_err(failed)?;
            let shown = Inspector {
                hosts: inspector::hosts(addr, &self.hosts),
                origin: origin(gateway_addr),
                mch_id: credentials.mch_id().to_owned(),
                faults: faults.clone(),
                history: history.clone(),
            };
            (inspector, inspector_addr) = (Some(shown.serve(listener)), Some(addr));
        }
        let (tls, checker) = credentials.tls(names).map_err(StartError::Certificate)?;
        let key = credentials.api_key().clone();
        let merchant = Merchant::new(credentials.mch_id(), key, self.other_keys);
        let handler = Handler::new(merchant, faults, history);
        let gateway = Gateway {
            acceptor: Arc::new(tls).into(),
            checker,
            handler: handler.map_err(StartError::Thread)?,
        };
        let server = async move {
            tokio::select! {
                never = gateway.serve(listener) => never,
                Some(never) = OptionFuture::from(inspector) => never,
            }
        };
        Ok((server, (gateway_addr, inspector_addr, credentials)))
    }
}

/// The address, that of the inspector, and the credentials.
type Opened = (SocketAddr, Option<SocketAddr>, Credentials);

/// A listener, and its address with the actual port.
async fn bind(addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

/// The names for the certificate, each once.
fn names(hosts: &[String], listen: IpAddr) -> Result<Vec<String>, StartError> {
    let mut names = BTreeSet::from(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    let listen = (!listen.is_unspecified()).then(|| listen.to_string());
    for host in hosts.iter().chain(&listen) {
        names.insert(
            match (host.parse::<IpAddr>(), DnsName::try_from(host.as_str())) {
                (Ok(ip), _) => ip.to_string(),
                (_, Ok(name)) => name.to_lowercase_owned().as_ref().to_owned(),
                _ => return Err(StartError::Host { host: host.clone() }),
            },
        );
    }
    Ok(names.into_iter().collect())
}

#[test]
fn every_address_is_reached_by_the_loopback() {
    for (listening, reached) in [
        ("0.0.0.0:1", "https://127.0.0.1:1"),
        ("[::]:1", "https://[::1]:1"),
        ("127.0.0.2:1", "https://127.0.0.2:1"),
    ] {
        assert_eq!(origin(listening.parse().unwrap()), reached);
    }
}
