//! Servers and bodies that break the rules.
//!
//! A table for each kind of fault has the outcome of the call; [`world`] checks after each call
//! that no socket and no task is left of it, and that no log and no error contains a secret.

mod certificates;
mod connecting;
mod framing;
mod interruptions;
mod world;

use std::{
    mem::replace,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame};
use wxpay_transport::ErrorKind;

use crate::support::{Ca, OK, call, post, send, serve_response};

#[tokio::test]
async fn a_response_of_exactly_the_limit_is_accepted() {
    let ca = Ca::new();
    for (limit, taken) in [(2, true), (1, false), (0, false)] {
        let addr = serve_response(ca.server(), OK).await;
        let response = call(ca.builder().max_response_bytes(limit), addr).await;
        assert_eq!(response.is_ok(), taken, "{limit}: {response:?}");
    }
}

/// Half a body, then an error; true once the half is sent.
#[derive(Clone)]
struct Torn(bool);

impl Body for Torn {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        let half = (!replace(&mut self.0, true)).then(|| Frame::data("half".into()));
        Poll::Ready(Some(half.ok_or("torn")))
    }
}

#[tokio::test]
async fn a_body_that_fails_is_not_taken_for_a_server_that_fails() {
    let ca = Ca::new();
    let addr = serve_response(ca.server(), OK).await;
    let request = post(addr, "").map(|_| Torn(false));
    let error = send(&ca.builder().build().unwrap(), request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body, "{error:?}");
}
