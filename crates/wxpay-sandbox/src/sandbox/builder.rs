//! How a sandbox is described before it is started.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use rustls_pki_types::DnsName;
use tokio::net::TcpListener;
use wxpay_sign::ApiKey;

use super::{Sandbox, StartError, thread::ServerThread};
use crate::{
    Credentials,
    credentials::certificates,
    fault::{Fault, Faults},
    findings::Merchant,
    history::History,
    inspector::Inspector,
    request::client_certificate::ClientCertChecker,
    server::{Diagnosis, Handler, serve},
    tls,
};

/// Describes a [`Sandbox`]; nothing has to be set.
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
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct SandboxBuilder {
    listen: SocketAddr,
    credentials: Option<Credentials>,
    hosts: Vec<String>,
    faults: Vec<Fault>,
    inspector: Option<SocketAddr>,
    other_keys: Vec<ApiKey>,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            credentials: None,
            hosts: Vec::new(),
            faults: Vec::new(),
            inspector: None,
            other_keys: Vec::new(),
        }
    }
}

impl SandboxBuilder {
    /// The address to listen on; by default 127.0.0.1 and any free port.
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.listen = addr;
        self
    }

    /// The merchant and the authority; by default new ones are made at each start.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// One more name in the server's certificate, DNS or IP; can be repeated.
    ///
    /// It is always valid for `localhost`, `127.0.0.1`, `::1` and the address listened on. Other names
    /// are for clients that reach the sandbox by another way, such as the name of its container.
    /// [`start`](Self::start) refuses what cannot be one.
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
    /// repeated. A signature that was made with it is still refused, and it is told why.
    pub fn other_key(mut self, key: ApiKey) -> Self {
        self.other_keys.push(key);
        self
    }

    /// A page to look at the calls and to inject faults, in plain HTTP on a port of its own; by default
    /// there is none.
    ///
    /// It is meant for loopback addresses, and answers only to names of the sandbox: its address,
    /// `localhost`, and what [`host`](Self::host) adds. Its page, and what scripts can ask of it, are in
    /// `docs/sandbox.md` of the repository.
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
    ///
    /// ```
    /// use wxpay_sandbox::{Sandbox, StartError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = Sandbox::builder().start().await?;
    /// let error = Sandbox::builder().listen(sandbox.addr()).start().await.unwrap_err();
    /// assert!(matches!(error, StartError::Listen { .. }));
    /// # Ok(())
    /// # }
    /// ```
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

    /// Everything that can fail.
    async fn open(
        self,
        faults: Faults,
        history: History,
    ) -> Result<(impl Future<Output = Infallible>, Opened), StartError> {
        let names = self.names()?;
        let listen = |source| StartError::Listen {
            addr: self.listen,
            source,
        };
        let listener = TcpListener::bind(self.listen).await.map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        let given = self.credentials.clone();
        let credentials = given.map_or_else(Credentials::generate, Ok)?;
        let inspector = match self.inspector {
            None => None,
            Some(at) => {
                let failed = |source| StartError::Inspector { addr: at, source };
                let listener = TcpListener::bind(at).await.map_err(failed)?;
                let (origin, mch_id) = (super::origin(addr), credentials.mch_id());
                let (faults, history) = (faults.clone(), history.clone());
                Some(
                    Inspector::new(listener, &self.hosts, origin, mch_id, faults, history)
                        .map_err(failed)?,
                )
            }
        };
        let (cert, key) = certificates::server(&credentials.authority()?, names)
            .map_err(StartError::Certificate)?;
        let checker = ClientCertChecker::new(credentials.ca_der()?, tls::provider())
            .map_err(StartError::Certificate)?;
        let tls = tls::config(cert, key, checker.clone())
            .map_err(|error| StartError::Certificate(error.into()))?;
        let key = credentials.api_key().clone();
        let merchant = Arc::new(Merchant::new(credentials.mch_id(), key, self.other_keys));
        let handler = Handler {
            diagnosis: Diagnosis::start(Arc::clone(&merchant), history)
                .map_err(StartError::Thread)?,
            merchant,
            faults,
        };
        let shown_at = inspector.as_ref().map(Inspector::addr);
        let server = async move {
            tokio::select! {
                never = serve(listener, tls, checker, handler) => never,
                Some(never) = async { Some(inspector?.run().await) } => never,
            }
        };
        Ok((server, (addr, shown_at, credentials)))
    }

    /// The names for the certificate, each once.
    fn names(&self) -> Result<Vec<String>, StartError> {
        let mut names = ["localhost", "127.0.0.1", "::1"]
            .map(str::to_owned)
            .to_vec();
        let listen = self.listen.ip();
        let listen = (!listen.is_unspecified()).then(|| listen.to_string());
        for name in self.hosts.iter().chain(&listen) {
            let name = normal(name).ok_or_else(|| StartError::Host { host: name.clone() })?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }
}

/// The address, that of the inspector, and the credentials.
type Opened = (SocketAddr, Option<SocketAddr>, Credentials);

/// A DNS name or an IP address, in the one way to write it.
fn normal(name: &str) -> Option<String> {
    match name.parse::<IpAddr>() {
        Ok(ip) => Some(ip.to_string()),
        Err(_) => DnsName::try_from(name)
            .ok()
            .map(|name| name.to_lowercase_owned().as_ref().into()),
    }
}
