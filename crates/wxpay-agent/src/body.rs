//! The three forms of a request's body, read into bounded memory.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    RequestExt,
    body::Body,
    extract::{Multipart, Request},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use serde::Deserialize;
use tokio::time::{Instant, Sleep, sleep, timeout};
use wxpay_media::{Error, Image, ImageError};

use crate::{answer::Refusal, store::lock};

/// The largest body.
pub(crate) const MAX_BODY: u64 = 16 * 1024 * 1024;
/// The largest JSON: a URL is seldom longer than 2 KB.
const MAX_JSON: usize = 16 * 1024;
/// A body that stands still for so long is given up: it keeps memory from others.
const STALL: Duration = Duration::from_secs(10);
/// So is one that is not there after so long, however it moves.
const LONGEST: Duration = Duration::from_secs(120);
/// What is left of a body behind a refusal is thrown away, so that the client reads the answer and is not
/// reset while it sends: at most so many bytes, and for so long.
const DISCARD_BYTES: u64 = 64 * 1024 * 1024;
const DISCARD_TIME: Duration = Duration::from_secs(10);

/// A body that counts its bytes, and keeps the reason why it was given up. A clone is the same body.
#[derive(Clone)]
pub(crate) struct Inbound(Arc<Mutex<State>>);

struct State {
    body: Body,
    read: u64,
    begun: Option<Instant>,
    stall: Option<Pin<Box<Sleep>>>,
    fault: Option<Fault>,
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    TooLarge,
    Stalled,
    /// The connection was cut, or the framing is wrong.
    Cut,
}

/// A picture as it was sent.
#[derive(Debug)]
pub(crate) struct Picture {
    /// The file name of its part.
    pub(crate) name: Option<String>,
    pub(crate) bytes: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Raw,
    Multipart,
    Url,
}

impl Form {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("multipart/form-data") {
            Self::Multipart
        } else if kind.eq_ignore_ascii_case("application/json") {
            Self::Url
        } else {
            Self::Raw
        }
    }
}

impl Inbound {
    pub(crate) fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(State {
            body,
            read: 0,
            begun: None,
            stall: None,
            fault: None,
        })))
    }

    /// Its length, where that is known before.
    pub(crate) fn declared(&self) -> Option<u64> {
        lock(&self.0).body.size_hint().exact()
    }

    /// The picture that the body itself is. Of one that is too large, the length is counted and nothing
    /// kept.
    pub(crate) async fn picture(mut self) -> Result<Picture, Refusal> {
        let mut content = Content::new(self.declared());
        while let Some(frame) = self.frame().await {
            let frame = frame.map_err(|_| self.refusal(""))?;
            if let Ok(bytes) = frame.into_data() {
                content.push(bytes);
            }
        }
        let bytes = content.finish()?;
        Ok(Picture { name: None, bytes })
    }

    /// The one part of a form that is a file: it has a file name, or a type that is not that of a text.
    pub(crate) async fn file_part(self, mut request: Request) -> Result<Picture, Refusal> {
        let advice = "send multipart/form-data with one file part, or the picture itself";
        *request.body_mut() = Body::new(self.clone());
        let form: Result<Multipart, _> = request.extract().await;
        let mut form = form.map_err(|error| Refusal::request(error.body_text(), advice))?;
        let mut picture = None;
        loop {
            let part = form.next_field().await;
            let part = part.map_err(|error| self.refusal(&error.body_text()))?;
            let Some(mut part) = part else { break };
            let is_text = part
                .content_type()
                .is_none_or(|kind| kind.starts_with("text/plain"));
            let is_file = part.file_name().is_some() || !is_text;
            let name = part.file_name().filter(|name| !name.is_empty());
            let name = name.map(str::to_owned);
            let mut content = Content::new(None);
            loop {
                let chunk = part.chunk().await;
                match chunk.map_err(|error| self.refusal(&error.body_text()))? {
                    Some(chunk) if is_file => content.push(chunk),
                    Some(_) => {}
                    None => break,
                }
            }
            if is_file && picture.replace((name, content)).is_some() {
                return Err(Refusal::request("the form has more than one file", advice));
            }
        }
        let (name, content) =
            picture.ok_or_else(|| Refusal::request("the form has no file", advice))?;
        let bytes = content.finish()?;
        Ok(Picture { name, bytes })
    }

    /// The URL in JSON.
    pub(crate) async fn url(mut self) -> Result<String, Refusal> {
        #[derive(Deserialize)]
        struct ByUrl {
            url: String,
        }
        let wrong = || {
            let advice = "send {\"url\": \"https://…\"}, or the picture with another content type";
            Refusal::request("the JSON has no `url`", advice)
        };
        let mut json = Vec::new();
        while let Some(frame) = self.frame().await {
            let frame = frame.map_err(|_| self.refusal(""))?;
            if let Ok(bytes) = frame.into_data() {
                json.extend_from_slice(&bytes);
            }
            if json.len() > MAX_JSON {
                return Err(wrong());
            }
        }
        let by_url: Result<ByUrl, _> = serde_json::from_slice(&json);
        by_url.map(|it| it.url).map_err(|_| wrong())
    }

    /// Why reading has failed.
    fn refusal(&self, message: &str) -> Refusal {
        match lock(&self.0).fault {
            Some(Fault::TooLarge) => too_large(),
            Some(Fault::Stalled) => Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                "request",
                "the body did not come in time",
                "send it at once",
            ),
            Some(Fault::Cut) => Refusal::request("the body is cut", "send it again"),
            None => {
                let message = format!("the form cannot be read: {message}");
                Refusal::request(message, "send multipart/form-data with one file part")
            }
        }
    }

    /// Throws the rest away in the background. A client that waits for `100 Continue` sends none.
    pub(crate) fn discard(self, headers: &HeaderMap) {
        {
            let state = lock(&self.0);
            let waits = headers.contains_key(header::EXPECT) && state.begun.is_none();
            if waits || state.body.is_end_stream() || matches!(state.fault, Some(Fault::Cut)) {
                return;
            }
        }
        tokio::spawn(timeout(DISCARD_TIME, async move {
            let mut bytes = 0;
            let frame = || poll_fn(|cx| Pin::new(&mut lock(&self.0).body).poll_frame(cx));
            while let Some(Ok(frame)) = frame().await {
                bytes += frame.data_ref().map_or(0, |it| it.len() as u64);
                if bytes > DISCARD_BYTES {
                    break;
                }
            }
        }));
    }
}

