//! One call to an endpoint without a form: the steps on the way there, and what the gateway says of the
//! client certificate.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response,
    header::{CONTENT_TYPE, DATE},
    uri::Authority,
};
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;
use wxpay_media::{
    BuildError, Endpoint,
    transport::{ConnectEvent, Error, ErrorKind, Proxy, TlsErrorKind, Transport, TransportBuilder},
};
use wxpay_xml::Fields;

use super::Check;
use crate::terminal;

/// Clocks that differ by less than this do no harm to TLS.
const SKEW: Duration = Duration::from_secs(60);

/// The checks of one endpoint.
pub(super) struct EndpointChecks {
    pub(super) checks: Vec<Check>,
    /// Whether an upload to it would work, as far as the call shows.
    pub(super) works: bool,
    /// Whether a client would go on to another endpoint.
    pub(super) fails_over: bool,
}

pub(super) async fn check(
    endpoint: &Endpoint,
    transport: &TransportBuilder,
    proxy: Option<&Proxy>,
    has_identity: bool,
) -> EndpointChecks {
    let probe = match probe(endpoint, transport).await {
        Ok(probe) => probe,
        Err(error) => {
            let check = Check::failed("trust", terminal::root_cause(&error));
            return EndpointChecks {
                checks: vec![check.advise("mend --ca (WXPAY_CA)")],
                works: false,
                fails_over: false,
            };
        }
    };
    let uri = endpoint.upload_uri();
    let proxy = proxy.filter(|proxy| proxy.applies_to(&uri));
    let server = uri.authority().map_or("", Authority::as_str);
    let at = |check: &str| format!("{check} at {server}");
    let mut checks = steps(&probe, proxy, &at);
    let error = probe.result.as_ref().err();
    if let Some(error) = error.filter(|_| probe.steps.secured.is_none()) {
        let not_reached = "the endpoint was not reached";
        checks.push(Check::skipped(&at("clock"), not_reached));
        checks.push(Check::skipped(&at("client certificate"), not_reached));
        return EndpointChecks {
            checks,
            works: false,
            fails_over: matches!(error.kind(), ErrorKind::Connect | ErrorKind::Timeout(_)),
        };
    }
    let headers = probe.result.as_ref().ok().map(Response::headers);
    checks.push(clock(&at("clock"), headers));
    let (answer, certificate) = answer(&at, &probe.result);
    let works = answer.is_ok() && certificate.is_ok() && has_identity;
    checks.push(answer);
    checks.push(match has_identity {
        true => certificate,
        false => Check::skipped(&at("client certificate"), "there is none to send"),
    });
    EndpointChecks {
        checks,
        works,
        fails_over: false,
    }
}

/// Name, connection, TLS: each was reached, has failed, or comes after one that has.
fn steps(probe: &Probe, proxy: Option<&Proxy>, at: &dyn Fn(&str) -> String) -> Vec<Check> {
    let [name, connection, tls] = ["name", "connection", "tls"].map(at);
    let error = probe.result.as_ref().err();
    let failed = |check: &str, advice: fn(ErrorKind) -> &'static str| match error {
        Some(error) => {
            Check::failed(check, terminal::root_cause(error)).advise(advice(error.kind()))
        }
        None => Check::unknown(check, "it was not looked at"),
    };
    let mut checks = Vec::new();
    let is_named = match (&probe.steps.addresses, proxy) {
        (_, Some(_)) => {
            checks.push(Check::skipped(&name, "the proxy resolves it"));
            true
        }
        (Some(addresses), None) => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            checks.push(Check::ok(&name, addresses.join(", ")));
            true
        }
        (None, None) => {
            let advice = |_| "check the endpoint's name and this machine's name server";
            checks.push(failed(&name, advice));
            false
        }
    };
    let is_open = proxy.is_none() || probe.steps.is_tunneled;
    let peer = probe.steps.peer.filter(|_| is_open);
    checks.push(match (peer, proxy) {
        (Some(_), Some(proxy)) => Check::ok(&connection, format!("through the proxy {proxy}")),
        (Some(peer), None) => Check::ok(&connection, peer.to_string()),
        (None, _) if is_named => failed(&connection, |kind| match kind {
            ErrorKind::Proxy(_) => "check the proxy, or set NO_PROXY for this host",
            _ => "check host and port, and that a firewall lets it through",
        }),
        (None, _) => Check::skipped(&connection, "there is no address to connect to"),
    });
    checks.push(match &probe.steps.secured {
        Some((version, cipher_suite)) => {
            let root = probe.steps.issuers.last();
            let by = root.map_or(String::new(), |root| format!(", certified by {root}"));
            Check::ok(&tls, format!("{version} with {cipher_suite}{by}"))
        }
        None if peer.is_some() => failed(&tls, tls_advice),
        None => Check::skipped(&tls, "there is no connection"),
    });
    checks
}

