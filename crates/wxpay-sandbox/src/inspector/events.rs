//! Calls as they come, as server-sent events.

use std::{convert::Infallible, time::Duration};

use futures_util::{StreamExt, stream};
use http::{HeaderMap, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::Value;
use tokio::time::timeout;
use wxpay_picture::Format;

use super::responses::{self, InspectorResponse};
use crate::{
    history::{History, Watch},
    record::RecordedRequest,
};

/// Interval of comments, which show both sides that the other is there.
const BEAT: Duration = Duration::from_secs(15);

/// All calls after the last one that the browser has, until the sandbox ends.
pub(super) fn events(history: &History, headers: &HeaderMap, query: &str) -> InspectorResponse {
    // After a reconnect, the browser's number is newer than that of the page.
    let last_id = headers.get("last-event-id");
    let after = form_urlencoded::parse(query.as_bytes()).find(|pair| pair.0 == "after");
    let known = last_id
        .and_then(|id| id.to_str().ok()?.parse().ok())
        .or_else(|| after?.1.parse::<u64>().ok())
        .unwrap_or(0);
    // Before the missed calls are listed, so that none is lost in between.
    let watch = history.watch();
    let (mut last, mut first) = (known, "retry: 1000\n\n".to_owned());
    for call in history.calls().iter().filter(|call| call.number > known) {
        last = call.number;
        first += &event(call, &watch);
    }
    // The first text comes at once, so that the browser knows that it is connected.
    let later = stream::unfold(watch, move |mut watch| async move {
        let text = match timeout(BEAT, watch.next()).await {
            Ok(None) => return None,
            Ok(Some(call)) if call.number > last => event(&call, &watch),
            Ok(Some(_)) | Err(_) => ":\n\n".to_owned(),
        };
        Some((text, watch))
    });
    let texts = stream::iter([first]).chain(later);
    let frames = texts.map(|text| Ok::<_, Infallible>(Frame::data(text.into())));
    let body = StreamBody::new(frames).boxed_unsync();
    responses::new(StatusCode::OK, "text/event-stream", body)
}

/// A call as a row of the page shows it, without the details, which may be long.
fn event(call: &RecordedRequest, watch: &Watch) -> String {
    let mut data = serde_json::to_value(call).unwrap_or_default();
    if let Some(object) = data.as_object_mut() {
        for long in ["headers", "fields", "canonical"] {
            object.remove(long);
        }
        if let Some(answer) = object.get_mut("answer").and_then(Value::as_object_mut) {
            answer.remove("body");
        }
        let picture = watch.media(call.number);
        let format = picture.and_then(|picture| Format::detect(&picture));
        object.insert("picture".to_owned(), format.map(Format::media_type).into());
    }
    // This JSON has no line ends, so it is one line of data.
    format!("event: call\nid: {}\ndata: {data}\n\n", call.number)
}
