//! From a URI to a TCP connection.

use std::{net::IpAddr, time::Duration};

use http::Uri;
use hyper_util::client::legacy::connect::{HttpConnector, dns::GaiResolver};
use tokio::net::TcpStream;
use tower::ServiceExt;

use crate::{
    body::BoxError,
    builder::ConnectionSettings,
    resolve::{Overrides, bare},
};

/// Resolves names, by the caller's word or the system's, and connects: to the addresses one after
/// the other, and to those of the other IP version too when the first take more than 300 ms.
#[derive(Debug, Clone)]
pub(super) struct Dialer {
    overrides: Overrides,
    deadline: Duration,
    keepalive: Option<Duration>,
}

impl Dialer {
    pub(super) fn new(settings: &ConnectionSettings, deadline: Duration) -> Self {
        Self {
            overrides: settings.overrides.clone(),
            deadline,
            keepalive: settings.tcp_keepalive,
        }
    }

    pub(super) async fn dial(&self, uri: Uri) -> Result<TcpStream, BoxError> {
        let connected = match self.overrides.find(&uri) {
            Some(given) => self.tuned(given).oneshot(uri).await,
            None => self.tuned(GaiResolver::new()).oneshot(uri).await,
        };
        Ok(connected?.into_inner())
    }

    /// The addresses that `dial` would go through.
    pub(super) async fn resolve(&self, uri: &Uri) -> Result<Vec<IpAddr>, BoxError> {
        let host = bare(uri.host().unwrap_or_default());
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        if let Some(given) = self.overrides.find(uri) {
            return Ok(given.addresses().to_vec());
        }
        let found = GaiResolver::new().oneshot(host.parse()?).await?;
        Ok(found.map(|address| address.ip()).collect())
    }

    fn tuned<R>(&self, resolver: R) -> HttpConnector<R> {
        let mut connector = HttpConnector::new_with_resolver(resolver);
        connector.enforce_http(false);
        // Without it the last piece of a body waits for the acknowledgement of the one before.
        connector.set_nodelay(true);
        connector.set_keepalive(self.keepalive);
        connector.set_keepalive_interval(self.keepalive);
        // Shared out among the addresses of a name, so that a dead one does not use up all of it.
        connector.set_connect_timeout(Some(self.deadline));
        connector
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn nagles_algorithm_is_off() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let uri = format!("https://{}/", listener.local_addr().unwrap());
        let dialer = Dialer::new(&ConnectionSettings::default(), Duration::from_secs(60));

        let stream = dialer.dial(uri.parse().unwrap()).await.unwrap();

        assert!(stream.nodelay().unwrap());
    }

    #[tokio::test]
    async fn a_dead_address_does_not_hide_a_living_one() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut settings = ConnectionSettings::default();
        // Nobody listens at the first; the second is the listener's.
        let given = [Ipv4Addr::new(127, 0, 0, 99), Ipv4Addr::LOCALHOST].map(Into::into);
        settings.overrides.set("name.test", port, given.into());
        let dialer = Dialer::new(&settings, Duration::from_secs(60));

        let uri = format!("https://name.test:{port}/");
        let stream = dialer.dial(uri.parse().unwrap()).await.unwrap();

        assert_eq!(stream.peer_addr().unwrap().ip(), Ipv4Addr::LOCALHOST);
    }
}
