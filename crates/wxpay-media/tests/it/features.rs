//! Features that are off by default: a client that blocks, types as texts, signed responses for
//! tests.

use wxpay_media::{
    ApiKey, ClientBuilder, Endpoint, ErrorKind, MediaId, Merchant, MerchantId, Region, blocking,
    response, test_util,
};

use crate::{
    gateways::{builder, nobody, sandbox},
    pictures::{image, merchant},
    responses::OTHER_KEY,
};

fn blocking_client(builder: ClientBuilder) -> blocking::Client {
    blocking::Client::new(builder.build().unwrap()).unwrap()
}

#[test]
fn a_blocking_client_uploads_on_any_thread() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(sandbox(""));
    let client = blocking_client(builder(&sandbox));
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
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(sandbox("sign-error"));
    let kind = |builder| {
        blocking_client(builder)
            .upload(&image())
            .unwrap_err()
            .kind()
    };
    assert_eq!(kind(builder(&sandbox)), ErrorKind::Gateway);
    let unreachable = builder(&sandbox).endpoints(nobody()).max_retries(0);
    assert_eq!(kind(unreachable), ErrorKind::Connect);
}

#[tokio::test]
async fn a_blocking_client_refuses_in_a_runtime_and_may_be_dropped_there() {
    let client = blocking_client(ClientBuilder::from(merchant()).endpoints(nobody()));
    let error = client.upload(&image()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    let advice = "use wxpay_media::Client there";
    assert!(error.to_string().contains(advice), "{error}");
    drop(client);
}

#[test]
fn types_are_strings_to_serde_and_wrong_ones_are_refused() {
    type Values = (MediaId, MerchantId, Region, Endpoint);
    let json = r#"["9UYf","1900000109","hongkong","https://127.0.0.1:8443"]"#;
    let values: Values = serde_json::from_str(json).unwrap();
    assert_eq!(values.2, Region::HongKong);
    assert_eq!(serde_json::to_string(&values).unwrap(), json);
    assert!(serde_json::from_str::<MediaId>(r#""""#).is_err());
    assert!(serde_json::from_str::<MerchantId>("1900000109").is_err());
    let error = serde_json::from_str::<Region>(r#""mars""#).unwrap_err();
    assert!(error.to_string().contains("a region is one of"), "{error}");
}

#[test]
fn a_made_success_is_believed_with_the_same_key_only() {
    let media_id = MediaId::new("abc").unwrap();
    let response = &test_util::success(&merchant(), &media_id);
    let read = |merchant: &Merchant| response::media_id(merchant, response);
    assert_eq!(read(&merchant()).unwrap(), media_id);
    let key = ApiKey::new(OTHER_KEY).unwrap();
    let error = read(&Merchant::new(merchant().id().clone(), key)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Signature);
    let twice = || test_util::signed(&merchant(), &[("a", "1"), ("a", "2")]);
    assert!(std::panic::catch_unwind(twice).is_err());
}
