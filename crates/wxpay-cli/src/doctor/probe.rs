//! The checks of an endpoint: the steps of a call without a form, and the gateway's answer.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{
    HeaderMap, Request, Response,
    header::{CONTENT_TYPE, DATE},
    uri::Authority,
};
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;
use wxpay_media::{
    ApiKey, BuildError, Endpoint, Error, ErrorKind, Merchant, MerchantId, Proxy, Reason, Transport,
    TransportBuilder, response,
    transport::{self, ConnectEvent},
};

use super::check::{Check, Status};
use crate::terminal::root_cause;

/// Clocks that differ by less do not disturb TLS.
const SKEW: Duration = Duration::from_secs(60);

/// The checks of one endpoint.
pub(super) struct EndpointChecks {
    pub(super) checks: Vec<Check>,
    /// Whether an upload would work, as far as the call shows.
    pub(super) works: bool,
    /// Whether a client would use another endpoint instead.
    pub(super) fails_over: bool,
}

pub(super) async fn check(
    endpoint: &Endpoint,
    transport: &TransportBuilder,
    proxy: Option<&Proxy>,
    has_identity: bool,
) -> EndpointChecks {
    let uri = endpoint.upload_uri();
    let proxy = proxy.filter(|proxy| proxy.applies_to(&uri));
    let (mut checks, mut fails_over) = (Vec::new(), false);
    match probe(endpoint, transport).await {
        Err(error) => {
            checks.push(Check::failed("trust", root_cause(&error)).advise("mend --ca (WXPAY_CA)"));
        }
        Ok((steps, Err(error))) if steps.secured.is_none() => {
            use transport::ErrorKind::{Connect, Timeout};
            let kind = error.transport().map(transport::Error::kind);
            fails_over = matches!(kind, Some(Connect | Timeout(_)));
            checks.extend(step_checks(&steps, Some(&error), proxy));
            let skipped = |check| Check::skipped(check, "the endpoint was not reached");
            checks.extend(["clock", CERTIFICATE].map(skipped));
        }
        Ok((steps, result)) => {
            checks.extend(step_checks(&steps, None, proxy));
            checks.push(clock(result.as_ref().ok().map(Response::headers)));
            let [answer, mut certificate] = answer(result);
            if !has_identity {
                certificate = Check::skipped(CERTIFICATE, "there is none to send");
            }
            checks.extend([answer, certificate]);
        }
    }
    let server = uri.authority().map_or("", Authority::as_str);
    for check in &mut checks {
        check.check = format!("{} at {server}", check.check);
    }
    EndpointChecks {
        works: has_identity && checks.iter().all(|it| it.status != Status::Failed),
        checks,
        fails_over,
    }
}

const CERTIFICATE: &str = "client certificate";

fn failed(check: &str, error: &Error) -> Check {
    Check::failed(check, root_cause(error)).advise(error.advice())
}

/// Name, connection and TLS: each is ok, has failed, or is skipped after a failed one.
fn step_checks(steps: &Steps, error: Option<&Error>, proxy: Option<&Proxy>) -> [Check; 3] {
    let failed = |check: &str| match error {
        Some(error) => failed(check, error),
        None => Check::unknown(check, "it was not reached"),
    };
    let is_open = proxy.is_none() || steps.is_tunneled;
    let peer = steps.peer.filter(|_| is_open);
    let is_named = proxy.is_some() || steps.addresses.is_some();
    [
        match (&steps.addresses, proxy) {
            (_, Some(_)) => Check::skipped("name", "the proxy resolves it"),
            (Some(addresses), None) => {
                let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
                Check::ok("name", addresses.join(", "))
            }
            (None, None) => failed("name"),
        },
        match (peer, proxy) {
            (Some(_), Some(proxy)) => Check::ok("connection", format!("through the proxy {proxy}")),
            (Some(peer), None) => Check::ok("connection", peer.to_string()),
            (None, _) if is_named => failed("connection"),
            (None, _) => Check::skipped("connection", "there is no address to connect to"),
        },
        match (&steps.secured, peer) {
            (Some((version, cipher_suite)), _) => {
                let root = steps.issuers.last();
                let by = root.map_or(String::new(), |root| format!(", certified by {root}"));
                Check::ok("tls", format!("{version} with {cipher_suite}{by}"))
            }
            (None, Some(_)) => failed("tls"),
            (None, None) => Check::skipped("tls", "there is no connection"),
        },
    ]
}

