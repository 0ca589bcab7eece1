//! Retries: of which failures, at which endpoint, at which rate, and the advice for a queue.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use wxpay_media::{
    ClientBuilder, Endpoint, Endpoints, ErrorKind, Progress, RetryAdvice, response,
    transport::{RetryClass, TransportBuilder},
};
use wxpay_sandbox::Sandbox;

use crate::{
    gateways::{builder, nobody, sandbox},
    pictures::{image, merchant},
};

fn quick(sandbox: &Sandbox) -> ClientBuilder {
    let (base, cap) = (Duration::from_millis(1), Duration::from_millis(5));
    builder(sandbox).transport(|transport| transport.backoff(base, cap))
}

#[tokio::test]
async fn a_failure_that_may_pass_is_repeated() {
    for fault in [
        "system-error",
        "frequency-limited",
        "frequency-limited-without-code",
        "bad-gateway-page",
        "cut-before-answer",
    ] {
        let sandbox = sandbox(&format!("{fault},next=2")).await;
        let client = quick(&sandbox).build().unwrap();
        let call = client.upload(&image()).await.expect(fault).call.unwrap();
        assert_eq!(call.attempts, 3, "{fault}");
        assert_eq!(format!("https://{}", call.endpoint), sandbox.origin());
    }
}

#[tokio::test]
async fn a_success_with_a_harmless_fault_is_no_failure() {
    for fault in "extra-fields bom other-algorithm cut-after-answer delay-in-answer=1ms".split(' ')
    {
        let sandbox = sandbox(fault).await;
        let client = quick(&sandbox).build().unwrap();
        let call = client.upload(&image()).await.expect(fault).call.unwrap();
        assert_eq!(call.attempts, 1, "{fault}");
    }
}

#[tokio::test]
async fn each_failure_has_its_advice_and_a_final_one_is_not_repeated() {
    use RetryAdvice::{Refused, Retry, Stop, Throttle};

    for (advice, faults) in [
        (Stop, "entry-permissions sign-error certificate-required"),
        (Stop, "merchant-id no-signature certificate-page"),
        (Refused, "image-format param-error truncated-xml doctype"),
        (Retry, "system-error bad-gateway-page cut-in-answer"),
        (Throttle, "frequency-limited frequency-limited-without-code"),
    ] {
        let may_pass = [Retry, Throttle].contains(&advice);
        for fault in faults.split(' ') {
            let sandbox = sandbox(&format!("{fault},next=1")).await;
            // Failures that may pass are repeated otherwise.
            let client = quick(&sandbox).max_retries(if may_pass { 0 } else { 2 });
            let client = client.build().unwrap();
            let error = client.upload(&image()).await.unwrap_err();
            assert_eq!(sandbox.requests().len(), 1, "{fault}");
            assert_eq!(error.retry_advice(), advice, "{fault}");
            assert_eq!(error.is_retryable(), may_pass, "{fault}");
        }
    }
}

