//! Successful calls, and requests that are refused.

use std::{
    cell::Cell,
    fmt::Debug,
    marker::PhantomData,
    net::{IpAddr, Ipv4Addr},
    sync::atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use http::{Request, header::CONTENT_LENGTH};
use http_body_util::Full;
use tokio::io::AsyncWriteExt;
use tower::{Service, ServiceExt};
use wxpay_transport::{ErrorKind, Identity, TlsErrorKind::WrongName, Transport};

use crate::support::{
    Ca, OK, Tls, answer, call, post, read_request, send, serve, serve_reporting, serve_response,
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
    let (addr, mut seen) = serve_reporting(ca.demanding_server(), server).await;

    let response = call(ca.builder().identity(identity), addr).await.unwrap();

    assert_eq!(
        (response.status().as_u16(), &response.body()[..]),
        (200, &b"ok"[..])
    );
    let (certificates, request) = seen.recv().await.unwrap();
    assert_eq!(certificates, Some(2));
    let request = String::from_utf8(request).unwrap();
    assert!(request.starts_with("POST / HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("content-length: 5\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\nhello"), "{request}");
}

#[tokio::test]
async fn a_content_length_of_the_caller_is_ignored() {
    let ca = Ca::new();
    for wrong in [3, 500] {
        let addr = serve_response(ca.server(), OK).await;
        let mut request = post(addr, "hello");
        request.headers_mut().insert(CONTENT_LENGTH, wrong.into());
        let response = send(&ca.builder().build().unwrap(), request).await;
        assert_eq!(response.unwrap().body(), "ok");
    }
}

#[tokio::test]
async fn only_absolute_https_uris_without_a_user_name_are_accepted() {
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
        let request = Request::post(uri).body(String::new()).unwrap();
        let transport = Transport::builder().build().unwrap();
        let error = send(&transport, request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{uri}");
    }
}

#[tokio::test]
async fn more_calls_than_places_wait_and_all_succeed() {
    let ca = Ca::new();
    // The number of requests under way: now, and at most.
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let server = async |mut stream: Tls| {
        while !read_request(&mut stream).await.is_empty() {
            MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            NOW.fetch_sub(1, Ordering::SeqCst);
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
    };
    let addr = serve(ca.server(), server).await;
    let transport = ca.builder().concurrency(2).build().unwrap();

    let calls: Vec<_> = (0..12)
        .map(|_| tokio::spawn(transport.clone().oneshot(post(addr, "hello"))))
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }

    assert!(MOST.load(Ordering::SeqCst) <= 2);
}

#[tokio::test]
async fn a_name_leads_to_the_given_addresses_and_stays_the_name() {
    let ca = Ca::new();
    let addr = serve_response(ca.server(), OK).await;
    let (port, local) = (addr.port(), Ipv4Addr::LOCALHOST);
    // No name server is asked: `invalid` has no names.
    let elsewhere = ca.builder().resolve("name.invalid", port, [local]);
    let nowhere = ca.builder().resolve("localhost", port, [] as [IpAddr; 0]);
    let back = nowhere.clone().resolve("localhost", port, [local]);
    let dead_first = [Ipv4Addr::new(127, 0, 0, 99), local];
    let dead_first = ca.builder().resolve("localhost", port, dead_first);
    for (builder, host, port, expected) in [
        // The certificate is for `localhost`.
        (
            &elsewhere,
            "Name.Invalid",
            port,
            Err(ErrorKind::Tls(WrongName)),
        ),
        (
            &elsewhere,
            "name.invalid",
            port ^ 1,
            Err(ErrorKind::Connect),
        ),
        (
            &elsewhere,
            "below.name.invalid",
            port,
            Err(ErrorKind::Connect),
        ),
        (&nowhere, "localhost", port, Err(ErrorKind::Connect)),
        (&back, "localhost", port, Ok(())),
        (&dead_first, "localhost", port, Ok(())),
    ] {
        let request = Request::get(format!("https://{host}:{port}/"));
        let request = request.body(String::new()).unwrap();
        let result = send(&builder.clone().build().unwrap(), request).await;
        let result = result.map(drop).map_err(|error| error.kind());
        assert_eq!(result, expected, "{host}:{port}");
    }
}

#[test]
fn it_is_clone_send_and_sync() {
    fn check<T: Clone + Send + Sync + 'static>() {}
    fn service<S: Service<Request<Full<Bytes>>>>() {}
    service::<Transport<Full<Bytes>>>();
    check::<Transport<Full<Bytes>>>();
    // Even with a body that is not `Sync`.
    check::<Transport<PhantomData<Cell<()>>>>();
}

#[test]
fn no_debug_shows_the_key() {
    let (ca, pair) = (Ca::new(), Ca::new().pair());
    let builder = ca.builder().identity(pair.identity());
    let transport: Transport<String> = builder.clone().build().unwrap();
    let key = pair.key.lines().nth(1).unwrap();
    for shown in [&builder as &dyn Debug, &transport] {
        let shown = format!("{shown:?}");
        assert!(!shown.contains(key), "{shown}");
        assert!(shown.len() < 2000, "the key as bytes? {shown}");
    }
}
