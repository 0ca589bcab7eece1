//! The way to a server: straight, or through a proxy.

use std::{net::IpAddr, time::Duration};

use http::Uri;
use tower::timeout::error::Elapsed;

use super::{Wire, dialer::Dialer, tunnel};
use crate::{Proxy, body::BoxError, builder::ConnectionSettings, proxy::ProxyError};

/// Leads to any server, without a word spoken to it.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    dialer: Dialer,
    proxy: Option<Proxy>,
}

impl Route {
    pub(crate) fn new(settings: &ConnectionSettings, deadline: Duration) -> Self {
        Self {
            dialer: Dialer::new(settings, deadline),
            proxy: settings.proxy.clone(),
        }
    }

    pub(crate) async fn connect(&self, server: &Uri) -> Result<Wire, BoxError> {
        match self.proxy_to(server) {
            None => self.dialer.dial(server.clone()).await.map(Wire::new),
            Some(proxy) => tunnel::dig(proxy, self.dialer.clone(), server.clone()).await,
        }
    }

    /// The addresses that a straight way leads to.
    pub(crate) async fn resolve(&self, server: &Uri) -> Result<Vec<IpAddr>, BoxError> {
        self.dialer.resolve(server).await
    }

    /// The error when it takes too long: whoever was waited for.
    pub(crate) fn overdue(&self, server: &Uri) -> BoxError {
        match self.proxy_to(server) {
            None => Elapsed::new().into(),
            Some(proxy) => ProxyError {
                proxy: proxy.authority().clone(),
                fault: None,
                source: Elapsed::new().into(),
            }
            .into(),
        }
    }

    pub(crate) fn proxy_to(&self, server: &Uri) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|proxy| proxy.applies_to(server))
    }
}
