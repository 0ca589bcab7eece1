//! The routes: which request gets which answer.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::HttpBody,
    extract::{DefaultBodyLimit, Path, Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{StatusCode, Uri, header};
use serde_json::json;
use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
};
use tower::ServiceExt;
use wxpay_media::Image;

use crate::{
    answer::{self, Refusal},
    body::{self, Form, MAX_BODY, oversized, too_large},
    fetch::Fetcher,
    guard::Guard,
    merchant::Merchant,
    merchants::Registry,
    metrics,
    server::Phase,
};

/// An id is given again for so long, unless a caller says otherwise.
const REUSE: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The least that a picture counts for in memory, in bytes: its request and its answer take some, too.
const LEAST_SHARE: usize = 16 * 1024;

/// The state that all requests share.
#[derive(Debug)]
pub(crate) struct AppState {
    pub(crate) merchants: Registry,
    pub(crate) fetcher: Option<Fetcher>,
    /// The memory of all merchants together.
    pub(crate) memory: Arc<Semaphore>,
    pub(crate) phase: watch::Receiver<Phase>,
}

type Shared = State<Arc<AppState>>;

pub(crate) fn router(app: Arc<AppState>) -> Router {
    const ADVICE: &str = "POST pictures to /v1/media";
    const WRONG: StatusCode = StatusCode::METHOD_NOT_ALLOWED;
    let upload = post(async |State(app): Shared, request| app.upload(request).await);
    Router::new()
        .route("/v1/media", upload.layer(DefaultBodyLimit::max(MAX_BODY)))
        .route("/v1/media/{md5}", get(look_up).delete(forget))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(show_metrics))
        .fallback(async || Refusal::not_found("there is no such path", ADVICE))
        .method_not_allowed_fallback(async || Refusal::new(WRONG, "not by this method", ADVICE))
        .with_state(app)
}

/// Answers a request, if it is no stranger's.
pub(crate) async fn respond(router: Router, guard: &Guard, request: Request) -> Response {
    let is_free = ["/livez", "/readyz", "/metrics"].contains(&request.uri().path());
    let (uri, headers) = (request.uri(), request.headers());
    let checked = guard.check_page(uri, headers).and_then(|()| match is_free {
        true => Ok(()),
        false => guard.check_token(headers),
    });
    match checked {
        Ok(()) => router.oneshot(request).await.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// A request about known bytes.
type Known = (Shared, Path<String>, Uri);

async fn look_up((State(app), Path(md5), uri): Known) -> Result<Response, Refusal> {
    let (merchant, md5) = app.known(&uri, &md5)?;
    let found = merchant.media_ids.find(&md5, None)?;
    let unknown = || Refusal::not_found("no upload of these bytes is known", "upload them");
    Ok(found.ok_or_else(unknown)?.answer(true))
}

async fn forget((State(app), Path(md5), uri): Known) -> Result<StatusCode, Refusal> {
    let (merchant, md5) = app.known(&uri, &md5)?;
    let forgotten = spawn_blocking(move || merchant.media_ids.forget(&md5)).await;
    forgotten.map_err(|_| Refusal::stopping())??;
    Ok(StatusCode::NO_CONTENT)
}

async fn readyz(State(app): Shared) -> Response {
    let views = app.merchants.views();
    let merchants = views.iter().map(|view| {
        let problem = view.problem();
        json!({
            "merchant": view.shown(),
            "ready": problem.is_none(),
            "problem": problem,
            "broken": view.broken,
        })
    });
    let is_serving = *app.phase.borrow() == Phase::Serving && !views.is_empty();
    let is_ready = is_serving && views.iter().all(|view| view.problem().is_none());
    let answer = json!({"ready": is_ready, "merchants": merchants.collect::<Vec<_>>()});
    let (ready, unready) = (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE);
    let status = if is_ready { ready } else { unready };
    answer::json(status, &answer)
}

async fn show_metrics(State(app): Shared) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    let text = metrics::render(&app.merchants.views());
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

impl AppState {
    /// The merchant of a request, and an MD5 in lower case.
    fn known(&self, uri: &Uri, md5: &str) -> Result<(Arc<Merchant>, String), Refusal> {
        if md5.len() != 32 || !md5.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let advice = "give the MD5 of the picture, 32 hex digits";
            return Err(Refusal::not_found("this is no MD5", advice));
        }
        let merchant = self.merchants.find(Query::of(uri)?.merchant.as_deref())?;
        Ok((merchant, md5.to_ascii_lowercase()))
    }

    async fn upload(&self, request: Request) -> Result<Response, Refusal> {
        let query = Query::of(request.uri())?;
        let merchant = self.merchants.find(query.merchant.as_deref())?;
        let form = Form::of(request.headers());
        let size = request.body().size_hint().exact().map(|size| size as usize);
        if size.is_some_and(|size| size > MAX_BODY) {
            return Err(too_large());
        }
        if form == Form::Picture && size.is_some_and(|size| size >= Image::LIMIT) {
            merchant.metrics.refused();
            return Err(oversized(size));
        }
        let place = merchant.enter()?;
        // A URL is short, and its picture may be long.
        let size = size.filter(|_| form != Form::Url).unwrap_or(Image::LIMIT);
        let bytes = size.clamp(LEAST_SHARE, Image::LIMIT) as u32;
        let work = async {
            let mut permits = merchant.acquire(place, &self.memory, bytes).await;
            let read = body::read(form, request, self.fetcher.as_ref());
            let (name, picture) = read.await?;
            let needed = picture.len().max(LEAST_SHARE);
            for memory in &mut permits[1..] {
                drop(memory.split(memory.num_permits().saturating_sub(needed)));
            }
            let name = sendable(query.name.or(name).as_deref());
            // Hashing 2 MiB takes two milliseconds, and a ledger may be read from the disk.
            let submit = move || merchant.submit(name, picture, query.reuse, permits);
            let submitted = spawn_blocking(submit).await;
            let (mut flight, reused) = submitted.map_err(|_| Refusal::stopping())??;
            let landed = flight.wait_for(Option::is_some).await;
            let outcome = landed.ok().and_then(|outcome| outcome.clone());
            let entry = outcome.unwrap_or_else(|| Err(Refusal::stopping()))?;
            Ok(entry.answer(reused))
        };
        let mut phase = self.phase.clone();
        tokio::select! {
            // What is done is answered, also at the last moment.
            biased;
            done = work => done,
            _ = phase.wait_for(|phase| *phase == Phase::Closing) => Err(Refusal::stopping()),
        }
    }
}

/// A name with `_` for what the gateway does not take: callers pass on what phones and browsers say. One
/// that is made up gets its extension by the picture's kind.
fn sendable(name: Option<&str>) -> String {
    let name = name.and_then(|name| name.rsplit(['/', '\\']).next());
    let name = name.filter(|name| !name.is_empty()).unwrap_or("picture");
    name.replace(|it: char| it.is_control() || it > '\u{ffff}', "_")
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
            match (&*name, &*value) {
                ("name", _) => query.name = Some(value.into_owned()),
                ("merchant", _) => query.merchant = Some(value.into_owned()),
                ("reuse", "never") => query.reuse = None,
                ("reuse", "1h") => query.reuse = Some(REUSE),
                ("reuse", "24h") => query.reuse = Some(DAY),
                _ => {
                    let advice = "there are `name`, `merchant`, and `reuse` of never, 1h or 24h";
                    return Err(Refusal::bad("a parameter of the URL is not known", advice));
                }
            }
        }
        Ok(query)
    }
}
