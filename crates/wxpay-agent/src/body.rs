//! Reading a request's body, in any of its three forms, into bounded memory.

use std::time::Duration;

use axum::{
    RequestExt,
    body::{Body, to_bytes},
    extract::{Multipart, Request, multipart::MultipartError},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use serde::Deserialize;
use tokio::time::timeout;
use wxpay_media::Image;

use crate::{fetch::Fetcher, response::Refusal};

/// Maximum length of a body.
pub(crate) const MAX_BODY: usize = 16 * 1024 * 1024;
/// Maximum length of a JSON body: few URLs are longer than 2 KB.
const MAX_JSON: usize = 16 * 1024;
/// Time for a whole picture, which takes memory from others.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Maximum pause in a body: a caller on this machine has no slow line.
const STALL: Duration = Duration::from_secs(3);

const ADVICE: &str =
    "send the picture itself, multipart/form-data with one file part, or {\"url\": …}";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Picture,
    Multipart,
    Url,
}

impl Form {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default();
        match &*kind.trim().to_ascii_lowercase() {
            "multipart/form-data" => Self::Multipart,
            "application/json" => Self::Url,
            _ => Self::Picture,
        }
    }
}

/// The bytes of a picture, with the file name of its part.
type Picture = (Option<String>, Bytes);

/// Reads a body of at most [`MAX_BODY`] bytes.
pub(crate) async fn read(
    form: Form,
    request: Request,
    fetcher: Option<&Fetcher>,
) -> Result<Picture, Refusal> {
    let read = async {
        match form {
            Form::Picture => picture(request.into_body()).await,
            Form::Multipart => file_part(request).await,
            Form::Url => by_url(request.into_body(), fetcher).await,
        }
    };
    within(TIMEOUT, read).await?
}

async fn within<T>(limit: Duration, read: impl Future<Output = T>) -> Result<T, Refusal> {
    let message = "the picture did not come in time";
    let advice = "send it within a minute, without a pause of three seconds";
    let late = |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, message, advice);
    timeout(limit, read).await.map_err(late)
}

/// Reads a body that is the picture itself.
async fn picture(mut body: Body) -> Result<Picture, Refusal> {
    let mut content = Content::new(&body);
    while let Some(frame) = within(STALL, body.frame()).await? {
        let cut = |_| Refusal::bad("the body is cut", "send it again");
        if let Ok(bytes) = frame.map_err(cut)?.into_data() {
            content.push(&bytes)?;
        }
    }
    Ok((None, content.finish()?))
}

/// Reads the one file of a form: the part with a file name, or with another type than `text/plain`.
async fn file_part(request: Request) -> Result<Picture, Refusal> {
    let failed = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::too_large(),
        _ => Refusal::bad(
            format!("the form is damaged: {}", error.body_text()),
            ADVICE,
        ),
    };
    let mut content = Content::new(request.body());
    let form: Result<Multipart, _> = request.extract().await;
    let mut form = form.map_err(|error| Refusal::bad(error.body_text(), ADVICE))?;
    let mut file = None;
    while let Some(mut part) = within(STALL, form.next_field()).await?.map_err(failed)? {
        let name = part.file_name().map(str::to_owned);
        let is_text = |kind: &str| kind.starts_with("text/plain");
        let is_file = name.is_some() || !part.content_type().is_none_or(is_text);
        if is_file && file.replace(name).is_some() {
            return Err(Refusal::bad("the form has more than one file", ADVICE));
        }
        while let Some(bytes) = within(STALL, part.chunk()).await?.map_err(failed)? {
            if is_file {
                content.push(&bytes)?;
            }
        }
    }
    let name = file.ok_or_else(|| Refusal::bad("the form has no file", ADVICE))?;
    Ok((name, content.finish()?))
}

/// Fetches the picture from the URL in a JSON body.
async fn by_url(body: Body, fetcher: Option<&Fetcher>) -> Result<Picture, Refusal> {
    #[derive(Deserialize)]
    struct ByUrl {
        url: String,
    }

    let json = within(STALL, to_bytes(body, MAX_JSON)).await?;
    let json =
        json.map_err(|_| Refusal::bad("the JSON is cut, or has more than 16 KiB", ADVICE))?;
    // serde would also take the fields of an array.
    let object = Some(&json).filter(|it| it.trim_ascii_start().starts_with(b"{"));
    let by_url = object.and_then(|it| serde_json::from_slice(it).ok());
    let missing = || Refusal::bad("the body is no JSON with one `url`", ADVICE);
    let ByUrl { url } = by_url.ok_or_else(missing)?;
    let advice = "start the agent with --allow-url HOST, or send the picture";
    let not_allowed = || Refusal::bad("no URL is allowed", advice).kind("url");
    let fetcher = fetcher.ok_or_else(not_allowed)?;
    Ok((None, fetcher.fetch(&url).await?))
}

/// The bytes of a picture; beyond the limit they are only counted.
struct Content {
    kept: BytesMut,
    size: usize,
}

impl Content {
    /// With capacity for the whole body.
    fn new(body: &Body) -> Self {
        let declared = body.size_hint().exact().unwrap_or_default() as usize;
        let kept = BytesMut::with_capacity(declared.min(Image::LIMIT));
        Self { kept, size: 0 }
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.size += bytes.len();
        if self.size > MAX_BODY {
            return Err(Refusal::too_large());
        }
        if self.size < Image::LIMIT {
            self.kept.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn finish(self) -> Result<Bytes, Refusal> {
        match self.size {
            ..Image::LIMIT => Ok(self.kept.freeze()),
            size => Err(Refusal::oversized(Some(size))),
        }
    }
}
