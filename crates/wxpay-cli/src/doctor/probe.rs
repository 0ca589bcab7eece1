//! One call to an endpoint, with what was seen on the way.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;
use wxpay_media::{
    BuildError, Endpoint,
    transport::{ConnectEvent, Error, Transport, TransportBuilder},
};

/// What was seen on the way to an endpoint, step by step, and what it answered.
pub(super) struct Probe {
    pub(super) steps: Steps,
    pub(super) result: Result<Response<Bytes>, Error>,
}

#[derive(Default)]
pub(super) struct Steps {
    pub(super) addresses: Option<Vec<IpAddr>>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) is_tunneled: bool,
    /// Of the certificates that were shown, the server's own first.
    pub(super) issuers: Vec<String>,
    /// The version of TLS and the cipher suite.
    pub(super) secured: Option<(&'static str, &'static str)>,
}

/// Sends a form without a field: the gateway looks at the certificate before it looks at that.
pub(super) async fn probe(
    endpoint: &Endpoint,
    builder: &TransportBuilder,
) -> Result<Probe, BuildError> {
    let steps = Arc::new(Mutex::new(Steps::default()));
    let observed = Arc::clone(&steps);
    let builder = builder.clone().observer(move |event| {
        let mut steps = observed.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            ConnectEvent::Resolved { addresses } => steps.addresses = Some(addresses.to_vec()),
            ConnectEvent::Connected { peer } => steps.peer = Some(peer),
            ConnectEvent::Tunneled => steps.is_tunneled = true,
            ConnectEvent::CertificatesPresented { chain } => {
                steps.issuers = chain.iter().map(|it| it.issuer.clone()).collect();
            }
            ConnectEvent::Secured {
                version,
                cipher_suite,
            } => steps.secured = Some((version, cipher_suite)),
            _ => {}
        }
    });
    let transport: Transport<Full<Bytes>> = builder.build()?;
    let mut request = Request::new(Full::from("--empty--\r\n"));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = endpoint.upload_uri();
    let form = HeaderValue::from_static("multipart/form-data; boundary=empty");
    request.headers_mut().insert(CONTENT_TYPE, form);
    let result = match transport.oneshot(request).await {
        Ok(response) => {
            let (head, body) = response.into_parts();
            let Ok(body) = body.collect().await;
            Ok(Response::from_parts(head, body.to_bytes()))
        }
        Err(error) => Err(error),
    };
    let steps = std::mem::take(&mut *steps.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Probe { steps, result })
}
