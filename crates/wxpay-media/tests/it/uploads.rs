//! Whole uploads to the sandbox, over real mutual TLS, and clients over services of the caller's.

use std::{
    convert::Infallible,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use tower::{
    BoxError, Service, ServiceBuilder, ServiceExt,
    util::{BoxCloneService, MapRequestLayer},
};
use wxpay_media::{
    ApiKey, Client, ClientBuilder, Error, ErrorKind, Image, Reason, RetryAdvice, Roots, Signing,
    Transport, UploadBody,
};
use wxpay_sandbox::{Credentials, Sandbox};

use crate::{
    gateways::{builder, builder_of, identity, roots, sandbox},
    pictures::{bmp, image, jpeg, merchant, png, png_of},
};

/// The transport that a client builds for itself.
fn transport(sandbox: &Sandbox) -> Transport<UploadBody> {
    let builder = Transport::builder().identity(identity(sandbox.credentials()));
    builder.roots(roots(sandbox)).build().unwrap()
}

async fn failure(builder: ClientBuilder) -> Error {
    let client = builder.build().unwrap();
    client.upload(&image()).await.unwrap_err()
}

#[tokio::test]
async fn every_format_and_the_largest_picture_are_uploaded_by_every_way_of_signing() {
    let sandbox = sandbox("").await;
    for signing in [Signing::HmacSha256, Signing::Md5, Signing::Md5Unnamed] {
        let builder = builder(&sandbox).signing(signing);
        let client = builder.strict_response_sign(true).build().unwrap();
        let largest = png_of(Image::LIMIT - 1);
        for (name, bytes) in [
            ("a.jpg", jpeg()),
            ("图 \"2\".png", largest),
            ("c.bmp", bmp()),
        ] {
            let image = Image::from_bytes(name, bytes).unwrap();
            let uploaded = client.upload(&image).await.unwrap();
            assert_eq!(uploaded.media_id.as_str().len(), 43);
        }
    }
}

#[tokio::test]
async fn a_wrong_key_merchant_or_certificate_is_named() {
    let sandbox = sandbox("").await;
    let credentials = sandbox.credentials();
    let (id, key) = (credentials.mch_id(), credentials.api_key().clone());
    let wrong_key = ApiKey::new("0".repeat(32)).unwrap();
    let strangers = identity(&Credentials::generate().unwrap());
    for (wrong, reason) in [
        (builder_of(&sandbox, id, wrong_key), Reason::Signature),
        (builder_of(&sandbox, "1", key), Reason::Merchant),
        (builder(&sandbox).identity(strangers), Reason::Certificate),
    ] {
        match failure(wrong).await {
            Error::Gateway(error) => assert_eq!(error.reason(), Some(reason)),
            error => panic!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_trusted() {
    let sandbox = sandbox("").await;
    let error = failure(builder(&sandbox).roots(Roots::webpki())).await;
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert!(error.advice().contains("authority"), "{}", error.advice());
}

#[tokio::test(start_paused = true)]
async fn the_timeout_layer_of_a_caller_is_a_timeout() {
    let silent =
        tower::service_fn(|_: Request<UploadBody>| pending::<Result<Response<String>, BoxError>>());
    let below = ServiceBuilder::new().timeout(Duration::from_secs(5));
    let client = ClientBuilder::from(merchant()).service(below.service(silent));

    let error = client.upload(&image()).await.unwrap_err();
    assert!(error.transport().is_none());
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.retry_advice(), RetryAdvice::Retry);
    assert!(error.advice().contains("longer"), "{}", error.advice());
}

#[tokio::test]
async fn the_error_of_a_callers_service_is_not_retried() {
    let broken =
        tower::service_fn(async |_: Request<UploadBody>| Err::<Response<String>, _>("mine"));
    let client = ClientBuilder::from(merchant()).service(broken);
    let error = client.upload(&image()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert_eq!(error.retry_advice(), RetryAdvice::Refused);
    assert_eq!(error.to_string(), "mine");
    assert_eq!(error.advice(), "look at the error below it");
}

#[tokio::test]
async fn a_client_is_a_service_with_layers_on_both_sides() {
    let sandbox = sandbox("").await;
    // One place is enough for one call after another.
    let below = ServiceBuilder::new().concurrency_limit(1);
    let below = below.service(transport(&sandbox));
    // This is not `Sync`, and the client only knows that it is a service.
    let client = builder(&sandbox).service(BoxCloneService::new(below));
    let mut above = ServiceBuilder::new()
        .timeout(Duration::from_secs(60))
        .map_request(|bytes: Vec<u8>| Image::from_bytes("a.png", bytes).unwrap())
        .service(client);
    for _ in 0..3 {
        let uploaded = above.ready().await.unwrap().call(png()).await.unwrap();
        assert_eq!(uploaded.media_id.as_str().len(), 43);
    }
}

#[tokio::test]
async fn layers_around_the_clients_own_transport_get_each_upload_once() {
    let sandbox = sandbox("system-error,next=2").await;
    let (outer, inner) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = |counter: &Arc<AtomicUsize>, after: usize, before: &Arc<AtomicUsize>| {
        let (counter, before) = (Arc::clone(counter), Arc::clone(before));
        MapRequestLayer::new(move |request: Request<UploadBody>| {
            counter.fetch_add(1, Ordering::Relaxed);
            assert_eq!(before.load(Ordering::Relaxed), after);
            request
        })
    };
    let client = builder(&sandbox)
        .layer(counted(&outer, 0, &inner)) // the first layer gets the request first
        .layer(counted(&inner, 1, &outer))
        .build()
        .unwrap();
    let uploaded = client.upload(&image()).await.unwrap();
    assert_eq!(uploaded.call.unwrap().attempts, 3);
    let seen = [outer, inner].map(|counter| counter.load(Ordering::Relaxed));
    assert_eq!(seen, [1, 1]);
}

#[tokio::test]
async fn an_endless_body_of_a_callers_service_is_refused() {
    let endless = tower::service_fn(async |_: Request<UploadBody>| {
        let frames = futures_util::stream::repeat_with(|| {
            let data = Bytes::from_static(&[b'x'; 1000]);
            Ok::<_, Infallible>(http_body::Frame::data(data))
        });
        Ok::<_, BoxError>(Response::new(http_body_util::StreamBody::new(frames)))
    });
    let client = ClientBuilder::from(merchant()).service(endless);
    let error = client.upload(&image()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Http);
    assert_eq!(error.retry_advice(), RetryAdvice::Refused);
}

#[test]
fn a_client_is_clone_and_can_be_sent_to_another_thread() {
    fn check<T: Clone + Send + Sync + 'static>() {}
    fn service<S: Service<Image>>() {}
    check::<Client>();
    service::<Client>();
}
