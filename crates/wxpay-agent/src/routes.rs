//! The routes: which request gets which answer.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::HttpBody,
    extract::{DefaultBodyLimit, Path, Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::{StatusCode, Uri, header};
use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
};
use tower::ServiceExt;
use wxpay_media::{Error, Image};

use crate::{
    answer::{Refusal, json},
    body::{self, Form, MAX_BODY, Sent, oversized, too_large},
    fetch::Fetcher,
    guard::Guard,
    merchant::{Merchant, Share, Submitted},
    merchants::{Readiness, Registry, View},
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
pub(crate) struct Door {
    pub(crate) merchants: Registry,
    pub(crate) fetcher: Option<Fetcher>,
    /// The memory of all merchants together.
    pub(crate) memory: Arc<Semaphore>,
    pub(crate) phase: watch::Receiver<Phase>,
}

type Shared = State<Arc<Door>>;

pub(crate) fn router(door: Arc<Door>) -> Router {
    const ADVICE: &str = "POST pictures to /v1/media";
    let upload = post(async |State(door): Shared, request| door.upload(request).await);
    let wrong_method = |message| Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message, ADVICE);
    Router::new()
        .route("/v1/media", upload.layer(DefaultBodyLimit::max(MAX_BODY)))
        .route("/v1/media/{md5}", get(look_up).delete(forget))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(show_metrics))
        .fallback(async || Refusal::not_found("there is no such path", ADVICE))
        .method_not_allowed_fallback(async move || wrong_method("not by this method"))
        .with_state(door)
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

async fn look_up(
    State(door): Shared,
    Path(md5): Path<String>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let (merchant, md5) = door.known(&uri, &md5)?;
    let found = merchant.book().find(&md5, None)?;
    let unknown = || Refusal::not_found("no upload of these bytes is known", "upload them");
    Ok(found.ok_or_else(unknown)?.answer(true))
}

async fn forget(
    State(door): Shared,
    Path(md5): Path<String>,
    uri: Uri,
) -> Result<StatusCode, Refusal> {
    let (merchant, md5) = door.known(&uri, &md5)?;
    let forgotten = spawn_blocking(move || merchant.book().forget(&md5)).await;
    forgotten.map_err(|_| Refusal::stopping())??;
    Ok(StatusCode::NO_CONTENT)
}

async fn readyz(State(door): Shared) -> Response {
    let views = door.merchants.views();
    let merchants: Vec<_> = views.iter().map(View::readiness).collect();
    let can_upload = |it: &Readiness| it.ready;
    let is_serving = *door.phase.borrow() == Phase::Serving;
    let ready = is_serving && !merchants.is_empty() && merchants.iter().all(can_upload);
    let status = match ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let answer = serde_json::json!({"ready": ready, "merchants": merchants});
    json(status, &answer)
}

async fn show_metrics(State(door): Shared) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    let text = metrics::render(&door.merchants.views());
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

impl Door {
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
            let share = merchant.share(place, &self.memory, bytes).await;
            let (name, picture) = match body::read(form, request).await? {
                Sent::Picture(name, picture) => (name, picture),
                Sent::Url(url) => match &self.fetcher {
                    Some(fetcher) => (None, fetcher.fetch(&url).await?),
                    None => {
                        let advice = "start the agent with --allow-url HOST, or send the picture";
                        return Err(Refusal::bad("no URL is allowed", advice));
                    }
                },
            };
            let name = query
                .name
                .or(name)
                .map_or_else(String::new, |name| sendable(&name));
            self.submit(&merchant, name, picture, query.reuse, share)
                .await
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

    async fn submit(
        &self,
        merchant: &Arc<Merchant>,
        mut name: String,
        picture: Bytes,
        reuse: Option<Duration>,
        mut share: Share,
    ) -> Result<Response, Refusal> {
        if name.is_empty() {
            // Its kind gives the extension.
            name.push_str("picture");
        }
        share.shrink(picture.len().max(LEAST_SHARE));
        let merchant = Arc::clone(merchant);
        // Hashing 2 MiB takes two milliseconds, and a ledger may be read from the disk.
        let submitted = spawn_blocking(move || {
            let image = Image::from_bytes(name, picture).map_err(|error| {
                merchant.metrics.refused();
                Error::from(error)
            })?;
            for warning in image.warnings() {
                tracing::warn!(media_hash = image.hash().as_str(), "{warning}");
            }
            merchant.submit(image, reuse, share)
        });
        let (mut flight, reused) = match submitted.await.map_err(|_| Refusal::stopping())?? {
            Submitted::Known(entry) => return Ok(entry.answer(true)),
            Submitted::Own(flight) => (flight, false),
            Submitted::Shared(flight) => (flight, true),
        };
        let landed = flight.wait_for(Option::is_some).await;
        let outcome = landed.ok().and_then(|outcome| outcome.clone());
        let entry = outcome.unwrap_or_else(|| Err(Refusal::stopping()))?;
        Ok(entry.answer(reused))
    }
}

/// A name with `_` for what the gateway does not take: callers pass on what phones and browsers say.
fn sendable(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
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
