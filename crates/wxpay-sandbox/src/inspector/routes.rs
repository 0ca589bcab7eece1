//! The routes: a response for each request.

use std::time::Duration;

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
use crate::fault::{Effect, Fault, ParseFaultError};

/// A fault is some dozens of bytes.
const BODY: usize = 64 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Faults that are not exhausted: more can only be a mistake of a script's.
const FAULTS: usize = 1000;

const PAGE: &str = include_str!("page/inspector.html");
const STYLE: &str = include_str!("page/inspector.css");
const SCRIPT: &str = include_str!("page/inspector.js");
const WORDS: &str = include_str!("page/words.js");

impl Inspector {
    pub(super) async fn respond(&self, request: Request<Incoming>) -> InspectorResponse {
        let (head, body) = request.into_parts();
        if let Err((status, why)) = self.guard.check(&head.method, &head.headers) {
            return responses::text(status, why);
        }
        let segments: Vec<_> = head.uri.path().split('/').skip(1).collect();
        if head.method == Method::GET || head.method == Method::HEAD {
            // Calls that were answered are explained, too.
            self.history.settle().await;
            let query = head.uri.query().unwrap_or_default();
            let found = self.read(&segments, query, &head.headers);
            return found.unwrap_or_else(not_found);
        }
        let all = || responses::json(StatusCode::OK, &self.faults.all());
        let remove = |id: &str| id.parse().is_ok_and(|id| self.faults.remove(id));
        match (head.method.as_str(), &segments[..]) {
            ("POST", ["faults"]) => {
                match timeout(BODY_TIMEOUT, Limited::new(body, BODY).collect()).await {
                    Ok(Ok(body)) => self.inject(&head.headers, &body.to_bytes()),
                    _ => {
                        let why = "the body is too large or too slow";
                        responses::text(StatusCode::BAD_REQUEST, why)
                    }
                }
            }
            ("DELETE", ["faults"]) => {
                self.faults.remove_all();
                all()
            }
            ("DELETE", ["faults", id]) if remove(id) => all(),
            // For forms, which cannot delete.
            ("POST", ["faults", id, "disarm"]) if remove(id) => responses::see_other("/"),
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
        let page = || responses::asset("text/html; charset=utf-8", PAGE);
        Some(match path {
            [""] => page(),
            ["inspector.css"] => responses::asset("text/css; charset=utf-8", STYLE),
            ["inspector.js"] => responses::asset("text/javascript; charset=utf-8", SCRIPT),
            ["words.js"] => responses::asset("text/javascript; charset=utf-8", WORDS),
            ["gateway"] => {
                let effects: Vec<_> = Effect::samples().map(|it| it.to_string()).collect();
                let gateway =
                    json!({"origin": self.origin, "mch_id": self.mch_id, "effects": effects});
                responses::json(StatusCode::OK, &gateway)
            }
            ["events"] => events(&self.history, headers, query),
            ["faults"] => responses::json(StatusCode::OK, &self.faults.all()),
            ["requests"] => {
                let calls = self.history.calls();
                // The newest first, as on the page.
                let calls: Vec<_> = calls.iter().rev().map(|call| &**call).collect();
                responses::json(StatusCode::OK, &calls)
            }
            ["requests", number] => {
                let call = self.history.call(number.parse().ok()?)?;
                match wants_html(headers) {
                    // The page opens the call that is in its address.
                    true => page(),
                    false => responses::json(StatusCode::OK, &*call),
                }
            }
            ["requests", number, "media"] => {
                responses::media(self.history.picture(number.parse().ok()?)?)
            }
            ["requests", number, "body"] => {
                let number = number.parse().ok()?;
                match self.history.body(number) {
                    Some(body) => responses::body(body, false),
                    None => {
                        let call = self.history.call(number)?;
                        let start = call.body_start.clone();
                        responses::body(start, call.body_start.len() < call.body_length)
                    }
                }
            }
            _ => return None,
        })
    }

    /// Injects the faults of a form or a JSON document.
    fn inject(&self, headers: &HeaderMap, body: &[u8]) -> InspectorResponse {
        // By its content: curl calls anything a form.
        let is_form = !matches!(body.trim_ascii_start(), [b'{' | b'[' | b'"', ..]);
        let faults = match is_form {
            true => form(body)
                .map(|fault| vec![fault])
                .map_err(|error| error.to_string()),
            false => list(body).map_err(|error| error.to_string()),
        };
        let refused = |status, error| responses::json(status, &json!({ "error": error }));
        let faults = match faults {
            Ok(faults) => faults,
            Err(error) => return refused(StatusCode::BAD_REQUEST, error),
        };
        let active = self.faults.all();
        let active = active.iter().filter(|fault| !fault.is_exhausted());
        if active.count() + faults.len() > FAULTS {
            let error = format!("{FAULTS} faults are active: remove some");
            return refused(StatusCode::CONFLICT, error);
        }
        let inject = |fault| self.faults.inject(fault);
        let ids: Vec<_> = faults.into_iter().map(inject).collect();
        if is_form && wants_html(headers) {
            return responses::see_other("/");
        }
        let mut injected = self.faults.all();
        injected.retain(|fault| ids.contains(&fault.id()));
        responses::json(StatusCode::CREATED, &injected)
    }
}

fn list(body: &[u8]) -> Result<Vec<Fault>, serde_json::Error> {
    let values = match serde_json::from_slice(body)? {
        Value::Array(values) => values,
        value => vec![value],
    };
    values.into_iter().map(serde_json::from_value).collect()
}

/// The whole text or its effect, and the conditions beside it; those that are empty are none.
fn form(body: &[u8]) -> Result<Fault, ParseFaultError> {
    let mut pairs: Vec<_> = form_urlencoded::parse(body).collect();
    pairs.retain(|pair| !pair.1.is_empty());
    let text = pairs.iter().find(|pair| pair.0 == "fault");
    let mut fault: Fault = text.map_or("", |pair| pair.1.trim()).parse()?;
    for (word, value) in pairs.iter().filter(|pair| pair.0 != "fault") {
        fault.set(word, value)?;
    }
    fault.checked()
}

/// Browsers ask for HTML by name, scripts mostly for anything.
fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn not_found() -> InspectorResponse {
    responses::text(StatusCode::NOT_FOUND, "there is nothing here")
}
