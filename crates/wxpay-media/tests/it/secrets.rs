//! What must never be printed.

use http::Response;
use wxpay_media::response;

use crate::pictures::{KEY, image, merchant};

#[test]
fn no_debug_shows_the_key_or_the_picture() {
    let builder = wxpay_media::ClientBuilder::from(merchant());
    let client = builder.clone().service(());
    for shown in [
        format!("{:?}", merchant()),
        format!("{builder:?}"),
        format!("{client:?}"),
    ] {
        assert!(!shown.contains(KEY), "{shown}");
    }
    let shown = format!("{:?}", image());
    assert!(
        shown.contains("licence.png") && !shown.contains("PNG\\r"),
        "{shown}"
    );
}

/// What is logged of a refused upload, at every level.
#[tokio::test]
async fn a_log_names_merchant_hash_and_code_and_holds_no_key() {
    use std::sync::{Arc, Mutex};

    let log = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&log);
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || Shared(Arc::clone(&writer)))
        .finish();
    let _guard = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);
    let refuses = tower::service_fn(async |_: http::Request<wxpay_media::UploadBody>| {
        let xml = "<xml><return_code>FAIL</return_code><err_code>SIGNERROR</err_code></xml>";
        Ok::<_, std::convert::Infallible>(Response::new(xml.to_owned()))
    });
    let client = wxpay_media::ClientBuilder::from(merchant()).service(refuses);
    client.upload(&image()).await.unwrap_err();

    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    let hash = format!("media_hash=\"{}\"", image().hash());
    for word in [
        "WARN",
        "upload{mch_id=\"1900000109\"",
        &hash,
        "err_code=\"SIGNERROR\"",
        "refused",
    ] {
        assert!(log.contains(word), "{word}: {log}");
    }
    assert!(!log.contains(KEY), "{log}");
}

struct Shared(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_error_shows_the_signature_that_would_have_been_right() {
    let fields = [
        ("return_code", "SUCCESS"),
        ("result_code", "SUCCESS"),
        ("media_id", "abc"),
    ];
    let params = wxpay_sign::Params::new(fields).unwrap();
    let key = wxpay_sign::ApiKey::new(KEY).unwrap();
    let right = params.sign(wxpay_sign::SignType::Md5, &key);
    let wrong = "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>\
                 <media_id>abc</media_id><sign>D675A1E471DBF7C0B1AC5883B5BDA9EF</sign></xml>";

    let error = response::media_id(&merchant(), &Response::new(wrong)).unwrap_err();

    let source = std::error::Error::source(&error).unwrap();
    for shown in [
        format!("{error}"),
        format!("{error:?}"),
        format!("{source}"),
    ] {
        assert!(
            !shown.contains(right.as_str()) && !shown.contains(KEY),
            "{shown}"
        );
    }
}
