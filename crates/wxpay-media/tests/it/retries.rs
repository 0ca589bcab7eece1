//! What is repeated, by which endpoint, and what a queue is told.

use std::time::Duration;

use wxpay_media::{
    CallInfo, Client, ClientBuilder, Endpoint, Endpoints, Error, ErrorKind, Image, Progress,
    RetryAdvice, response,
    transport::{RetryClass, TransportBuilder},
};
use wxpay_sandbox::{Fault, Sandbox};

use crate::pictures::{image, png};
use crate::uploads::builder;

async fn sandbox(fault: &str) -> Sandbox {
    let fault: Fault = fault.parse().unwrap();
    Sandbox::builder().fault(fault).start().await.unwrap()
}

fn quick(sandbox: &Sandbox) -> ClientBuilder {
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
        let client = quick(&sandbox).build().unwrap();
        let trip = client.upload(&image()).await.expect(fault).call.unwrap();
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
        let client = quick(&sandbox).build().unwrap();
        let error = client.upload(&image()).await.unwrap_err();
        assert_eq!(sandbox.requests().len(), 1, "{fault}");
        assert_eq!(error.retry_advice(), disposition, "{fault}");
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
        let client = quick(&sandbox).max_retries(0).build().unwrap();
        let error = client.upload(&image()).await.unwrap_err();
        assert_eq!(error.retry_advice(), disposition, "{fault}");
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
    let both = Endpoints::new([nobody, there.clone()].map(Into::into)).unwrap();
    let client = quick(&sandbox).endpoints(both).build().unwrap();
    let trip = client.upload(&image()).await.unwrap().call.unwrap();
    assert_eq!(
        (trip.attempts(), format!("https://{}", trip.endpoint())),
        (2, there.to_string())
    );
}

#[tokio::test]
async fn an_error_knows_its_way_too() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let client = quick(&sandbox).max_retries(1).build().unwrap();
    sandbox.shutdown().await;
    let error = client.upload(&image()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    let trip = error.transport().unwrap().info();
    assert_eq!(trip.map(CallInfo::attempts), Some(2));
}

#[tokio::test]
async fn progress_ends_with_the_whole_form() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let image = Image::from_bytes("a.png", png()).unwrap();
    let size = image.bytes().len() as u64;
    let progress = Progress::new(move |sent| {
        let _ = sender.send(sent);
    });
    let client: Client = builder(&sandbox).build().unwrap();
    client.upload_with_progress(&image, progress).await.unwrap();
    let reported: Vec<_> = receiver.try_iter().collect();
    assert_eq!(reported.first(), Some(&0));
    assert!(*reported.last().unwrap() > size, "{reported:?}");
}

#[test]
fn a_response_is_classified_without_a_key() {
    let classify = |status: u16, body: &str| {
        let response = http::Response::builder().status(status);
        response::classify(&response.body(body.to_owned().into()).unwrap())
    };
    let xml = |fields: &str| format!("<xml>{fields}</xml>");
    let failed = xml("<return_code>FAIL</return_code><return_msg>频率限制</return_msg>");
    assert_eq!(classify(200, &failed), RetryClass::Throttle);
    let done = xml("<return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>");
    assert_eq!(classify(200, &done), RetryClass::Done);
    let wrong = xml("<return_code>FAIL</return_code><err_code>SIGNERROR</err_code>");
    assert_eq!(classify(500, &wrong), RetryClass::Done);
    for (status, class) in [
        (200, RetryClass::Done),
        (429, RetryClass::Throttle),
        (502, RetryClass::Retry),
    ] {
        assert_eq!(classify(status, "<html>"), class, "{status}");
    }
}

#[test]
fn an_unknown_service_promises_nothing() {
    let error = Error::Service("a failure of the caller's own".into());
    assert_eq!(error.retry_advice(), RetryAdvice::Refused);
}

/// WeChat Pay's own hosts, then others.
const HOSTS: [&str; 12] = [
    "api.mch.weixin.qq.com",
    "api2.mch.weixin.qq.com",
    "apihk.mch.weixin.qq.com",
    "apius.mch.weixin.qq.com",
    "apieu.mch.weixin.qq.com",
    "API.mch.weixin.qq.com:443",
    "api.mch.weixin.qq.com.",
    "mch.weixin.qq.com",
    "amch.weixin.qq.com",
    "api.mch.weixin.qq.com.test",
    "gateway.test",
    "127.0.0.1:1",
];

fn origin(host: &str) -> Endpoint {
    format!("https://{host}").parse().unwrap()
}

/// The time that uploads take which all come at once and find no address to connect to.
async fn time_of(uploads: usize, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Duration {
    use std::net::IpAddr;
    use wxpay_media::{ApiKey, MerchantId};

    let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap();
    let builder = Client::builder(MerchantId::new("1900000109").unwrap(), key).max_retries(0);
    let builder = change(builder).transport(|transport| {
        let resolve = |transport: TransportBuilder, host: &&str| {
            let name = host.trim_end_matches(":443");
            transport.resolve(name, 443, [] as [IpAddr; 0])
        };
        HOSTS.iter().fold(transport, resolve)
    });
    let client = builder.build().unwrap();
    let start = tokio::time::Instant::now();
    let image = &image();
    futures_util::future::join_all((0..uploads).map(|_| client.upload(image))).await;
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn ten_uploads_a_second_go_to_wechat_pay_unless_told_otherwise() {
    use std::num::NonZeroU32;

    let by_default = time_of(31, |builder| builder).await.as_millis();
    assert!((3000..3200).contains(&by_default), "{by_default}");
    let none = time_of(31, |builder| builder.rate(None)).await.as_millis();
    assert!(none < 100, "{none}");
    let given = |builder: ClientBuilder| {
        builder
            .endpoint(origin("gateway.test"))
            .rate(NonZeroU32::new(2))
    };
    let given = time_of(5, given).await.as_millis();
    assert!((2000..2200).contains(&given), "{given}");
    for (host, is_own) in HOSTS.iter().zip([true; 7].into_iter().chain([false; 5])) {
        let time = time_of(11, |builder| builder.endpoint(origin(host)))
            .await
            .as_millis();
        assert_eq!((1000..1100).contains(&time), is_own, "{host}: {time}");
        assert_eq!(time < 100, !is_own, "{host}: {time}");
    }
}
