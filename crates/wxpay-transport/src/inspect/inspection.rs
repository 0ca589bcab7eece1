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
    #[must_use]
    pub fn server(&self) -> &Authority {
        &self.server
    }

    /// The proxy that the way leads through, if it does.
    #[must_use]
    pub fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// The first step: the addresses that the server's name resolves to, in the order in which they
    /// are tried. `None` with a proxy, which resolves the name itself.
    #[must_use]
    pub fn addresses(&self) -> Option<Result<&[IpAddr], &Error>> {
        Some(self.addresses.as_ref()?.as_deref())
    }

    /// The second step: the address that was connected to; with a proxy the proxy's, once it has
    /// given a tunnel to the server.
    #[must_use]
    pub fn connection(&self) -> Option<Result<SocketAddr, &Error>> {
        Some(self.peer.as_ref()?.as_ref().copied())
    }

    /// The third step: what was agreed on in the TLS handshake. If it succeeded, the server's
    /// certificate leads to a trusted authority and is for the server's name.
    #[must_use]
    pub fn handshake(&self) -> Option<Result<&Handshake, &Error>> {
        Some(self.handshake.as_ref()?.as_ref())
    }

    /// The certificates that the server has shown, its own first, whether they are trusted or not:
    /// that is what the [handshake](Self::handshake) says. Empty when it came to none.
    #[must_use]
    pub fn certificates(&self) -> &[ServerCertificate] {
        &self.certificates
    }

    /// What failed, if a step did: no step comes after it.
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
    #[must_use]
    pub fn version(&self) -> &str {
        self.version
    }

    /// The cipher suite, by its registered name, such as `TLS13_AES_256_GCM_SHA384`.
    #[must_use]
    pub fn cipher(&self) -> &str {
        self.cipher
    }

    /// Whether the server has asked for a client certificate. Whether it accepts the one it got, or
    /// a client without one, only a call tells.
    #[must_use]
    pub fn asked_for_certificate(&self) -> bool {
        self.asked_for_certificate
    }
}
