//! The way to one endpoint, and what it says to an empty call.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Response, header::DATE};
use wxpay_media::{
    Endpoint,
    transport::{Error, ErrorKind, Proxy, TlsErrorKind, TransportBuilder},
};
use wxpay_xml::Fields;

use super::{
    Check,
    probe::{Probe, probe},
};
use crate::terminal;

/// Clocks that differ by less than this do no harm to TLS.
const SKEW: Duration = Duration::from_secs(60);

/// What was found about one endpoint.
pub(super) struct Look {
    pub(super) checks: Vec<Check>,
    /// Whether an upload to it would work, as far as this can tell.
    pub(super) works: bool,
    /// Whether its fault is of the kind for which another endpoint stands in.
    pub(super) may_be_passed_by: bool,
}

pub(super) async fn look(
    endpoint: &Endpoint,
    transport: &TransportBuilder,
    proxy: Option<&Proxy>,
    has_identity: bool,
) -> Look {
    let probe = match probe(endpoint, transport).await {
        Ok(probe) => probe,
        Err(error) => {
            let check = Check::failed("trust", terminal::root_cause(&error));
            return Look {
                checks: vec![check.advise("mend --ca (WXPAY_CA)")],
                works: false,
                may_be_passed_by: false,
            };
        }
    };
    let proxy = proxy.filter(|proxy| proxy.applies_to(&endpoint.upload_uri()));
    let server = endpoint.upload_uri();
    let server = server
        .authority()
        .map_or("", |authority| authority.as_str());
    let at = |check: &str| format!("{check} at {server}");
    let mut checks = steps(&probe, proxy, &at);
    let error = probe.result.as_ref().err();
    if let Some(error) = error.filter(|_| probe.steps.secured.is_none()) {
        let not_reached = "the endpoint was not reached";
        checks.push(Check::skipped(&at("clock"), not_reached));
        checks.push(Check::skipped(&at("client certificate"), not_reached));
        return Look {
            checks,
            works: false,
            may_be_passed_by: matches!(error.kind(), ErrorKind::Connect | ErrorKind::Timeout(_)),
        };
    }
    let headers = probe.result.as_ref().ok().map(Response::headers);
    checks.push(clock(&at("clock"), headers));
    let (answer, certificate) = answer(&at, &probe.result);
    let works = answer.is_ok() && certificate.is_ok() && has_identity;
    checks.push(answer);
    checks.push(if has_identity {
        certificate
    } else {
        Check::skipped(&at("client certificate"), "there is none to send")
    });
    Look {
        checks,
        works,
        may_be_passed_by: false,
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
            checks.push(failed(
                &name,
                |_| "check the endpoint's name and this machine's name server",
            ));
            false
        }
    };
    let peer = probe
        .steps
        .peer
        .filter(|_| proxy.is_none() || probe.steps.is_tunneled);
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
        Check::warning(
            name,
            format!("{} s {direction} the server's", skew.as_secs()),
        )
        .advise("set this machine's clock, or certificates will seem invalid")
    }
}

/// Whether it is the gateway that answers, and whether it has taken the client certificate.
fn answer(
    at: &dyn Fn(&str) -> String,
    response: &Result<Response<Bytes>, Error>,
) -> (Check, Check) {
    let [answer, certificate] = ["answer", "client certificate"].map(at);
    let refused = |detail: &str| {
        Check::failed(&certificate, detail)
            .advise("send the merchant's own API certificate, and compare its serial number with the merchant platform's")
    };
    let reply = match response {
        Ok(response) => response,
        // TLS itself was fine without a call: what a server says of the certificate comes later.
        Err(error) => {
            let error = terminal::root_cause(error);
            return (Check::failed(&answer, error.clone()), refused(&error));
        }
    };
    let status = reply.status().as_u16();
    let Ok(fields) = Fields::parse(reply.body()) else {
        let page = String::from_utf8_lossy(reply.body()).to_lowercase();
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
        Check::ok(
            &certificate,
            "accepted: the gateway refused the empty call for its form alone",
        )
    } else {
        Check::unknown(
            &certificate,
            "the gateway does not say why it refused the empty call",
        )
    };
    (Check::ok(&answer, "the gateway's"), check)
}
