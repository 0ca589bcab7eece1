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

use super::responses::{self, InspectorResponse};
use crate::{RecordedRequest, history::History};

/// An empty line of this interval tells both sides that the other is there.
const BEAT: Duration = Duration::from_secs(15);

/// Every call after the last one that the browser has, until the sandbox ends.
pub(super) fn events(history: &History, headers: &HeaderMap, query: &str) -> InspectorResponse {
    // The browser's own number is newer than the page's.
    let last_id = headers.get("last-event-id");
    let after = form_urlencoded::parse(query.as_bytes()).find(|pair| pair.0 == "after");
    let known = last_id
        .and_then(|id| id.to_str().ok()?.parse().ok())
        .or_else(|| after?.1.parse::<u64>().ok())
        .unwrap_or(0);
    // Before the missed calls are looked up, so that none falls between.
    let watch = history.watch();
    // Without the history, which would keep the stream alive when the sandbox has ended.
    let pictures = history.pictures();
    let event = move |call: &RecordedRequest| {
        let data = summary(call, pictures.of(call.number).as_deref());
        // JSON has no line ends of its own, so that it is one line of data.
        format!("event: call\nid: {}\ndata: {data}\n\n", call.number)
    };
    let (mut last, mut first) = (known, "retry: 1000\n\n".to_owned());
    for call in history.calls().iter().filter(|call| call.number > known) {
        last = call.number;
        first += &event(call);
    }
    let frames = stream::unfold((watch, Some(first), event), move |state| async move {
        let (mut watch, first, event) = state;
        // At once, so that the browser knows that it is connected.
        let text = match first {
            Some(first) => first,
            None => match timeout(BEAT, watch.next()).await {
                Ok(None) => return None,
                Ok(Some(call)) if call.number > last => event(&call),
                Ok(Some(_)) | Err(_) => ":\n\n".to_owned(),
            },
        };
        let frame = Ok::<_, Infallible>(Frame::data(Bytes::from(text)));
        Some((frame, (watch, None, event)))
    });
    let body = StreamBody::new(frames).boxed_unsync();
    responses::new(StatusCode::OK, "text/event-stream", body)
}

/// A call as a row shows it: without the details, which may be long.
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
