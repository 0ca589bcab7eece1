//! What works when all is well.

use std::{
    cell::Cell,
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{Request, StatusCode, header::CONTENT_LENGTH};
use http_body_util::Full;
use tokio::io::AsyncWriteExt;
use tower::{Service, ServiceExt};
use wxpay_transport::{ErrorKind, Identity, Transport};

use crate::support::{
    Ca, OK, Tls, answer, call, post, read_request, send, serve, serve_reply, serve_telling,
};

#[tokio::test]
async fn the_server_sees_the_client_certificate_with_its_chain_and_the_whole_request() {
    let ca = Ca::new();
    let pair = ca.pair();
    let chain = format!("{}{}", pair.cert, ca.pem());
    let identity = Identity::from_pem(chain, &pair.key).unwrap();
    let server = async |mut stream: Tls| {
        let certificates = stream.get_ref().1.peer_certificates().map(<[_]>::len);
        (certificates, answer(&mut stream).await)
    };
    let (addr, mut seen) = serve_telling(ca.demanding_server(), server).await;

    let reply = call(ca.builder().identity(identity), addr).await.unwrap();

    assert_eq!(
        (reply.status(), &reply.body()[..]),
        (StatusCode::OK, &b"ok"[..])
    );
    let (certificates, request) = seen.recv().await.unwrap();
    assert_eq!(certificates, Some(2));
    let request = String::from_utf8(request).unwrap();
    assert!(request.starts_with("POST / HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("content-length: 5\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\nhello"), "{request}");
}

#[tokio::test]
async fn a_content_length_of_the_callers_own_is_not_believed() {
    let ca = Ca::new();
    for wrong in ["3", "500"] {
        let addr = serve_reply(ca.server(), OK).await;
        let mut request = post(addr, "hello");
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, wrong.parse().unwrap());

        let reply = send(&ca.builder().build().unwrap(), request).await.unwrap();

        assert_eq!(reply.body(), "ok");
    }
}

#[tokio::test]
async fn only_absolute_https_is_spoken() {
    for uri in [
        "http://localhost:1/",
        "/path",
        "localhost:443",
        "ftp://localhost/",
        "https://localhost:99999/",
        "https://user:password@localhost/",
        "https://:443/",
        "https://localhost:/",
        "https://user@localhost/",
        "https://user:password@[::1]:443/",
    ] {
        let request = Request::post(uri).body(Full::new(Bytes::new())).unwrap();
        let error = Transport::builder()
            .build()
            .unwrap()
            .oneshot(request)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{uri}");
    }
}

#[tokio::test]
async fn more_calls_than_places_wait_and_all_succeed() {
    let ca = Ca::new();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counters = (now, most.clone());
    let addr = serve(ca.server(), move |mut stream| {
        let (now, most) = counters.clone();
        async move {
            while !read_request(&mut stream).await.is_empty() {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::SeqCst);
                stream.write_all(OK.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let transport = ca.builder().concurrency(2).build().unwrap();

    let calls: Vec<_> = (0..12)
        .map(|_| tokio::spawn(transport.clone().oneshot(post(addr, "hello"))))
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }

    assert!(most.load(Ordering::SeqCst) <= 2);
}

#[test]
fn it_is_clone_send_and_sync() {
    /// A body that can be sent to another thread, but not shared with it.
    #[derive(Clone)]
    struct NotSync(PhantomData<Cell<()>>);

    fn check<T: Clone + Send + Sync + 'static>() {}
    fn service<S: Service<Request<Full<Bytes>>>>() {}
    check::<Transport<Full<Bytes>>>();
    check::<Transport<NotSync>>();
    service::<Transport<Full<Bytes>>>();
}
