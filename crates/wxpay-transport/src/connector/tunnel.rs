//! A tunnel through an HTTP proxy.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use http::Uri;
use hyper_util::{client::legacy::connect::proxy::Tunnel, rt::TokioIo};
use tower::{ServiceExt, service_fn};

use super::{Wire, dialer::Dialer, wire::Status};
use crate::{Proxy, ProxyFault, body::BoxError, proxy::ProxyError};

/// Connects to the proxy and has it connect to the server.
///
/// hyper-util's tunnel says that it failed, and neither with which status nor, in a way that can be
/// told apart, whether the proxy was there at all: both are noted on the way.
pub(super) async fn dig(proxy: &Proxy, dialer: Dialer, server: Uri) -> Result<Wire, BoxError> {
    let is_connected = Arc::new(AtomicBool::new(false));
    let status = Status::default();
    let dial = {
        let (is_connected, status) = (is_connected.clone(), status.clone());
        service_fn(move |proxy| {
            let (dialer, is_connected, status) =
                (dialer.clone(), is_connected.clone(), status.clone());
            async move {
                let stream = dialer.dial(proxy).await.map_err(io::Error::other)?;
                is_connected.store(true, Ordering::Relaxed);
                Ok::<_, io::Error>(TokioIo::new(Wire::overheard(stream, status)))
            }
        })
    };
    let mut tunnel = Tunnel::new(proxy.uri(), dial);
    if let Some(authorization) = proxy.authorization() {
        tunnel = tunnel.with_auth(authorization.clone());
    }
    match tunnel.oneshot(server).await {
        Ok(wire) => Ok(wire.into_inner().unheard()),
        Err(error) => {
            let fault = match status.heard() {
                _ if !is_connected.load(Ordering::Relaxed) => ProxyFault::Unreachable,
                Some(407) => ProxyFault::AuthenticationRequired,
                // It meant well, and then did not come to the end of its answer.
                Some(200) | None => ProxyFault::NoAnswer,
                Some(status) => ProxyFault::Refused { status },
            };
            Err(ProxyError {
                proxy: proxy.authority().clone(),
                fault: Some(fault),
                source: error.into(),
            }
            .into())
        }
    }
}
