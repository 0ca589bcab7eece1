//! What was seen on the way to a server.

use std::net::{IpAddr, SocketAddr};

use http::uri::Authority;
use rustls::{ClientConnection, ProtocolVersion};

use super::ServerCertificate;
use crate::{Error, Proxy};

/// What [`Builder::inspect`](crate::Builder::inspect) saw on the way to a server, step by step. A step
/// that was not reached, as one before it failed, is `None`.
#[derive(Debug)]
pub struct Inspection {
    server: Authority,
    pub(super) proxy: Option<Proxy>,
    pub(super) addresses: Option<Result<Vec<IpAddr>, Error>>,
    pub(super) peer: Option<Result<SocketAddr, Error>>,
    pub(super) handshake: Option<Result<Handshake, Error>>,
    pub(super) certificates: Vec<ServerCertificate>,
}

impl Inspection {
    pub(super) fn new(server: Authority) -> Self {
        Self {
            server,
            proxy: None,
            addresses: None,
            peer: None,
            handshake: None,
            certificates: Vec::new(),
        }
    }

    /// The server that was looked for.
    ///
    /// ```
    /// use wxpay_transport::Transport;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let inspection = Transport::builder().inspect("127.0.0.1:1".parse()?).await?;
    /// assert_eq!(inspection.server(), "127.0.0.1:1");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn server(&self) -> &Authority {
        &self.server
    }

    /// The proxy that the way leads through, if it does.
    ///
    /// ```
    /// use wxpay_transport::{Proxy, Transport};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let proxy = Proxy::new("http://127.0.0.1:1")?.except("localhost");
    /// let builder = Transport::builder().proxy(proxy);
    /// let inspection = builder.inspect("gateway.test".parse()?).await?;
    /// assert_eq!(inspection.proxy().map(Proxy::to_string).as_deref(), Some("127.0.0.1:1"));
    /// assert!(builder.inspect("localhost:1".parse()?).await?.proxy().is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// The first step: the addresses that the server's name resolves to, in the order in which they
    /// are tried. `None` with a proxy, which resolves the name itself.
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    /// use wxpay_transport::Transport;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let builder = Transport::builder().resolve("gateway.test", 1, [Ipv4Addr::LOCALHOST]);
    /// let inspection = builder.inspect("gateway.test:1".parse()?).await?;
    /// let addresses = inspection.addresses().and_then(Result::ok).unwrap_or_default();
    /// assert_eq!(addresses, [Ipv4Addr::LOCALHOST]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn addresses(&self) -> Option<Result<&[IpAddr], &Error>> {
        Some(self.addresses.as_ref()?.as_deref())
    }

    /// The second step: the address that was connected to; with a proxy the proxy's, once it has
    /// given a tunnel to the server.
    ///
    /// ```
    /// use wxpay_transport::Transport;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Nobody listens there.
    /// let inspection = Transport::builder().inspect("127.0.0.1:1".parse()?).await?;
    /// assert!(matches!(inspection.connection(), Some(Err(_))));
    /// assert!(inspection.handshake().is_none()); // not reached
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn connection(&self) -> Option<Result<SocketAddr, &Error>> {
        Some(self.peer.as_ref()?.as_ref().copied())
    }

    /// The third step: what was agreed on in the TLS handshake. If it succeeded, the server's
    /// certificate leads to a trusted authority and is for the server's name.
    ///
    /// ```
    #[doc = include_str!("../example_server.txt")]
    /// use wxpay_transport::Transport;
    ///
    /// let inspection = builder.inspect(server.clone()).await?;
    /// assert!(matches!(inspection.handshake(), Some(Ok(_))));
    ///
    /// // Mozilla's roots do not know its authority.
    /// let inspection = Transport::builder().inspect(server).await?;
    /// assert!(matches!(inspection.handshake(), Some(Err(_))));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn handshake(&self) -> Option<Result<&Handshake, &Error>> {
        Some(self.handshake.as_ref()?.as_ref())
    }

    /// The certificates that the server has shown, its own first, whether they are trusted or not:
    /// that is what the [handshake](Self::handshake) says. Empty when it came to none.
    ///
    /// ```
    #[doc = include_str!("../example_server.txt")]
    /// use wxpay_transport::Transport;
    ///
    /// // Mozilla's roots do not know its authority, and so the next step is to see whose it is.
    /// let inspection = Transport::builder().inspect(server).await?;
    /// assert!(inspection.error().is_some());
    /// assert_eq!(inspection.certificates()[0].issuer(), "CN=a server");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn certificates(&self) -> &[ServerCertificate] {
        &self.certificates
    }

    /// What failed, if a step did: no step comes after it.
    ///
    /// ```
    #[doc = include_str!("../example_server.txt")]
    /// use wxpay_transport::{Error, ErrorKind};
    ///
    /// assert!(builder.inspect(server).await?.error().is_none());
    /// // Nobody listens there.
    /// let inspection = builder.inspect("127.0.0.1:1".parse()?).await?;
    /// assert_eq!(inspection.error().map(Error::kind), Some(ErrorKind::Connect));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        let resolving = self.addresses().and_then(Result::err);
        let connecting = self.connection().and_then(Result::err);
        let securing = self.handshake().and_then(Result::err);
        resolving.or(connecting).or(securing)
    }
}

/// What the two sides agreed on in a TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    version: &'static str,
    cipher: &'static str,
    asked_for_certificate: bool,
}

impl Handshake {
    pub(super) fn of(connection: &ClientConnection, asked_for_certificate: bool) -> Self {
        let cipher = connection.negotiated_cipher_suite();
        Self {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
                _ => "unknown",
            },
            cipher: cipher
                .and_then(|cipher| cipher.suite().as_str())
                .unwrap_or("unknown"),
            asked_for_certificate,
        }
    }

    /// The version of TLS: `TLS 1.2` or `TLS 1.3`.
    ///
    /// ```
    #[doc = include_str!("../example_server.txt")]
    /// use wxpay_transport::Handshake;
    ///
    /// let inspection = builder.inspect(server).await?;
    /// let handshake = inspection.handshake().and_then(Result::ok);
    /// assert_eq!(handshake.map(Handshake::version), Some("TLS 1.3"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn version(&self) -> &str {
        self.version
    }

    /// The cipher suite, by its registered name, such as `TLS13_AES_256_GCM_SHA384`.
    ///
    /// ```
    #[doc = include_str!("../example_server.txt")]
    /// let inspection = builder.inspect(server).await?;
    /// let handshake = inspection.handshake().and_then(Result::ok);
    /// assert!(handshake.is_some_and(|it| it.cipher().starts_with("TLS13_")));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn cipher(&self) -> &str {
        self.cipher
    }

    /// Whether the server has asked for a client certificate. Whether it accepts the one it got, or
    /// a client without one, only a call tells.
    ///
    /// ```
    #[doc = include_str!("../example_server.txt")]
    /// // A server for everybody: it would not look at a client certificate.
    /// let inspection = builder.inspect(server).await?;
    /// let handshake = inspection.handshake().and_then(Result::ok);
    /// assert!(handshake.is_some_and(|it| !it.asked_for_certificate()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn asked_for_certificate(&self) -> bool {
        self.asked_for_certificate
    }
}
