//! What is repeated, by which endpoint, and what a queue is told.

use std::time::Duration;

use wxpay_media::{
    Builder, CallInfo, Client, Endpoint, Endpoints, Error, ErrorKind, Image, Progress, RetryAdvice,
    reply, transport::RetryClass,
};
use wxpay_sandbox::{Fault, Sandbox};

use crate::pictures::{image, png};
use crate::uploads::builder;

async fn sandbox(fault: &str) -> Sandbox {
    let fault: Fault = fault.parse().unwrap();
    Sandbox::builder().fault(fault).start().await.unwrap()
}

fn quick(sandbox: &Sandbox) -> Builder {
    use wxpay_media::transport::Backoff;
    let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(5));
    builder(sandbox).transport(|transport| transport.backoff(backoff))
}

#[tokio::test]
async fn what_may_pass_is_repeated() {
    for fault in [
        "system-error",
        "frequency-limited",
        "frequency-limited-without-code",
        "bad-gateway-page",
        "cut-before-answer",
    ] {
        let sandbox = sandbox(&format!("{fault},next=2")).await;
        let delivery = quick(&sandbox).build().unwrap().deliver(image()).await;
        let trip = delivery.trip().unwrap().clone();
        assert!(delivery.into_result().is_ok(), "{fault}");
        assert_eq!(trip.attempts(), 3, "{fault}");
        assert_eq!(format!("https://{}", trip.endpoint()), sandbox.origin());
    }
}

#[tokio::test]
async fn nothing_else_is() {
    for (fault, disposition) in [
        ("entry-permissions", RetryAdvice::Stop),
        ("sign-error", RetryAdvice::Stop),
        ("certificate-required", RetryAdvice::Stop),
        ("merchant-id", RetryAdvice::Stop),
        ("no-signature", RetryAdvice::Stop),
        ("certificate-page", RetryAdvice::Stop),
        ("image-format", RetryAdvice::Refused),
        ("param-error", RetryAdvice::Refused),
        ("truncated-xml", RetryAdvice::Refused),
        ("doctype", RetryAdvice::Refused),
    ] {
        let sandbox = sandbox(&format!("{fault},next=1")).await;
        let delivery = quick(&sandbox).build().unwrap().deliver(image()).await;
        assert_eq!(delivery.trip().map(CallInfo::attempts), Some(1), "{fault}");
        let error = delivery.into_result().unwrap_err();
        assert_eq!(error.disposition(), disposition, "{fault}");
        assert!(!error.is_retryable(), "{fault}");
    }
}

#[tokio::test]
async fn with_the_loop_switched_off_the_error_says_what_may_be_done() {
    for (fault, disposition) in [
        ("system-error", RetryAdvice::Retry),
        ("bad-gateway-page", RetryAdvice::Retry),
        ("cut-in-answer", RetryAdvice::Retry),
        ("frequency-limited", RetryAdvice::Throttle),
        ("frequency-limited-without-code", RetryAdvice::Throttle),
    ] {
        let sandbox = sandbox(&format!("{fault},next=1")).await;
        let client = quick(&sandbox).retries(0).build().unwrap();
        let error = client.upload(image()).await.unwrap_err();
        assert_eq!(error.disposition(), disposition, "{fault}");
        assert!(error.is_retryable(), "{fault}");
    }
}

#[tokio::test]
async fn the_second_endpoint_stands_in_for_the_first() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let nobody: Endpoint = format!("https://{nobody}").parse().unwrap();
    let there: Endpoint = sandbox.origin().parse().unwrap();
    let both = Endpoints::new([nobody, there.clone()]).unwrap();
    let delivery = quick(&sandbox)
        .endpoints(both)
        .build()
        .unwrap()
        .deliver(image())
        .await;
    let trip = delivery.trip().unwrap();
    assert_eq!(
        (trip.attempts(), format!("https://{}", trip.endpoint())),
        (2, there.to_string())
    );
    delivery.into_result().unwrap();
}

