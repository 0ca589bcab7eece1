//! The routes of the inspector.

use std::{error::Error, time::Duration};

use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    Inspector,
    events::events,
    responses::{self, InspectorResponse},
};
use crate::fault::{Effect, Fault};

/// Maximum size of a body; a fault takes some dozens of bytes.
const BODY: usize = 64 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum number of faults that are not exhausted; more are a mistake of a script.
const FAULTS: usize = 1000;

const PAGE: &str = include_str!("page/inspector.html");
const STYLE: &str = include_str!("page/inspector.css");
const SCRIPT: &str = include_str!("page/inspector.js");
const WORDS: &str = include_str!("page/words.js");

impl Inspector {
    pub(super) async fn respond(&self, request: Request<Incoming>) -> InspectorResponse {
        let (head, body) = request.into_parts();
        if let Some(refusal) = self.refuse(&head) {
            return refusal;
        }
        let segments: Vec<_> = head.uri.path().split('/').skip(1).collect();
        if head.method == Method::GET || head.method == Method::HEAD {
            // So that calls that were answered have their findings.
            self.history.settle().await;
            let query = head.uri.query().unwrap_or_default();
            let found = self.read(&segments, query, &head.headers);
            return found.unwrap_or_else(not_found);
        }
        let all = || responses::json(StatusCode::OK, &self.faults.all());
        let remove = |id: &str| id.parse().is_ok_and(|id| self.faults.remove(id));
        match (head.method.as_str(), &segments[..]) {
            ("POST", ["faults"]) => {
                let read = timeout(BODY_TIMEOUT, Limited::new(body, BODY).collect());
                let Ok(Ok(body)) = read.await else {
                    let why = "the body is too large or too slow";
                    return refused(StatusCode::BAD_REQUEST, why);
                };
                self.inject(&head.headers, &body.to_bytes())
            }
            ("DELETE", ["faults"]) => {
                self.faults.remove_all();
                all()
            }
            ("DELETE", ["faults", id]) if remove(id) => all(),
            // For forms, which cannot send DELETE.
            ("POST", ["faults", id, "disarm"]) if remove(id) => responses::to_page(),
            ("DELETE", ["requests"]) => {
                self.history.settle().await;
                self.history.clear();
                responses::json(StatusCode::OK, &json!([]))
            }
            ("POST" | "DELETE", _) => not_found(),
            _ => responses::text(StatusCode::METHOD_NOT_ALLOWED, "use GET, POST or DELETE"),
        }
    }

    fn read(&self, path: &[&str], query: &str, headers: &HeaderMap) -> Option<InspectorResponse> {
        let ok = StatusCode::OK;
        let page = || responses::whole(ok, "text/html; charset=utf-8", PAGE);
        let script = |text| responses::whole(ok, "text/javascript; charset=utf-8", text);
        Some(match path {
            [""] => page(),
            ["inspector.css"] => responses::whole(ok, "text/css; charset=utf-8", STYLE),
            ["inspector.js"] => script(SCRIPT),
            ["words.js"] => script(WORDS),
            ["gateway"] => {
                let effects: Vec<_> = Effect::samples().map(|it| it.to_string()).collect();
                let (origin, mch_id) = (&self.origin, &self.mch_id);
                let gateway = json!({"origin": origin, "mch_id": mch_id, "effects": effects});
                responses::json(ok, &gateway)
            }
            ["events"] => events(&self.history, headers, query),
            ["faults"] => responses::json(ok, &self.faults.all()),
            ["requests"] => {
                let calls = self.history.calls();
                // The newest first, as on the page.
                responses::json(ok, &calls.iter().rev().map(|it| &**it).collect::<Vec<_>>())
            }
            ["requests", number, what @ ..] => {
                let number = number.parse().ok()?;
                let call = || self.history.call(number);
                match what {
                    // The page opens the call of its address.
                    [] if wants_html(headers) => call().map(|_| page())?,
                    [] => responses::json(ok, &*call()?),
                    ["media"] => responses::media(self.history.picture(number)?),
                    ["body"] => {
                        let (whole, call) = (self.history.body(number), call()?);
                        let is_cut = whole.is_none() && call.body_start.len() < call.body_length;
                        let start = || call.body_start.clone();
                        responses::body(whole.unwrap_or_else(start), is_cut)
                    }
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// Injects the faults of a form or a JSON document.
    fn inject(&self, headers: &HeaderMap, body: &[u8]) -> InspectorResponse {
        // By its content, because curl labels anything as a form.
        let is_form = !matches!(body.trim_ascii_start(), [b'{' | b'[' | b'"', ..]);
        let faults = match if is_form { form(body) } else { list(body) } {
            Ok(faults) => faults,
            Err(error) => return refused(StatusCode::BAD_REQUEST, &error.to_string()),
        };
        let active = self.faults.all();
        let active = active.iter().filter(|fault| !fault.is_exhausted());
        if active.count() + faults.len() > FAULTS {
            let error = format!("{FAULTS} faults are active: remove some");
            return refused(StatusCode::CONFLICT, &error);
        }
        let inject = |fault| self.faults.inject(fault);
        let ids: Vec<_> = faults.into_iter().map(inject).collect();
        if is_form && wants_html(headers) {
            return responses::to_page();
        }
        let mut injected = self.faults.all();
        injected.retain(|fault| ids.contains(&fault.id()));
        responses::json(StatusCode::CREATED, &injected)
    }
}

fn refused(status: StatusCode, error: &str) -> InspectorResponse {
    responses::json(status, &json!({ "error": error }))
}

fn list(body: &[u8]) -> Result<Vec<Fault>, Box<dyn Error>> {
    let values = match serde_json::from_slice(body)? {
        Value::Array(values) => values,
        value => vec![value],
    };
    let faults = values.into_iter().map(serde_json::from_value);
    Ok(faults.collect::<Result<_, _>>()?)
}

/// The fault as text or its effect, with the conditions beside it; empty ones do not count.
fn form(body: &[u8]) -> Result<Vec<Fault>, Box<dyn Error>> {
    let mut pairs: Vec<_> = form_urlencoded::parse(body).collect();
    pairs.retain(|pair| !pair.1.is_empty());
    let text = pairs.iter().find(|pair| pair.0 == "fault");
    let mut fault: Fault = text.map_or("", |pair| pair.1.trim()).parse()?;
    for (word, value) in pairs.iter().filter(|pair| pair.0 != "fault") {
        fault.set(word, value)?;
    }
    Ok(vec![fault.checked()?])
}

/// Browsers ask for HTML by name, scripts mostly for anything.
fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn not_found() -> InspectorResponse {
    responses::text(StatusCode::NOT_FOUND, "there is nothing here")
}