fn tls_advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Tls(TlsErrorKind::UnknownIssuer) => {
            "give its authority by --ca only if you know why it is a private one; otherwise someone may be in between"
        }
        ErrorKind::Tls(TlsErrorKind::WrongName) => {
            "check the endpoint's name: its certificate is for another one"
        }
        ErrorKind::Tls(TlsErrorKind::Expired | TlsErrorKind::NotYetValid) => {
            "check this machine's clock first"
        }
        ErrorKind::Tls(TlsErrorKind::NotTls) => {
            "check the port: what answers there does not speak TLS"
        }
        _ => "check host and port, and what is in between",
    }
}

fn clock(name: &str, headers: Option<&HeaderMap>) -> Check {
    let date = headers
        .and_then(|headers| headers.get(DATE)?.to_str().ok())
        .and_then(|date| httpdate::parse_http_date(date).ok());
    let Some(theirs) = date else {
        return Check::unknown(name, "the answer has no date");
    };
    let ours = SystemTime::now();
    let (skew, direction) = match ours.duration_since(theirs) {
        Ok(skew) => (skew, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    if skew < SKEW {
        Check::ok(name, format!("within {} s of the server's", SKEW.as_secs()))
    } else {
        let detail = format!("{} s {direction} the server's", skew.as_secs());
        Check::warning(name, detail)
            .advise("set this machine's clock, or certificates will seem invalid")
    }
}

/// Whether the gateway answers, and whether it has accepted the client certificate.
fn answer(
    at: &dyn Fn(&str) -> String,
    response: &Result<Response<Bytes>, Error>,
) -> (Check, Check) {
    let [answer, certificate] = ["answer", "client certificate"].map(at);
    let refused = |detail: &str| {
        Check::failed(&certificate, detail)
            .advise("send the merchant's own API certificate, and compare its serial number with the merchant platform's")
    };
    let response = match response {
        Ok(response) => response,
        // Under TLS 1.3 the server refuses the certificate after the handshake.
        Err(error) => {
            let error = terminal::root_cause(error);
            return (Check::failed(&answer, error.clone()), refused(&error));
        }
    };
    let status = response.status().as_u16();
    let Ok(fields) = Fields::parse(response.body()) else {
        let page = String::from_utf8_lossy(response.body()).to_lowercase();
        let check = if page.contains("certificate") {
            refused("a page says that it is missing or was refused")
        } else {
            Check::unknown(&certificate, "the answer is a page")
        };
        let detail = format!("a page with status {status} came, not the gateway's answer");
        let answer = Check::failed(&answer, detail)
            .advise("check the endpoint, and whether a proxy answers in its place");
        return (answer, check);
    };
    let given = |name| fields.get(name).filter(|value| !value.is_empty());
    let text = [given("err_code_des"), given("return_msg")].map(Option::unwrap_or_default);
    let text = text.join(" ").to_lowercase();
    let check = if text.contains("certificate") || text.contains("证书") {
        refused("the gateway does not accept it")
    } else if given("return_code") == Some("FAIL") && given("err_code").is_some() {
        let detail = "accepted: the gateway refused the empty call for its form alone";
        Check::ok(&certificate, detail)
    } else {
        let detail = "the gateway does not say why it refused the empty call";
        Check::unknown(&certificate, detail)
    };
    (Check::ok(&answer, "the gateway's"), check)
}

/// The steps on the way to an endpoint, and its response.
struct Probe {
    steps: Steps,
    result: Result<Response<Bytes>, Error>,
}

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

/// Sends a form without a field: the gateway checks the certificate before the form.
async fn probe(endpoint: &Endpoint, builder: &TransportBuilder) -> Result<Probe, BuildError> {
    let steps = Arc::new(Mutex::new(Steps::default()));
    let observed = Arc::clone(&steps);
    let builder = builder.clone().observer(move |event| {
        let mut steps = observed.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            ConnectEvent::Resolved { addresses } => steps.addresses = Some(addresses.to_vec()),
            ConnectEvent::Connected { peer } => steps.peer = Some(peer),
            ConnectEvent::Tunneled => steps.is_tunneled = true,
            ConnectEvent::CertificatesPresented { issuers } => steps.issuers = issuers.to_vec(),
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
