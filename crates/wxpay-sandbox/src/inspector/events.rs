//! Calls as they come, as server-sent events.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::time::timeout;

use super::{Shown, answer, language::Language, query, row};
use crate::RecordedRequest;

/// A line now and then tells both sides that the other is there.
const BEAT: Duration = Duration::from_secs(15);

/// Every call after the one that the browser knows, and on and on.
pub(super) fn events(shown: &Shown, headers: &HeaderMap, query: &str) -> answer::Answer {
    let language = Language::of(headers);
    // The browser's own memory of what it has got is newer than the page's.
    let known = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse().ok())
        .or_else(|| query::value(query, "after")?.parse::<u64>().ok())
        .unwrap_or(0);
    // Watched before the missed are looked up, so that none falls between.
    let watch = shown.history.watch();
    let missed: Vec<_> = shown
        .history
        .calls()
        .into_iter()
        .filter(|call| call.number > known)
        .collect();
    let last = missed.last().map_or(known, |call| call.number);
    let missed: String = missed.iter().map(|call| event(call, language)).collect();

    let frames = stream::unfold(
        (watch, last, Some(missed)),
        move |(mut watch, last, first)| async move {
            if let Some(first) = first {
                // So that the browser knows at once that it is connected.
                return Some((
                    frame(format!("retry: 1000\n\n{first}")),
                    (watch, last, None),
                ));
            }
            let text = match timeout(BEAT, watch.next()).await {
                Ok(None) => return None,
                Ok(Some(call)) if call.number > last => event(&call, language),
                Ok(Some(_)) | Err(_) => ":\n\n".to_owned(),
            };
            Some((frame(text), (watch, last, None)))
        },
    );
    let body = StreamBody::new(frames).boxed_unsync();
    answer::new(StatusCode::OK, "text/event-stream", body)
}

fn frame(text: String) -> Result<Frame<Bytes>, Infallible> {
    Ok(Frame::data(Bytes::from(text)))
}

fn event(call: &Arc<RecordedRequest>, language: Language) -> String {
    let row = row::row(call, language).into_string();
    // Of several lines, each is a `data` of its own; CR, which a value may have, ends a line too.
    let lines = row.split(['\n', '\r']);
    let data: String = lines.map(|line| format!("data: {line}\n")).collect();
    format!("event: call\nid: {}\n{data}\n", call.number)
}
