//! Whole uploads to the sandbox, over real mutual TLS.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tower::{Service, ServiceBuilder, ServiceExt, util::BoxCloneService};
use wxpay_media::{
    ApiKey, Client, ClientBuilder, Endpoint, ErrorKind, Identity, Image, Merchant, MerchantId,
    Reason, RetryAdvice, Roots, Signing, Transport, UploadBody,
};
use wxpay_sandbox::{Credentials, Sandbox};

use crate::pictures::{bmp, image, jpeg, png, png_of};

/// A client with everything right, to be made wrong in one place.
pub(crate) fn builder(sandbox: &Sandbox) -> ClientBuilder {
    let credentials = sandbox.credentials();
    let id = MerchantId::new(credentials.mch_id()).unwrap();
    ClientBuilder::from(Merchant::new(id, credentials.api_key().clone()))
        .identity(identity(credentials))
        .roots(Roots::empty().with_pem(credentials.ca_pem()).unwrap())
        .endpoints(sandbox.origin().parse::<Endpoint>().unwrap())
}

fn identity(credentials: &Credentials) -> Identity {
    Identity::from_pem(credentials.cert_pem(), credentials.key_pem()).unwrap()
}

/// What a client builds for itself, for a caller who puts layers around it.
fn transport(sandbox: &Sandbox) -> Transport<UploadBody> {
    let credentials = sandbox.credentials();
    Transport::builder()
        .identity(identity(credentials))
        .roots(Roots::empty().with_pem(credentials.ca_pem()).unwrap())
        .build()
        .unwrap()
}

async fn sandbox() -> Sandbox {
    Sandbox::builder().start().await.unwrap()
}