impl http_body::Body for Inbound {
    type Data = Bytes;
    type Error = BodyGivenUp;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyGivenUp>>> {
        let mut state = lock(&self.0);
        let polled = state.poll(cx);
        if let Poll::Ready(Some(Err(fault))) = polled {
            state.fault = Some(fault);
        }
        polled.map_err(|_| BodyGivenUp)
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.0).body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.0).body.size_hint()
    }
}

impl State {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let now = Instant::now();
        let begun = *self.begun.get_or_insert(now);
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(STALL)));
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            ready!(stall.as_mut().poll(cx));
            return Poll::Ready(Some(Err(Fault::Stalled)));
        };
        stall.as_mut().reset(now + STALL);
        Poll::Ready(match frame {
            None => None,
            Some(Err(_)) => Some(Err(Fault::Cut)),
            Some(Ok(frame)) => {
                self.read += frame.data_ref().map_or(0, |it| it.len() as u64);
                if self.read > MAX_BODY {
                    Some(Err(Fault::TooLarge))
                } else if now - begun > LONGEST {
                    Some(Err(Fault::Stalled))
                } else {
                    Some(Ok(frame))
                }
            }
        })
    }
}

/// The reason is kept by the body.
#[derive(Debug)]
pub(crate) struct BodyGivenUp;

impl fmt::Display for BodyGivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body was given up")
    }
}

impl std::error::Error for BodyGivenUp {}

/// The bytes of a picture: kept while they may be one, counted otherwise.
struct Content {
    kept: BytesMut,
    size: usize,
}

impl Content {
    fn new(declared: Option<u64>) -> Self {
        let capacity = declared.map_or(0, |it| it.min(Image::LIMIT as u64) as usize);
        Self {
            kept: BytesMut::with_capacity(capacity),
            size: 0,
        }
    }

    fn push(&mut self, bytes: Bytes) {
        self.size += bytes.len();
        if self.size < Image::LIMIT {
            self.kept.extend_from_slice(&bytes);
        } else {
            self.kept = BytesMut::new();
        }
    }

    fn finish(self) -> Result<Bytes, Refusal> {
        if self.size >= Image::LIMIT {
            return Err(oversized(self.size));
        }
        Ok(self.kept.freeze())
    }
}

/// A picture that the gateway would refuse for its size.
pub(crate) fn oversized(size: impl Into<Option<usize>>) -> Refusal {
    let size = size.into();
    Refusal::from(&Error::from(ImageError::TooLarge { size }))
}

pub(crate) fn too_large() -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "request",
        "the body has more than 16 MiB",
        "scale the picture down: the gateway takes less than 2 MiB",
    )
}
