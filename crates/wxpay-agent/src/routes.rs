//! The routes: which request gets which answer.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderValue, StatusCode, Uri, header};
use serde::Serialize;
use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
};
use tower::ServiceExt;
use wxpay_media::{Error, Image};

use crate::{
    answer::{Refusal, json},
    body::{Form, Inbound, MAX_BODY, Picture, oversized, too_large},
    fetch::Fetcher,
    guard::Guard,
    merchant::{Merchant, Share, Submitted, ledger_failed},
    merchants::{Readiness, Registry},
    metrics,
    server::Phase,
    store::Store,
};

/// An id is given again for so long, unless a caller says otherwise.
const REUSE: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The least that a picture counts for in memory, in bytes: its request and its answer take some, too.
const LEAST_SHARE: u32 = 16 * 1024;

/// The state that all requests share.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) merchants: Registry,
    pub(crate) store: Arc<Store>,
    pub(crate) fetcher: Option<Fetcher>,
    /// The memory of all merchants together.
    pub(crate) memory: Arc<Semaphore>,
    pub(crate) phase: watch::Receiver<Phase>,
}

type Shared = State<Arc<Door>>;

pub(crate) fn router(door: Arc<Door>) -> Router {
    // The body's own bound is a larger one.
    let upload = post(upload).layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/v1/media", upload)
        .route("/v1/media/{md5}", get(look_up).delete(forget))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(show_metrics))
        .fallback(async || {
            Refusal::not_found("there is no such path", "POST pictures to /v1/media")
        })
        .method_not_allowed_fallback(async || {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            let advice = "POST pictures to /v1/media";
            Refusal::new(
                status,
                "request",
                "this path does not take this method",
                advice,
            )
        })
        .with_state(door)
}

/// Answers a request, if it is no stranger's.
pub(crate) async fn respond(router: Router, guard: &Guard, request: Request) -> Response {
    let is_free = ["/livez", "/readyz", "/metrics"].contains(&request.uri().path());
    let checked = guard.check_page(request.uri(), request.headers());
    let checked = checked.and_then(|()| match is_free {
        true => Ok(()),
        false => guard.check_token(request.headers()),
    });
    match checked {
        Ok(()) => match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        Err(refusal) => {
            let (head, body) = request.into_parts();
            Inbound::new(body).discard(&head.headers);
            refusal.into_response()
        }
    }
}

async fn upload(State(door): Shared, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let inbound = Inbound::new(body);
    let headers = head.headers.clone();
    let request = Request::from_parts(head, Body::empty());
    match door.upload(request, inbound.clone()).await {
        Ok(response) => response,
        Err(refusal) => {
            inbound.discard(&headers);
            refusal.into_response()
        }
    }
}

async fn look_up(State(door): Shared, Path(md5): Path<String>, uri: Uri) -> Response {
    let find = |md5: String| {
        let merchant = door.merchants.find(Query::of(&uri)?.merchant.as_deref())?;
        let found = door.store.find(merchant.account(), &md5, None);
        let found = found.map_err(|error| ledger_failed(&error))?;
        found.ok_or_else(|| unknown("no upload of these bytes is known"))
    };
    match hash(&md5).and_then(find) {
        Ok(entry) => entry.answer(true),
        Err(refusal) => refusal.into_response(),
    }
}

