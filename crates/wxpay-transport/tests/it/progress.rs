//! The progress of a request's body.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;
use wxpay_transport::{ErrorKind, Progress, ProgressBody};

use crate::support::{Ca, OK, Tls, answer, post, serve_reporting, serve_response, split};

#[tokio::test]
async fn the_request_is_the_same_and_its_bytes_are_counted() {
    let ca = Ca::new();
    let server = async |mut stream: Tls| answer(&mut stream).await;
    let (addr, mut requests) = serve_reporting(ca.server(), server).await;
    let transport = ca.builder().build().unwrap();
    let body: Bytes = (0..=255).cycle().take(300_000).collect::<Vec<u8>>().into();
    let (progress, reports) = recorded();
    let request = post(addr, body.clone()).map(|body| ProgressBody::new(body, progress));

    // The second attempt begins again at 0.
    for _ in 0..2 {
        transport.clone().oneshot(request.clone()).await.unwrap();

        let request = requests.recv().await.unwrap();
        let (head, sent) = split(&request).unwrap();
        assert!(head.contains("content-length: 300000\r\n"), "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
        assert!(sent == body, "other bytes were sent");
        let reports = std::mem::take(&mut *reports.lock().unwrap());
        assert_eq!([reports[0], reports[reports.len() - 1]], [0, 300_000]);
    }
}

#[tokio::test]
async fn a_callback_that_panics_once_does_not_poison_the_next_attempt() {
    let progress = Progress::new({
        let mut calls = 0;
        move |_| {
            calls += 1;
            assert!(calls > 1, "the first call panics");
        }
    });
    let ca = Ca::new();
    let addr = serve_response(ca.server(), OK).await;
    let transport = ca.builder().build().unwrap();
    let request = post(addr, "hello").map(|body| ProgressBody::new(body, progress));

    // It panics in the connection's task, so the call fails with a body that ended.
    let first = transport.clone().oneshot(request.clone()).await;
    assert_eq!(first.unwrap_err().kind(), ErrorKind::Body);
    transport.oneshot(request).await.unwrap();
}

/// The most bytes between two reports.
const STEP: usize = 64 * 1024;

fn recorded() -> (Progress, Arc<Mutex<Vec<u64>>>) {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let recorder = reports.clone();
    let progress = Progress::new(move |sent| recorder.lock().unwrap().push(sent));
    (progress, reports)
}

#[tokio::test]
async fn the_size_hint_is_exact_and_the_bytes_are_unchanged() {
    for size in [0, 1, STEP - 1, STEP, STEP + 1, 3 * STEP + 7] {
        let bytes: Bytes = (0..=255).cycle().take(size).collect::<Vec<u8>>().into();
        for progress in [None, Some(recorded().0)] {
            let mut body = ProgressBody::new(Full::new(bytes.clone()), progress);
            let (mut left, mut seen) = (size as u64, Vec::new());
            assert_eq!(body.size_hint().exact(), Some(left));
            assert_eq!(body.is_end_stream(), size == 0);
            while let Some(frame) = body.frame().await {
                let data = frame.unwrap().into_data().unwrap();
                left -= data.len() as u64;
                seen.extend(data);
                assert_eq!(body.size_hint().exact(), Some(left));
                assert_eq!(body.is_end_stream(), left == 0);
            }
            assert_eq!(seen, bytes);
        }
    }
}

#[tokio::test]
async fn reports_grow_in_steps_from_0_to_the_length_and_a_clone_begins_again() {
    let (progress, reports) = recorded();
    let body = ProgressBody::new(Full::new(Bytes::from(vec![0; 2 * STEP + 1])), progress);
    let step = STEP as u64;
    for _ in 0..2 {
        body.clone().collect().await.unwrap();
        let expected = [0, step, 2 * step, 2 * step + 1];
        assert_eq!(std::mem::take(&mut *reports.lock().unwrap()), expected);
    }
}
