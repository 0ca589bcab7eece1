//! Which request gets which answer.

use std::time::Duration;

use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::{
    Shown,
    answer::{self, Answer},
    detail, events, faults,
    guard::Turned,
    language::Language,
    page, query,
};

/// A fault is some dozens of bytes.
const BODY: usize = 64 * 1024;
const DEADLINE: Duration = Duration::from_secs(10);

impl Shown {
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Answer {
        let (head, body) = request.into_parts();
        match self.guard.check(&head.method, &head.headers) {
            Ok(()) => {}
            Err(Turned::Host) => {
                let why = "this is not a name of the sandbox's inspector: use its address";
                return answer::text(StatusCode::MISDIRECTED_REQUEST, why);
            }
            Err(Turned::Origin) => {
                let why = "pages of others may not do this";
                return answer::text(StatusCode::FORBIDDEN, why);
            }
        }
        let segments: Vec<_> = head.uri.path().split('/').skip(1).collect();
        let query = head.uri.query().unwrap_or_default();
        let is_read = head.method == Method::GET || head.method == Method::HEAD;
        if is_read {
            self.history.settle().await;
            return self
                .read(&segments, query, &head.headers)
                .unwrap_or_else(not_found);
        }
        match (head.method.as_str(), &segments[..]) {
            ("POST", ["faults"]) => {
                match timeout(DEADLINE, Limited::new(body, BODY).collect()).await {
                    Ok(Ok(body)) => faults::arm(self, &head.headers, &body.to_bytes()),
                    _ => answer::text(StatusCode::BAD_REQUEST, "the body is too large or too slow"),
                }
            }
            ("DELETE", ["faults"]) => {
                self.faults.disarm_all();
                answer::json(StatusCode::OK, &self.faults.armed())
            }
            ("DELETE", ["faults", id]) => match id.parse().map(|id| self.faults.disarm(id)) {
                Ok(true) => answer::json(StatusCode::OK, &self.faults.armed()),
                _ => not_found(),
            },
            // What a form can do, which cannot delete.
            ("POST", ["faults", id, "disarm"]) => match id.parse().map(|id| self.faults.disarm(id))
            {
                Ok(true) => answer::see_other("/"),
                _ => not_found(),
            },
            ("POST" | "DELETE", _) => not_found(),
            _ => answer::text(StatusCode::METHOD_NOT_ALLOWED, "use GET, POST or DELETE"),
        }
    }

    fn read(&self, segments: &[&str], query: &str, headers: &HeaderMap) -> Option<Answer> {
        let language = Language::of(headers);
        Some(match segments {
            [""] => page::page(self, language),
            ["inspector.css"] => answer::asset(
                "text/css; charset=utf-8",
                include_str!("assets/inspector.css"),
            ),
            ["inspector.js"] => answer::asset(
                "text/javascript; charset=utf-8",
                include_str!("assets/inspector.js"),
            ),
            ["events"] => events::events(self, headers, query),
            ["faults"] if wants_html(headers) => {
                answer::html(StatusCode::OK, faults::list(&self.faults.armed(), language))
            }
            ["faults"] => answer::json(StatusCode::OK, &self.faults.armed()),
            ["requests"] => {
                let calls = self.history.calls();
                // The newest first, as on the page.
                let calls: Vec<_> = calls.iter().rev().map(|call| &**call).collect();
                answer::json(StatusCode::OK, &calls)
            }
            ["requests", number] => {
                let call = self.history.call(number.parse().ok()?)?;
                if wants_html(headers) {
                    let alone = query::value(query, "part").is_none();
                    detail::detail(self, &call, language, alone)
                } else {
                    answer::json(StatusCode::OK, &*call)
                }
            }
            ["requests", number, "media"] => detail::media(self, number.parse().ok()?)?,
            _ => return None,
        })
    }
}

/// Browsers ask for HTML by name, scripts mostly for anything.
pub(super) fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn not_found() -> Answer {
    answer::text(StatusCode::NOT_FOUND, "there is nothing here")
}