async fn forget(State(door): Shared, Path(md5): Path<String>, uri: Uri) -> Response {
    let forget = async {
        let md5 = hash(&md5)?;
        let merchant = door.merchants.find(Query::of(&uri)?.merchant.as_deref())?;
        let store = Arc::clone(&door.store);
        let forgotten = spawn_blocking(move || store.forget(merchant.account(), &md5)).await;
        match forgotten {
            Ok(Ok(())) => Ok(StatusCode::NO_CONTENT),
            Ok(Err(error)) => Err(ledger_failed(&error)),
            Err(_) => Err(Refusal::stopping()),
        }
    };
    match forget.await {
        Ok(status) => status.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// An MD5 in lower case.
fn hash(text: &str) -> Result<String, Refusal> {
    let is_md5 = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let md5 = is_md5.then(|| text.to_ascii_lowercase());
    md5.ok_or_else(|| unknown("this is no MD5"))
}

fn unknown(message: &str) -> Refusal {
    Refusal::not_found(message, "give the MD5 of the picture, 32 hex digits")
}

async fn readyz(State(door): Shared) -> Response {
    #[derive(Serialize)]
    struct Answer {
        ready: bool,
        merchants: Vec<Readiness>,
    }
    let views = door.merchants.views();
    let merchants: Vec<_> = views.iter().map(|view| view.readiness()).collect();
    let is_serving = *door.phase.borrow() == Phase::Serving;
    let ready = is_serving && !merchants.is_empty() && merchants.iter().all(|it| it.ready);
    let status = match ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    json(status, &Answer { ready, merchants })
}

async fn show_metrics(State(door): Shared) -> Response {
    let views = door.merchants.views();
    let merchants = views.iter().filter_map(|view| view.merchant.as_deref());
    let broken = views
        .iter()
        .map(|view| (view.shown(), view.broken.is_some()));
    let mut response = Response::new(metrics::render(merchants, broken).into());
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

impl Door {
    async fn upload(&self, request: Request, body: Inbound) -> Result<Response, Refusal> {
        let query = Query::of(request.uri())?;
        let merchant = self.merchants.find(query.merchant.as_deref())?;
        let (form, declared) = (Form::of(request.headers()), body.declared());
        match declared {
            Some(MAX_BODY..) if declared > Some(MAX_BODY) => return Err(too_large()),
            Some(size) if form == Form::Raw && size >= Image::LIMIT as u64 => {
                merchant.metrics.refused();
                return Err(oversized(size as usize));
            }
            _ => {}
        }
        let place = merchant.enter()?;
        let bytes = match (form, declared) {
            (Form::Raw | Form::Multipart, Some(size)) => size.min(Image::LIMIT as u64) as u32,
            _ => Image::LIMIT as u32,
        };
        let work = async {
            let bytes = bytes.max(LEAST_SHARE);
            let mut share = merchant.share(place, &self.memory, bytes).await;
            let picture = self.read(form, request, body).await?;
            share.shrink(picture.bytes.len().max(LEAST_SHARE as usize));
            self.submit(&merchant, query, picture, share).await
        };
        tokio::select! {
            // What is done is answered, also at the last moment.
            biased;
            done = work => done,
            () = self.closing() => Err(Refusal::stopping()),
        }
    }

    /// Waits until nobody may wait any more.
    async fn closing(&self) {
        let mut phase = self.phase.clone();
        // The sender lives as long as the server.
        let _ = phase.wait_for(|phase| *phase == Phase::Closing).await;
    }

    async fn read(&self, form: Form, request: Request, body: Inbound) -> Result<Picture, Refusal> {
        match form {
            Form::Raw => body.picture().await,
            Form::Multipart => body.file_part(request).await,
            Form::Url => {
                let url = body.url().await?;
                let Some(fetcher) = &self.fetcher else {
                    let advice =
                        "start the agent with --allow-url HOST, or send the picture itself";
                    return Err(Refusal::request("no URL is allowed", advice));
                };
                let bytes = fetcher.fetch(&url).await?;
                Ok(Picture { name: None, bytes })
            }
        }
    }

    async fn submit(
        &self,
        merchant: &Arc<Merchant>,
        query: Query,
        picture: Picture,
        share: Share,
    ) -> Result<Response, Refusal> {
        let name = query.name.or(picture.name);
        let name = name.map_or_else(|| "picture".to_owned(), |name| sendable(&name));
        let (store, submitting) = (Arc::clone(&self.store), Arc::clone(merchant));
        // Hashing 2 MiB takes two milliseconds, and a ledger may be read from the disk.
        let submitted = spawn_blocking(move || {
            let image = Image::from_bytes(name, picture.bytes).map_err(|error| {
                submitting.metrics.refused();
                Refusal::from(&Error::from(error))
            })?;
            for warning in image.warnings() {
                tracing::warn!(media_hash = image.hash().as_str(), "{warning}");
            }
            submitting.submit(image, query.reuse, share, &store)
        });
        match submitted
            .await
            .unwrap_or_else(|_| Err(Refusal::stopping()))?
        {
            Submitted::Known(entry) => Ok(entry.answer(true)),
            Submitted::Flight { mut flight, is_own } => {
                let landed = flight.wait_for(Option::is_some).await;
                let outcome = landed.ok().and_then(|outcome| outcome.clone());
                let entry = outcome.unwrap_or_else(|| Err(Refusal::stopping()))?;
                Ok(entry.answer(!is_own))
            }
        }
    }
}

/// A name with `_` for what the gateway does not take: callers pass on what phones and browsers say.
fn sendable(name: &str) -> String {
    let is_refused = |c: char| c.is_control() || c > '\u{ffff}';
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = name.replace(is_refused, "_");
    if name.is_empty() {
        "picture".to_owned()
    } else {
        name
    }
}

/// The parameters of a request.
#[derive(Debug)]
struct Query {
    name: Option<String>,
    merchant: Option<String>,
    /// The greatest age of an id that is given again.
    reuse: Option<Duration>,
}

impl Query {
    fn of(uri: &Uri) -> Result<Self, Refusal> {
        let mut query = Self {
            name: None,
            merchant: None,
            reuse: Some(REUSE),
        };
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            let given = || Some(Cow::into_owned(value.clone()));
            match (&*name, &*value) {
                ("name", _) => query.name = given(),
                ("merchant", _) => query.merchant = given(),
                ("reuse", "never") => query.reuse = None,
                ("reuse", "1h") => query.reuse = Some(REUSE),
                ("reuse", "24h") => query.reuse = Some(DAY),
                ("reuse", _) => {
                    let message = "`reuse` is none of never, 1h and 24h";
                    return Err(Refusal::request(message, "leave it out for 1h"));
                }
                _ => {
                    let message = "a parameter is not known";
                    let advice = "there are `name`, `merchant` and `reuse`";
                    return Err(Refusal::request(message, advice));
                }
            }
        }
        Ok(query)
    }
}
