//! Secrets are never printed.

use std::{convert::Infallible, fs};

use http::{Request, Response};
use tracing_subscriber::{filter::LevelFilter, util::SubscriberInitExt};
use wxpay_media::{ClientBuilder, SignType, UploadBody};

use crate::{
    pictures::{KEY, image, merchant},
    responses::{DONE, read, sign, xml},
};

#[test]
fn no_debug_shows_the_key_or_the_picture() {
    let builder = ClientBuilder::from(merchant());
    let client = builder.clone().service(());
    let shown = format!("{:?} {builder:?} {client:?}", merchant());
    assert!(!shown.contains(KEY), "{shown}");
    let shown = format!("{:?}", image());
    let is_picture_shown = shown.contains("PNG\\r");
    assert!(
        shown.contains("licence.png") && !is_picture_shown,
        "{shown}"
    );
}

#[tokio::test]
async fn a_log_has_the_merchant_the_hash_and_the_code_and_no_key() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(log.reopen().unwrap())
        .finish();
    let _guard = subscriber.set_default();
    let refuses = tower::service_fn(async |_: Request<UploadBody>| {
        let refusal = xml("return_code=FAIL|err_code=SIGNERROR");
        Ok::<_, Infallible>(Response::new(refusal))
    });
    let client = ClientBuilder::from(merchant()).service(refuses);
    client.upload(&image()).await.unwrap_err();

    let log = fs::read_to_string(log.path()).unwrap();
    let hash = format!("media_hash=\"{}\"", image().hash());
    let span = "upload{mch_id=\"1900000109\"";
    for word in ["WARN", span, &hash, "err_code=\"SIGNERROR\"", "refused"] {
        assert!(log.contains(word), "{word}: {log}");
    }
    assert!(!log.contains(KEY), "{log}");
}

#[test]
fn no_error_shows_the_right_signature() {
    let right = sign(DONE, SignType::Md5, KEY);
    let wrong = xml(&format!("{DONE}|sign=D675A1E471DBF7C0B1AC5883B5BDA9EF"));
    let error = read(wrong).unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    let shown = format!("{error} {error:?} {source}");
    assert!(!shown.contains(&right) && !shown.contains(KEY), "{shown}");
}
