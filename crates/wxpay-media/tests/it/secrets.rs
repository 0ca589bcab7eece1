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
