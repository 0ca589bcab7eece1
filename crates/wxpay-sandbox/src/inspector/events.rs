//! Calls as they come, as server-sent events.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::Value;
use tokio::time::timeout;
use wxpay_picture::Format;

use super::{
    AppState,
    responses::{self, InspectorResponse},
};
use crate::{RecordedRequest, history::History};

/// A line now and then tells both sides that the other is there.
const BEAT: Duration = Duration::from_secs(15);

/// Every call after the one that the browser knows, and on and on.
pub(super) fn events(state: &AppState, headers: &HeaderMap, query: &str) -> InspectorResponse {
    // The browser's own memory of what it has got is newer than the page's.
    let memory = headers.get("last-event-id");
    let after = form_urlencoded::parse(query.as_bytes()).find(|pair| pair.0 == "after");
    let known = memory
        .and_then(|id| id.to_str().ok()?.parse().ok())
        .or_else(|| after?.1.parse::<u64>().ok())
        .unwrap_or(0);
    let history = state.history.clone();
    // Watched before the missed are looked up, so that none falls between.
    let watch = history.watch();
    let missed = history.calls();
    let missed = missed.iter().filter(|call| call.number > known);
    let (mut last, mut first) = (known, "retry: 1000\n\n".to_owned());
    for call in missed {
        last = call.number;
        first += &event(call, &history);
    }
    // Pictures without the history, which would keep the stream alive when the sandbox has ended.
    drop(history);
    let pictures = state.history.pictures();
    let frames = stream::unfold((watch, Some(first)), move |(mut watch, first)| {
        let pictures = pictures.clone();
        async move {
            // At once, so that the browser knows that it is connected.
            let text = match first {
                Some(first) => first,
                None => match timeout(BEAT, watch.next()).await {
                    Ok(None) => return None,
                    Ok(Some(call)) if call.number > last => {
                        written(&call, pictures.of(call.number).as_deref())
                    }
                    Ok(Some(_)) | Err(_) => ":\n\n".to_owned(),
                },
            };
            Some((
                Ok::<_, Infallible>(Frame::data(Bytes::from(text))),
                (watch, None),
            ))
        }
    });
    let body = StreamBody::new(frames).boxed_unsync();
    responses::new(StatusCode::OK, "text/event-stream", body)
}

fn event(call: &RecordedRequest, history: &History) -> String {
    written(call, history.picture(call.number).as_deref())
}

/// JSON has no line ends of its own, so that it is one line of data.
fn written(call: &RecordedRequest, picture: Option<&[u8]>) -> String {
    let data = summary(call, picture);
    format!("event: call\nid: {}\ndata: {data}\n\n", call.number)
}

/// A call as a row shows it: without what is shown on a click, which may be long.
fn summary(call: &RecordedRequest, picture: Option<&[u8]>) -> Value {
    let mut value = serde_json::to_value(call).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        for long in ["headers", "fields", "canonical"] {
            object.remove(long);
        }
        if let Some(answer) = object.get_mut("answer").and_then(Value::as_object_mut) {
            answer.remove("body");
        }
        let format = picture.and_then(Format::detect);
        object.insert("picture".to_owned(), format.map(Format::media_type).into());
    }
    value
}
