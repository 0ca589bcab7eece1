//! The way to one endpoint, and what it says to an empty call.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{
    HeaderMap, Request, Response,
    header::{CONTENT_TYPE, DATE},
};
use http_body_util::Full;
use tower::ServiceExt;
use wxpay_media::{
    Endpoint,
    transport::{self, ErrorKind, Inspection, TlsFault, Transport},
};
use wxpay_xml::Fields;

use super::Check;
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
    transport: &transport::Builder,
    has_identity: bool,
) -> Look {
    let uri = endpoint.upload_uri();
    let host = uri
        .authority()
        .expect("an endpoint has an authority")
        .clone();
    let inspection = match transport.inspect(host).await {
        Ok(inspection) => inspection,
        Err(error) => {
            let check = Check::failed("trust", terminal::root_cause(&error));
            return Look {
                checks: vec![check.advise("mend --ca (WXPAY_CA)")],
                works: false,
                may_be_passed_by: false,
            };
        }
    };
    let mut checks = way(&inspection);
    if let Some(error) = inspection.error() {
        checks.push(Check::skipped(&at("clock", &inspection), NOT_REACHED));
        checks.push(Check::skipped(
            &at("client certificate", &inspection),
            NOT_REACHED,
        ));
        return Look {
            checks,
            works: false,
            may_be_passed_by: matches!(error.kind(), ErrorKind::Connect | ErrorKind::Timeout(_)),
        };
    }
    let reply = empty_call(endpoint, transport).await;
    checks.push(clock(
        &inspection,
        reply.as_ref().ok().map(Response::headers),
    ));
    let (answer, certificate) = answer(&inspection, &reply);
    let works = answer.is_ok() && certificate.is_ok() && has_identity;
    checks.push(answer);
    checks.push(if has_identity {
        certificate
    } else {
        Check::skipped(
            &at("client certificate", &inspection),
            "there is none to send",
        )
    });
    Look {
        checks,
        works,
        may_be_passed_by: false,
    }
}

const NOT_REACHED: &str = "the endpoint was not reached";

fn at(check: &str, inspection: &Inspection) -> String {
    format!("{check} at {}", inspection.server())
}

/// Name, connection, TLS.
fn way(inspection: &Inspection) -> Vec<Check> {
    let [name, connection, tls] = ["name", "connection", "tls"].map(|check| at(check, inspection));
    let name = match inspection.addresses() {
        Some(Ok(addresses)) => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            Check::ok(&name, addresses.join(", "))
        }
        Some(Err(error)) => Check::failed(&name, terminal::root_cause(error))
            .advise("check the endpoint's name and this machine's name server"),
        None => Check::skipped(&name, "the proxy resolves it"),
    };
    let connection = match inspection.connection() {
        Some(Ok(address)) => match inspection.proxy() {
            None => Check::ok(&connection, address.to_string()),
            Some(proxy) => Check::ok(&connection, format!("through the proxy {proxy}")),
        },
        Some(Err(error)) => {
            Check::failed(&connection, terminal::root_cause(error)).advise(match error.kind() {
                ErrorKind::Proxy(_) => "check the proxy, or set NO_PROXY for this host",
                _ => "check host and port, and that a firewall lets it through",
            })
        }
        None => Check::skipped(&connection, "there is no address to connect to"),
    };
    let tls = match inspection.handshake() {
        Some(Ok(handshake)) => {
            let chain: Vec<_> = inspection
                .certificates()
                .iter()
                .map(|certificate| certificate.issuer().to_owned())
                .collect();
            let by = chain
                .last()
                .map_or(String::new(), |root| format!(", certified by {root}"));
            Check::ok(
                &tls,
                format!("{} with {}{by}", handshake.version(), handshake.cipher()),
            )
        }
        Some(Err(error)) => {
            Check::failed(&tls, terminal::root_cause(error)).advise(tls_advice(error.kind()))
        }
        None => Check::skipped(&tls, "there is no connection"),
    };
    vec![name, connection, tls]
}

fn tls_advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Tls(TlsFault::UnknownIssuer) => {
            "give its authority by --ca only if you know why it is a private one; otherwise someone may be in between"
        }
        ErrorKind::Tls(TlsFault::WrongName) => {
            "check the endpoint's name: its certificate is for another one"
        }
        ErrorKind::Tls(TlsFault::Expired | TlsFault::NotYetValid) => {
            "check this machine's clock first"
        }
        ErrorKind::Tls(TlsFault::NotTls) => "check the port: what answers there does not speak TLS",
        _ => "check host and port, and what is in between",
    }
}

/// A form without a field: the gateway looks at the certificate before it looks at that.
async fn empty_call(
    endpoint: &Endpoint,
    transport: &transport::Builder,
) -> Result<Response<Bytes>, String> {
    let transport: Transport<Full<Bytes>> = transport
        .clone()
        .build()
        .map_err(|error| terminal::root_cause(&error))?;
    let mut request = Request::new(Full::from("--empty--\r\n"));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = endpoint.upload_uri();
    let form = http::HeaderValue::from_static("multipart/form-data; boundary=empty");
    request.headers_mut().insert(CONTENT_TYPE, form);
    let reply = transport.oneshot(request).await;
    reply.map_err(|error| terminal::root_cause(&error))
}

fn clock(inspection: &Inspection, headers: Option<&HeaderMap>) -> Check {
    let name = at("clock", inspection);
    let date = headers
        .and_then(|headers| headers.get(DATE)?.to_str().ok())
        .and_then(|date| httpdate::parse_http_date(date).ok());
    let Some(theirs) = date else {
        return Check::unknown(&name, "the answer has no date");
    };
    let ours = SystemTime::now();
    let (skew, direction) = match ours.duration_since(theirs) {
        Ok(skew) => (skew, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    if skew < SKEW {
        Check::ok(
            &name,
            format!("within {} s of the server's", SKEW.as_secs()),
        )
    } else {
        Check::warning(
            &name,
            format!("{} s {direction} the server's", skew.as_secs()),
        )
        .advise("set this machine's clock, or certificates will seem invalid")
    }
}

/// Whether it is the gateway that answers, and whether it has taken the client certificate.
fn answer(inspection: &Inspection, reply: &Result<Response<Bytes>, String>) -> (Check, Check) {
    let [answer, certificate] = ["answer", "client certificate"].map(|check| at(check, inspection));
    let refused = |detail: &str| {
        Check::failed(&certificate, detail)
            .advise("send the merchant's own API certificate, and compare its serial number with the merchant platform's")
    };
    let reply = match reply {
        Ok(reply) => reply,
        // TLS itself was fine without a call: what a server says of the certificate comes later.
        Err(error) => return (Check::failed(&answer, error.clone()), refused(error)),
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
