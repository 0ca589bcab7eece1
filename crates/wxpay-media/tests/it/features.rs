//! What is there by a feature: a client that blocks, types as texts, signed responses for tests.

use wxpay_media::{Endpoint, ErrorKind, MediaId, MerchantId, Region, blocking, test_util};
use wxpay_sandbox::Sandbox;

use crate::{
    pictures::{image, merchant},
    uploads::builder,
};

/// A sandbox on a thread of its own, which a test that is not asynchronous may use.
fn sandbox() -> (tokio::runtime::Runtime, Sandbox) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::builder().start()).unwrap();
    (runtime, sandbox)
}

#[test]
fn a_blocking_client_uploads_from_any_thread() {
    let (_runtime, sandbox) = sandbox();
    let client = blocking::Client::new(builder(&sandbox).build().unwrap()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let client = client.clone();
            scope.spawn(move || client.upload(&image()).unwrap());
        }
    });
    assert_eq!(sandbox.requests().len(), 4);
    assert!(client.upload(&image()).unwrap().call.is_some());
}

#[test]
fn a_blocking_client_has_the_same_errors() {
    let fault: wxpay_sandbox::Fault = "sign-error".parse().unwrap();
    let (runtime, sandbox) = sandbox();
    sandbox.inject(fault);
    let client = blocking::Client::new(builder(&sandbox).build().unwrap()).unwrap();
    assert_eq!(
        client.upload(&image()).unwrap_err().kind(),
        ErrorKind::Gateway
    );
    runtime.block_on(sandbox.shutdown());
    let client = blocking::Client::new(client_of_nobody()).unwrap();
    assert_eq!(
        client.upload(&image()).unwrap_err().kind(),
        ErrorKind::Connect
    );
}

fn client_of_nobody() -> wxpay_media::Client {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("https://{}", listener.local_addr().unwrap());
    let builder = wxpay_media::ClientBuilder::from(merchant());
    builder
        .endpoints(nobody.parse::<Endpoint>().unwrap())
        .max_retries(0)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_blocking_client_refuses_inside_of_a_runtime_and_may_be_dropped_there() {
    let client = blocking::Client::new(client_of_nobody()).unwrap();
    let error = client.upload(&image()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(
        error.to_string().contains("use wxpay_media::Client there"),
        "{error}"
    );
    drop(client);
}

#[test]
fn types_are_texts_to_serde_and_wrong_texts_are_refused() {
    let media_id = MediaId::new("9UYf").unwrap();
    let endpoint: Endpoint = "https://127.0.0.1:8443".parse().unwrap();
    let values = (
        media_id,
        MerchantId::new("1900000109").unwrap(),
        Region::HongKong,
        endpoint,
    );
    let json = r#"["9UYf","1900000109","hongkong","https://127.0.0.1:8443"]"#;
    assert_eq!(serde_json::to_string(&values).unwrap(), json);
    assert_eq!(
        serde_json::from_str::<(MediaId, MerchantId, Region, Endpoint)>(json).unwrap(),
        values
    );
    assert!(serde_json::from_str::<MediaId>(r#""""#).is_err());
    assert!(serde_json::from_str::<MerchantId>("1900000109").is_err());
    let error = serde_json::from_str::<Region>(r#""mars""#).unwrap_err();
    assert!(error.to_string().contains("a region is one of"), "{error}");
}

#[test]
fn a_made_success_is_believed_with_its_merchants_key_alone() {
    let media_id = MediaId::new("abc").unwrap();
    let response = test_util::success(&merchant(), &media_id);
    let read = wxpay_media::response::media_id(&merchant(), &response);
    assert_eq!(read.unwrap(), media_id);
    assert!(test_util::signed(&merchant(), &[("a", "1"), ("a", "2")]).is_err());
}
