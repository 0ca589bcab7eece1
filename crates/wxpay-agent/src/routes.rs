//! The routes of the HTTP interface.

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
    body::{self, Form, MAX_BODY},
    fetch::Fetcher,
    guard::Guard,
    merchant::Merchant,
    merchants::Registry,
    metrics,
    response::{self, Refusal},
};

/// Maximum age of an id that is given again, unless the caller says otherwise.
const REUSE: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Minimum number of bytes that a request takes of the memory: its head and its response need some,
/// too.
const MIN_SHARE: usize = 16 * 1024;

/// The phase of the shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Serving,
    /// New connections are refused; a connection ends with the request that is under way.
    Draining,
    /// Waiting requests are answered with 503.
    Closing,
}

/// The state that all requests share.
#[derive(Debug)]
pub(crate) struct AppState {
    pub(crate) merchants: Registry,
    pub(crate) fetcher: Option<Fetcher>,
    /// The memory for the pictures of all merchants, a permit a byte.
    pub(crate) memory: Arc<Semaphore>,
    pub(crate) phase: watch::Sender<Phase>,
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

/// Checks the host, the origin and the token of a request, then answers it.
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

/// A request that names a picture by its MD5.
type ByMd5 = (Shared, Path<String>, Uri);

async fn look_up((State(app), Path(md5), uri): ByMd5) -> Result<Response, Refusal> {
    let (merchant, md5) = app.parse(&uri, &md5)?;
    let found = merchant.media_ids.find(&md5, None)?;
    let unknown = || Refusal::not_found("no upload of these bytes is known", "upload them");
    Ok(found.ok_or_else(unknown)?.into_response(true))
}

async fn forget((State(app), Path(md5), uri): ByMd5) -> Result<StatusCode, Refusal> {
    let (merchant, md5) = app.parse(&uri, &md5)?;
    let forgotten = spawn_blocking(move || merchant.media_ids.forget(&md5)).await;
    forgotten.map_err(|_| Refusal::stopping())??;
    Ok(StatusCode::NO_CONTENT)
}

async fn readyz(State(app): Shared) -> Response {
    let all = app.merchants.all();
    let mut is_ready = *app.phase.borrow() == Phase::Serving && !all.is_empty();
    let merchants = all.iter().map(|it| {
        let problem = match &it.merchant {
            Some(merchant) => merchant.problem(),
            None => Some("its settings cannot be used".to_owned()),
        };
        is_ready &= problem.is_none();
        json!({
            "merchant": it.name(),
            "ready": problem.is_none(),
            "problem": problem,
            "broken": it.broken,
        })
    });
    let merchants: Vec<_> = merchants.collect();
    let body = json!({"ready": is_ready, "merchants": merchants});
    let status = match is_ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    response::json(status, &body)
}

async fn show_metrics(State(app): Shared) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    let all = app.merchants.all();
    let merchants = all.iter().filter_map(|it| it.merchant.as_ref());
    let broken = all.iter().map(|it| (it.name(), it.broken.is_some()));
    let text = metrics::render(merchants.map(|it| it.snapshot()), broken);
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

impl AppState {
    /// The merchant of a request, and the MD5 in lower case.
    fn parse(&self, uri: &Uri, md5: &str) -> Result<(Arc<Merchant>, String), Refusal> {
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
            return Err(Refusal::too_large());
        }
        if form == Form::Picture && size.is_some_and(|size| size >= Image::LIMIT) {
            merchant.metrics.refused();
            return Err(Refusal::oversized(size));
        }
        // The length of a body with a URL does not bound the picture.
        let size = size.filter(|_| form != Form::Url).unwrap_or(Image::LIMIT);
        let bytes = size.clamp(MIN_SHARE, Image::LIMIT) as u32;
        let work = async {
            let mut permits = merchant.acquire(&self.memory, bytes).await?;
            let read = body::read(form, request, self.fetcher.as_ref());
            let (name, picture) = read.await?;
            let needed = picture.len().max(MIN_SHARE);
            for memory in &mut permits[1..] {
                drop(memory.split(memory.num_permits().saturating_sub(needed)));
            }
            let name = sendable(query.name.or(name).as_deref());
            // Hashing 2 MiB takes two milliseconds, and a ledger may be read from the disk.
            let submit = move || merchant.submit(name, picture, query.reuse, permits);
            let submitted = spawn_blocking(submit).await;
            let (mut pending, reused) = submitted.map_err(|_| Refusal::stopping())??;
            let _ = pending.changed().await;
            let entry = pending.borrow().clone()?;
            Ok(entry.into_response(reused))
        };
        let mut phase = self.phase.subscribe();
        tokio::select! {
            // An upload that has ended is answered in any phase.
            biased;
            done = work => done,
            _ = phase.wait_for(|phase| *phase == Phase::Closing) => Err(Refusal::stopping()),
        }
    }
}

/// The file name to send: without its folders, and with `_` for each character that the gateway
/// refuses. The extension comes later, by the picture's kind.
fn sendable(name: Option<&str>) -> String {
    let name = name.and_then(|name| name.rsplit(['/', '\\']).next());
    let name = name.filter(|name| !name.is_empty()).unwrap_or("picture");
    name.replace(|it: char| it.is_control() || it > '\u{ffff}', "_")
}

/// The parameters of a request's URL.
struct Query {
    name: Option<String>,
    merchant: Option<String>,
    /// Maximum age of an id that is given again; `None` for a new upload.
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
                ("merchant", "") => {}
                ("merchant", _) => query.merchant = Some(value.into_owned()),
                ("reuse", "never") => query.reuse = None,
                ("reuse", "1h") => query.reuse = Some(REUSE),
                ("reuse", "24h") => query.reuse = Some(DAY),
                (known, _) => {
                    let message = match known {
                        "reuse" => "this value of `reuse` is not known",
                        _ => "a parameter of the URL is not known",
                    };
                    let advice = "there are `name`, `merchant`, and `reuse` of never, 1h or 24h";
                    return Err(Refusal::bad(message, advice));
                }
            }
        }
        Ok(query)
    }
}