fn clock(headers: Option<&HeaderMap>) -> Check {
    let date = headers.and_then(|headers| headers.get(DATE)?.to_str().ok());
    let Some(theirs) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return Check::unknown("clock", "the answer has no date");
    };
    let (skew, direction) = match SystemTime::now().duration_since(theirs) {
        Ok(skew) => (skew, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    if skew < SKEW {
        let detail = format!("within {} s of the server's", SKEW.as_secs());
        return Check::ok("clock", detail);
    }
    let detail = format!("{} s {direction} the server's", skew.as_secs());
    Check::new("clock", Status::Warning, detail)
        .advise("set this machine's clock, or certificates will seem invalid")
}

/// Whether the gateway answers, and whether it accepts the client certificate.
fn answer(result: Result<Response<Bytes>, Error>) -> [Check; 2] {
    let silent = "the gateway does not say why it refused the empty call";
    // A refusal is read without a key.
    let nobody = MerchantId::new("0").expect("a digit is a merchant id");
    let no_key = ApiKey::new("0".repeat(ApiKey::LEN)).expect("its length is right");
    let merchant = Merchant::new(nobody, no_key);
    let read = result.and_then(|response| response::media_id(&merchant, &response));
    let Err(error) = read else {
        let answer = Check::failed("answer", "an empty call was not refused");
        return [answer, Check::unknown(CERTIFICATE, silent)];
    };
    let refused = |detail: &str| {
        let advice = Reason::Certificate.advice();
        let number = "compare its serial number with the merchant platform's";
        Check::failed(CERTIFICATE, detail).advise(format!("{advice}, and {number}"))
    };
    let Error::Gateway(refusal) = &error else {
        // Under TLS 1.3 the server refuses the certificate after the handshake.
        let certificate = match error.kind() {
            ErrorKind::Tls => refused(&root_cause(&error)),
            _ => Check::unknown(CERTIFICATE, "the answer is not the gateway's"),
        };
        return [failed("answer", &error), certificate];
    };
    let accepted = "accepted: the gateway refused the empty call for its form alone";
    let certificate = match (refusal.reason(), refusal.code()) {
        (Some(Reason::Certificate), _) => refused("the gateway does not accept it"),
        (_, Some(_)) => Check::ok(CERTIFICATE, accepted),
        (_, None) => Check::unknown(CERTIFICATE, silent),
    };
    [Check::ok("answer", "the gateway's"), certificate]
}

/// The steps on the way to an endpoint.
#[derive(Default)]
struct Steps {
    addresses: Option<Vec<IpAddr>>,
    peer: Option<SocketAddr>,
    is_tunneled: bool,
    /// The issuers of the certificates, the server's own first.
    issuers: Vec<String>,
    /// The version of TLS and the cipher suite.
    secured: Option<(&'static str, &'static str)>,
}

/// Sends a form without fields. The gateway checks the certificate before the form.
async fn probe(
    endpoint: &Endpoint,
    builder: &TransportBuilder,
) -> Result<(Steps, Result<Response<Bytes>, Error>), BuildError> {
    let steps = Arc::new(Mutex::new(Steps::default()));
    let observed = Arc::clone(&steps);
    let builder = builder.clone().observer(move |event| {
        let mut steps = observed.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            ConnectEvent::Resolved(addresses) => steps.addresses = Some(addresses.to_vec()),
            ConnectEvent::Connected(peer) => steps.peer = Some(peer),
            ConnectEvent::Tunneled => steps.is_tunneled = true,
            ConnectEvent::CertificatesPresented(issuers) => steps.issuers = issuers.to_vec(),
            ConnectEvent::Secured {
                version,
                cipher_suite,
            } => steps.secured = Some((version, cipher_suite)),
            _ => {}
        }
    });
    let transport: Transport<Full<Bytes>> = builder.build()?;
    let request = Request::post(endpoint.upload_uri())
        .header(CONTENT_TYPE, "multipart/form-data; boundary=empty")
        .body(Full::from("--empty--\r\n"))
        .expect("an endpoint's uri and a constant header make a request");
    let result = match transport.oneshot(request).await {
        Ok(response) => {
            let (head, body) = response.into_parts();
            let Ok(body) = body.collect().await;
            Ok(Response::from_parts(head, body.to_bytes()))
        }
        Err(error) => Err(Error::Service(error.into())),
    };
    let steps = std::mem::take(&mut *steps.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((steps, result))
}