#[tokio::test]
async fn the_second_endpoint_is_the_backup_of_the_first() {
    let sandbox = sandbox("").await;
    let there: Endpoint = sandbox.origin().parse().unwrap();
    let both = Endpoints::new([nobody(), there.clone()].map(Into::into)).unwrap();
    let client = quick(&sandbox).endpoints(both).build().unwrap();
    let call = client.upload(&image()).await.unwrap().call.unwrap();
    assert_eq!(call.attempts, 2);
    assert_eq!(format!("https://{}", call.endpoint), there.to_string());
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_reached_is_named_with_the_attempts() {
    let builder = ClientBuilder::from(merchant()).endpoints(nobody());
    let client = builder.max_retries(1).build().unwrap();
    let error = client.upload(&image()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.is_retryable() && error.advice().contains("name and port"));
    let call = error.transport().unwrap().info();
    assert_eq!(call.map(|call| call.attempts), Some(2));
}

#[test]
fn each_failure_of_the_transport_has_its_advice() {
    use wxpay_media::transport::{
        Error, ErrorKind as Kind, ProxyErrorKind, TimeoutKind, TlsErrorKind,
    };
    let proxy = |kind| (Kind::Proxy(kind), ErrorKind::Connect);
    let timeout = |kind| (Kind::Timeout(kind), ErrorKind::Timeout);
    let tls = |kind| (Kind::Tls(kind), ErrorKind::Tls);
    for ((kind, expected), advice) in [
        (proxy(ProxyErrorKind::Unreachable), "the proxy's host"),
        (timeout(TimeoutKind::Connect), "of the proxy"),
        (timeout(TimeoutKind::Total), "longer timeout"),
        (tls(TlsErrorKind::NoRoots), "ca-certificates"),
        (tls(TlsErrorKind::ServerCertificate), "for servers"),
        (tls(TlsErrorKind::Expired), "clock"),
        (tls(TlsErrorKind::Other), "proxy answers"),
    ] {
        let error = wxpay_media::Error::Service(Error::from(kind).into());
        assert_eq!(error.kind(), expected, "{kind:?}");
        let given = error.advice();
        assert!(given.contains(advice), "{kind:?}: {given}");
    }
}

#[tokio::test]
async fn progress_ends_with_the_whole_form() {
    let sandbox = sandbox("").await;
    let (sender, receiver) = std::sync::mpsc::channel();
    let image = image();
    let progress = Progress::new(move |sent| {
        let _ = sender.send(sent);
    });
    let client = builder(&sandbox).build().unwrap();
    client.upload_with_progress(&image, progress).await.unwrap();
    let reported: Vec<_> = receiver.try_iter().collect();
    assert_eq!(reported.first(), Some(&0));
    let size = image.bytes().len() as u64;
    assert!(*reported.last().unwrap() > size, "{reported:?}");
}

#[test]
fn a_response_is_classified_without_a_key() {
    let limit = "<xml><return_code>FAIL</return_code><return_msg>频率限制</return_msg></xml>";
    let done = "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code></xml>";
    let wrong = "<xml><return_code>FAIL</return_code><err_code>SIGNERROR</err_code></xml>";
    for (status, body, class) in [
        (200, limit, RetryClass::Throttle),
        (200, done, RetryClass::Done),
        (500, wrong, RetryClass::Done),
        (200, "<html>", RetryClass::Done),
        (429, "<html>", RetryClass::Throttle),
        (502, "<html>", RetryClass::Retry),
    ] {
        let response = http::Response::builder().status(status);
        let response = response.body(body.into()).unwrap();
        assert_eq!(response::classify(&response), class, "{status} {body}");
    }
}

/// WeChat Pay's own hosts.
const OWN: [&str; 7] = [
    "api.mch.weixin.qq.com",
    "api2.mch.weixin.qq.com",
    "apihk.mch.weixin.qq.com",
    "apius.mch.weixin.qq.com",
    "apieu.mch.weixin.qq.com",
    "API.mch.weixin.qq.com:443",
    "api.mch.weixin.qq.com.",
];

const OTHERS: [&str; 5] = [
    "mch.weixin.qq.com",
    "amch.weixin.qq.com",
    "api.mch.weixin.qq.com.test",
    "gateway.test",
    "127.0.0.1:443",
];

fn origin(host: &str) -> Endpoint {
    format!("https://{host}").parse().unwrap()
}

/// The tenths of a second that this many uploads at once take, all without an address to connect
/// to.
async fn tenths(uploads: usize, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> u128 {
    let builder = change(ClientBuilder::from(merchant()).max_retries(0));
    let resolve = |transport: TransportBuilder, host: &&str| {
        let name = host.trim_end_matches(":443");
        transport.resolve(name, 443, [] as [IpAddr; 0])
    };
    let builder = builder.transport(|it| OWN.iter().chain(&OTHERS).fold(it, resolve));
    let client = builder.build().unwrap();
    let start = tokio::time::Instant::now();
    let image = &image();
    futures_util::future::join_all((0..uploads).map(|_| client.upload(image))).await;
    start.elapsed().as_millis() / 100
}

#[tokio::test(start_paused = true)]
async fn ten_uploads_a_second_is_the_default_for_wechat_pay_alone() {
    let second = 10..=11;
    assert!((30..32).contains(&tenths(31, |builder| builder).await));
    assert_eq!(tenths(31, |builder| builder.rate(None)).await, 0);
    for host in OWN {
        let time = tenths(11, |builder| builder.endpoint(origin(host))).await;
        assert!(second.contains(&time), "{host}: {time}");
    }
    for host in OTHERS {
        let time = tenths(11, |builder| builder.endpoint(origin(host))).await;
        assert_eq!(time, 0, "{host}");
    }
    let two = |it: ClientBuilder| it.endpoint(origin("gateway.test")).rate(NonZeroU32::new(2));
    assert!((20..22).contains(&tenths(5, two).await));
}
