//! The running sandbox.

mod builder;
mod error;
mod thread;

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;

use crate::{
    Credentials,
    fault::{ActiveFault, Fault, Faults},
    history::{History, Pictures, Watch},
    record::RecordedRequest,
};
use thread::ServerThread;

pub use builder::SandboxBuilder;
pub use error::StartError;

/// A gateway that runs in this process, on a port of its own, until it is dropped.
///
/// It serves on a thread of its own with a runtime of its own. So a test may call it with a client
/// that blocks, may pause the time of its own runtime, and need not have one after the start.
///
/// ```
/// use wxpay_sandbox::Sandbox;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::builder().start().await?;
/// assert!(sandbox.origin().starts_with("https://127.0.0.1:"));
/// assert_eq!(sandbox.credentials().mch_id(), "1900000109");
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
    /// Starts to describe a sandbox: on 127.0.0.1, a free port, with new credentials.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// Where it listens, with the port that it got.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The scheme, host and port for a client on this machine, as `https://127.0.0.1:42187`.
    ///
    /// Where it listens on every address (0.0.0.0, ::), this is the loopback one.
    #[must_use]
    pub fn origin(&self) -> String {
        origin(self.addr)
    }

    /// Where the inspector listens, with the port that it got; none where it was not
    /// [asked for](SandboxBuilder::inspector). It speaks plain HTTP.
    #[must_use]
    pub fn inspector_addr(&self) -> Option<SocketAddr> {
        self.inspector
    }

    /// What a client needs to be accepted.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Injects a fault: from now on, calls meet it. Returns its number, by which it can be
    /// [removed](Self::remove).
    ///
    /// ```
    /// use wxpay_sandbox::{Effect, Fault, Sandbox};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = Sandbox::builder().start().await?;
    /// sandbox.inject(Fault::new(Effect::SystemError).times(2));
    /// sandbox.inject("rate=20".parse()?);
    /// assert_eq!(sandbox.faults().len(), 2);
    /// sandbox.remove_all();
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn inject(&self, fault: Fault) -> u64 {
        self.faults.inject(fault)
    }

    /// Removes a fault; returns whether there was one of this number.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn remove(&self, id: u64) -> bool {
        self.faults.remove(id)
    }

    /// Removes all faults.
    pub fn remove_all(&self) {
        self.faults.remove_all();
    }

    /// The faults in the order of injection, with their hits; also the last hundred of those that are
    /// [exhausted](ActiveFault::is_exhausted).
    #[must_use]
    pub fn faults(&self) -> Vec<ActiveFault> {
        self.faults.all()
    }

    /// The last 200 calls, the oldest first. A call is here before its response is sent.
    ///
    /// This waits until they are explained, for some milliseconds.
    #[must_use]
    pub fn requests(&self) -> Vec<Arc<RecordedRequest>> {
        self.history.settled_calls()
    }

    /// The bytes of the field `media` of a call, by the call's number.
    ///
    /// Of a file that is over 2 MiB, none are kept; of all files 32 MiB, the latest.
    #[must_use]
    pub fn media(&self, number: u64) -> Option<Bytes> {
        self.history.settled_picture(number)
    }

    /// As [`media`](Self::media), for whoever [watches](Self::watch) and has no sandbox at hand.
    #[must_use]
    pub fn pictures(&self) -> Pictures {
        self.history.pictures()
    }

    /// Tells calls as they come, from now on.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.history.watch()
    }

    /// Stops it and waits until that is done: the port is free, and every connection is closed.
    ///
    /// Calls that are under way are cut off. Dropping the sandbox does the same, and blocks the thread
    /// meanwhile, for some milliseconds.
    pub async fn shutdown(self) {
        self.server.stop().await;
    }
}

/// Not what clients have sent.
impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("addr", &self.addr)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// For a client on this machine.
fn origin(addr: SocketAddr) -> String {
    format!("https://{}", reachable(addr))
}

fn reachable(mut addr: SocketAddr) -> SocketAddr {
    match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => addr.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => addr.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    addr
}

#[cfg(test)]
mod tests {
    use super::reachable;

    #[test]
    fn every_address_is_reached_by_the_loopback() {
        for (listening, reached) in [
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("[::]:1", "[::1]:1"),
            ("127.0.0.2:1", "127.0.0.2:1"),
        ] {
            assert_eq!(reachable(listening.parse().unwrap()).to_string(), reached);
        }
    }
}
