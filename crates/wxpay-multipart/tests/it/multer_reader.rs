//! Forms as multer reads them.

use std::{convert::Infallible, error::Error};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::header::CONTENT_TYPE;
use multer::Multipart;
use tokio::sync::mpsc;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: Option<String>,
    pub(crate) filename: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) content: Bytes,
}

pub(crate) async fn read<S, E>(boundary: &str, frames: S) -> multer::Result<Vec<Part>>
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    let mut form = Multipart::new(frames, boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await? {
        parts.push(Part {
            name: field.name().map(str::to_owned),
            filename: field.file_name().map(str::to_owned),
            // As it was sent: multer's own accessor parses it, and makes it lower case.
            content_type: field
                .headers()
                .get(CONTENT_TYPE)
                .map(|value| value.to_str().unwrap().to_owned()),
            content: field.bytes().await?,
        });
    }
    Ok(parts)
}

/// `whole` in frames of the given sizes, repeated; the reader waits for each.
///
/// Another task sends them, so that no frame arrives within one poll: multer takes a form for
/// incomplete that becomes complete between two of its reads.
pub(crate) fn frames(
    whole: Bytes,
    sizes: &[usize],
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let frames = cut(whole, sizes);
    let (sender, mut receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        for frame in frames {
            tokio::task::yield_now().await;
            if sender.send(Ok(frame)).await.is_err() {
                break;
            }
        }
    });
    stream::poll_fn(move |cx| receiver.poll_recv(cx))
}

pub(crate) fn cut(mut whole: Bytes, sizes: &[usize]) -> Vec<Bytes> {
    let mut frames = Vec::new();
    for &size in sizes.iter().cycle() {
        if whole.is_empty() {
            break;
        }
        frames.push(whole.split_to(size.min(whole.len())));
    }
    frames
}