#[tokio::test]
async fn an_error_knows_its_way_too() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let client = quick(&sandbox).retries(1).build().unwrap();
    sandbox.shutdown().await;
    let delivery = client.deliver(image()).await;
    assert_eq!(delivery.trip().map(CallInfo::attempts), Some(2));
    assert_eq!(
        delivery.into_result().unwrap_err().kind(),
        ErrorKind::Connect
    );
}

#[tokio::test]
async fn progress_ends_with_the_whole_form() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let image = Image::from_bytes("a.png", png()).unwrap();
    let size = image.bytes().len() as u64;
    let image = image.with_progress(Progress::new(move |sent| {
        let _ = sender.send(sent);
    }));
    let client: Client = builder(&sandbox).build().unwrap();
    client.upload(image).await.unwrap();
    let reported: Vec<_> = receiver.try_iter().collect();
    assert_eq!(reported.first(), Some(&0));
    assert!(*reported.last().unwrap() > size, "{reported:?}");
}

#[test]
fn a_reply_is_judged_without_a_key() {
    let judge = |status: u16, body: &str| {
        let reply = http::Response::builder().status(status);
        reply::judgement(&reply.body(body.to_owned().into()).unwrap())
    };
    let xml = |fields: &str| format!("<xml>{fields}</xml>");
    let failed = xml("<return_code>FAIL</return_code><return_msg>频率限制</return_msg>");
    assert_eq!(judge(200, &failed), RetryClass::Throttle);
    let done = xml("<return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>");
    assert_eq!(judge(200, &done), RetryClass::Done);
    let wrong = xml("<return_code>FAIL</return_code><err_code>SIGNERROR</err_code>");
    assert_eq!(judge(500, &wrong), RetryClass::Done);
    for (status, judgement) in [
        (200, RetryClass::Done),
        (429, RetryClass::Throttle),
        (502, RetryClass::Retry),
    ] {
        assert_eq!(judge(status, "<html>"), judgement, "{status}");
    }
}

#[test]
fn an_unknown_service_promises_nothing() {
    let error = Error::Service("a failure of the caller's own".into());
    assert_eq!(error.disposition(), RetryAdvice::Refused);
}

/// The time that uploads take which all come at once and find no address to connect to.
async fn time_of(uploads: usize, change: impl FnOnce(Builder) -> Builder) -> Duration {
    use std::net::IpAddr;
    use wxpay_media::{ApiKey, MerchantId};

    let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap();
    let builder = Client::builder(MerchantId::new("1900000109").unwrap(), key).retries(0);
    let nowhere = |host: &'static str| {
        move |transport: wxpay_media::transport::TransportBuilder| {
            transport.resolve(host, 443, [] as [IpAddr; 0])
        }
    };
    let builder = builder
        .transport(nowhere("api.mch.weixin.qq.com"))
        .transport(nowhere("api2.mch.weixin.qq.com"))
        .transport(nowhere("gateway.test"));
    let client = change(builder).build().unwrap();
    let start = tokio::time::Instant::now();
    futures_util::future::join_all((0..uploads).map(|_| client.upload(image()))).await;
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn ten_uploads_a_second_go_to_wechat_pay_unless_told_otherwise() {
    use std::num::NonZeroU32;

    let elsewhere: Endpoint = "https://gateway.test".parse().unwrap();
    let by_default = time_of(31, |builder| builder).await.as_millis();
    assert!((3000..3200).contains(&by_default), "{by_default}");
    let none = time_of(31, |builder| builder.rate(None)).await.as_millis();
    assert!(none < 100, "{none}");
    let other = time_of(31, |builder| builder.endpoint(elsewhere.clone())).await;
    assert!(other.as_millis() < 100, "{other:?}");
    let given = |builder: Builder| builder.endpoint(elsewhere).rate(NonZeroU32::new(2));
    let given = time_of(5, given).await.as_millis();
    assert!((2000..2200).contains(&given), "{given}");
}