async fn refused(client: Client, image: Image) -> Reason {
    match client.upload(&image).await.unwrap_err() {
        wxpay_media::Error::Gateway(error) => error.reason().unwrap(),
        error => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn every_format_by_every_way_of_signing() {
    let sandbox = sandbox().await;
    for signing in [Signing::HmacSha256, Signing::Md5, Signing::Md5Unnamed] {
        let client = builder(&sandbox)
            .signing(signing)
            .strict_response_sign(true)
            .build()
            .unwrap();
        for (name, bytes) in [("a.jpg", jpeg()), ("图 \"2\".png", png()), ("c.bmp", bmp())] {
            let image = Image::from_bytes(name, bytes).unwrap();
            let uploaded = client.upload(&image).await.unwrap();
            assert_eq!(uploaded.media_id.as_str().len(), 43);
        }
    }
}

#[tokio::test]
async fn the_largest_picture_that_is_allowed() {
    let sandbox = sandbox().await;
    let image = Image::from_bytes("a.png", png_of(Image::LIMIT - 1)).unwrap();
    builder(&sandbox)
        .build()
        .unwrap()
        .upload(&image)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let sandbox = sandbox().await;
    let credentials = sandbox.credentials();
    let id = || MerchantId::new(credentials.mch_id()).unwrap();
    let merchant = |id, key| {
        ClientBuilder::from(Merchant::new(id, key))
            .identity(identity(credentials))
            .roots(Roots::empty().with_pem(credentials.ca_pem()).unwrap())
            .endpoints(sandbox.origin().parse::<Endpoint>().unwrap())
    };

    let wrong_key = ApiKey::new("0".repeat(32)).unwrap();
    let client = merchant(id(), wrong_key).build().unwrap();
    assert_eq!(refused(client, image()).await, Reason::Signature);

    let other_merchant = MerchantId::new("1").unwrap();
    let client = merchant(other_merchant, credentials.api_key().clone())
        .build()
        .unwrap();
    assert_eq!(refused(client, image()).await, Reason::Merchant);

    let strangers = identity(&Credentials::generate().unwrap());
    let client = builder(&sandbox).identity(strangers).build().unwrap();
    assert_eq!(refused(client, image()).await, Reason::Certificate);
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_trusted() {
    let sandbox = sandbox().await;
    let client = builder(&sandbox).roots(Roots::webpki()).build().unwrap();
    let error = client.upload(&image()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert!(error.advice().contains("authority"), "{}", error.advice());
}

#[tokio::test]
async fn nobody_listens() {
    let sandbox = sandbox().await;
    let client = builder(&sandbox).build().unwrap();
    sandbox.shutdown().await;
    let error = client.upload(&image()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable()),
        (ErrorKind::Connect, true)
    );
    assert!(
        error.advice().contains("name and port"),
        "{}",
        error.advice()
    );
}

#[tokio::test(start_paused = true)]
async fn the_layer_of_others_that_gives_up_is_a_timeout() {
    let silent = tower::service_fn(|_: Request<UploadBody>| {
        std::future::pending::<Result<Response<String>, tower::BoxError>>()
    });
    let below = ServiceBuilder::new()
        .timeout(Duration::from_secs(5))
        .service(silent);
    let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap();
    let client = Client::builder(MerchantId::new("1900000109").unwrap(), key).service(below);

    let error = client.upload(&image()).await.unwrap_err();
    assert!(error.transport().is_none());
    assert_eq!(
        (error.kind(), error.retry_advice()),
        (ErrorKind::Timeout, RetryAdvice::Retry)
    );
    assert!(error.advice().contains("longer"), "{}", error.advice());
}

#[tokio::test]
async fn of_a_service_that_is_not_ours_nothing_is_promised() {
    let broken =
        tower::service_fn(async |_: Request<UploadBody>| Err::<Response<String>, _>("mine"));
    let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap();
    let client = Client::builder(MerchantId::new("1900000109").unwrap(), key).service(broken);
    let error = client.upload(&image()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry_advice(), error.to_string()),
        (ErrorKind::Other, RetryAdvice::Refused, "mine".to_owned())
    );
    assert_eq!(error.advice(), "look at the error below it");
}

#[tokio::test]
async fn a_client_is_a_service_that_takes_layers_on_both_sides() {
    let sandbox = sandbox().await;
    let below = ServiceBuilder::new()
        .concurrency_limit(2)
        .service(transport(&sandbox));
    let client = builder(&sandbox).service(below);
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
async fn one_place_below_is_enough_for_one_call_after_another() {
    let sandbox = sandbox().await;
    let below = ServiceBuilder::new()
        .concurrency_limit(1)
        .service(transport(&sandbox));
    // Neither `Sync` nor anything but a service, as far as the client knows.
    let mut client = builder(&sandbox).service(BoxCloneService::new(below));
    for _ in 0..3 {
        client.ready().await.unwrap().call(image()).await.unwrap();
    }
}

#[tokio::test]
async fn layers_around_the_clients_own_transport_see_each_upload_once_and_it_repeats_below_them() {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    let fault: wxpay_sandbox::Fault = "system-error,next=2".parse().unwrap();
    let sandbox = Sandbox::builder().fault(fault).start().await.unwrap();
    let (outer, inner) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = |counter: &Arc<AtomicUsize>, after: usize, before: &Arc<AtomicUsize>| {
        let (counter, before) = (Arc::clone(counter), Arc::clone(before));
        tower::util::MapRequestLayer::new(move |request: Request<UploadBody>| {
            counter.fetch_add(1, Ordering::Relaxed);
            assert_eq!(before.load(Ordering::Relaxed), after);
            request
        })
    };
    let client = builder(&sandbox)
        .layer(counted(&outer, 0, &inner)) // the first layer sees the request first
        .layer(counted(&inner, 1, &outer))
        .build()
        .unwrap();
    let uploaded = client.upload(&image()).await.unwrap();
    assert_eq!(uploaded.call.unwrap().attempts(), 3);
    assert_eq!(
        (outer.load(Ordering::Relaxed), inner.load(Ordering::Relaxed)),
        (1, 1)
    );
}

#[tokio::test]
async fn a_service_of_the_callers_may_answer_with_any_body_but_no_endless_one() {
    let endless = tower::service_fn(async |_: Request<UploadBody>| {
        let frames = futures_util::stream::repeat_with(|| {
            Ok::<_, std::convert::Infallible>(http_body::Frame::data(Bytes::from_static(
                &[b'x'; 1000],
            )))
        });
        Ok::<_, tower::BoxError>(Response::new(http_body_util::StreamBody::new(frames)))
    });
    let client = ClientBuilder::from(crate::pictures::merchant()).service(endless);
    let error = client.upload(&image()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry_advice()),
        (ErrorKind::Http, RetryAdvice::Refused)
    );
}

#[test]
fn a_client_is_clone_and_can_go_to_another_thread() {
    fn check<T: Clone + Send + Sync + 'static>() {}
    fn service<S: Service<Image>>() {}
    check::<Client>();
    service::<Client>();
}
