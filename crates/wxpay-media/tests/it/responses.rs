//! The response half: which successes are believed, and the error of every other response.

use http::{Response, StatusCode};
use proptest::prelude::*;
use wxpay_media::{ApiKey, Error, ErrorKind, MediaId, SignType, Signing, VerifyError, response};
use wxpay_sign::Params;

use crate::pictures::{KEY, merchant};

/// Of `name=value|name=value`.
fn pairs(fields: &str) -> impl Iterator<Item = (&str, &str)> {
    let fields = fields.split('|').filter(|field| !field.is_empty());
    fields.map(|field| field.split_once('=').unwrap())
}

pub(crate) fn xml(fields: &str) -> String {
    let fields = pairs(fields).map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>"));
    format!("<xml>{}</xml>", fields.collect::<String>())
}

pub(crate) fn sign(fields: &str, sign_type: SignType, key: &str) -> String {
    let params = Params::new(pairs(fields)).unwrap();
    params
        .sign(sign_type, &ApiKey::new(key).unwrap())
        .to_string()
}

pub(crate) fn signed(fields: &str, sign_type: SignType, key: &str) -> String {
    xml(&format!("{fields}|sign={}", sign(fields, sign_type, key)))
}

pub(crate) fn read(body: impl AsRef<[u8]>) -> Result<MediaId, Error> {
    response::media_id(&merchant(), &Response::new(body))
}

fn read_with_status(status: u16, body: &str) -> Error {
    let response = Response::builder().status(status).body(body).unwrap();
    response::media_id(&merchant(), &response).unwrap_err()
}

pub(crate) const DONE: &str = "return_code=SUCCESS|result_code=SUCCESS|media_id=abc-_";
pub(crate) const OTHER_KEY: &str = "00000000000000000000000000000000";

#[test]
fn a_success_is_signed_with_either_algorithm_over_all_fields() {
    let more = format!("{DONE}|new_field=x|Another=");
    for sign_type in [SignType::Md5, SignType::HmacSha256] {
        let response = signed(&more, sign_type, KEY);
        assert_eq!(read(&response).unwrap().as_str(), "abc-_");
        let changed = read(response.replace("[x]", "[y]")).unwrap_err();
        let is_mismatch = matches!(changed, Error::Signature(VerifyError::Mismatch { .. }));
        assert!(is_mismatch, "{changed:?}");
    }
}

#[test]
fn a_success_without_a_valid_signature_is_never_believed() {
    let wrong = "|sign=D675A1E471DBF7C0B1AC5883B5BDA9EF";
    for sign in ["", "|sign=", "|sign=D675A1E471DBF7C0", wrong] {
        let error = read(xml(&format!("{DONE}{sign}"))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Signature, "{sign}");
    }
    let error = read(signed(DONE, SignType::Md5, OTHER_KEY)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Signature);
    assert!(!error.is_retryable());
}

#[test]
fn the_strict_mode_takes_the_requests_algorithm_only() {
    let read = |signing, sign_type| {
        let merchant = merchant().signing(signing).strict_response_sign(true);
        response::media_id(&merchant, &Response::new(signed(DONE, sign_type, KEY)))
    };
    read(Signing::HmacSha256, SignType::HmacSha256).unwrap();
    read(Signing::Md5Unnamed, SignType::Md5).unwrap();
    let error = read(Signing::HmacSha256, SignType::Md5).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Signature);
}

#[test]
fn an_error_shows_the_beginning_of_a_body_that_is_no_response() {
    let declared = "<?xml version='1.0' encoding='GBK'?><a/>";
    for (body, told) in [
        ("<response><code>17</code></response>", "<response><code>17"),
        ("<xml><a>1</a><a>2</a></xml>", "<xml><a>1</a><a>2</a></xml>"),
        ("<xml><state>up</state></xml>", "<xml><state>up</state>"),
        ("<html><body onload=\"go('/portal')\">", "go('/portal')"),
        ("{\"code\": 3}", "{\"code\": 3}"),
        (declared, declared),
    ] {
        let error = read(body).unwrap_err();
        assert!(error.to_string().contains(told), "{told}: {error}");
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            assert!(!error.to_string().contains("convert"), "{error}");
            source = error.source();
        }
    }
    let gzip = read(b"\x1f\x8b\x08\0\0\0\0\0").unwrap_err().to_string();
    assert!(gzip.contains("compressed with gzip"), "{gzip}");
    let long = "<xml>\u{1b}]0;x\u{7}".to_owned() + &"y".repeat(50_000);
    let error = read(long).unwrap_err().to_string();
    assert!(
        error.len() < 300 && !error.chars().any(char::is_control),
        "{error}"
    );
}

#[test]
fn a_success_in_which_a_value_reads_as_another_field_is_not_believed() {
    // A signed refusal with a text of a stranger's choice, and the success that has the same
    // signature.
    let text = "x&media_id=evil&result_code=SUCCESS&return_code=SUCCESS&y=z";
    let refusal = format!("err_code_des={text}|result_code=FAIL|return_code=SUCCESS");
    let cut = "err_code_des=x|media_id=evil|result_code=SUCCESS|return_code=SUCCESS\
               |y=z&result_code=FAIL&return_code=SUCCESS";
    assert_eq!(
        sign(&refusal, SignType::Md5, KEY),
        sign(cut, SignType::Md5, KEY)
    );
    let error = read(signed(cut, SignType::Md5, KEY)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Signature, "{error}");
    assert!(error.to_string().contains("`y`"), "{error}");

    for (value, is_believed) in [
        ("R&D", true),
        ("a=b&c", true),
        ("a & b = c", true),
        ("&&=", true),
        ("a&b=c", false),
        ("&media_id=", false),
        ("?x=1&y=2", false),
    ] {
        let fields = format!("{DONE}|return_msg={value}");
        let read = read(signed(&fields, SignType::Md5, KEY));
        assert_eq!(read.is_ok(), is_believed, "{value}");
    }
}

#[test]
fn a_document_of_another_form_is_an_error() {
    for fields in [
        "",
        "return_code=OK",
        "return_code=success|result_code=SUCCESS",
        "return_code=SUCCESS",
        "return_code=SUCCESS|result_code=MAYBE",
    ] {
        let error = read(xml(fields)).unwrap_err();
        assert!(matches!(error, Error::Undocumented { .. }), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::Xml);
    }
    for media_id in ["", "|media_id="] {
        let fields = format!("return_code=SUCCESS|result_code=SUCCESS{media_id}");
        let error = read(signed(&fields, SignType::Md5, KEY)).unwrap_err();
        assert!(error.to_string().contains("no `media_id`"), "{error}");
        assert!(matches!(error, Error::Undocumented { .. }), "{error:?}");
    }
}

#[test]
fn a_page_is_an_error_of_its_own() {
    let nginx = |text| format!("<html>\r\n<head><title>400</title></head>\r\n<body>{text}</body>");
    for text in [
        "No required SSL certificate was sent",
        "The SSL certificate error",
    ] {
        let error = read_with_status(400, &nginx(text));
        assert_eq!(error.kind(), ErrorKind::Tls);
        assert!(error.to_string().contains(text), "{error}");
    }
    for (status, body) in [(400, nginx("Bad Request").as_str()), (404, "")] {
        assert_eq!(read_with_status(status, body).kind(), ErrorKind::Http);
    }
    let attack = "<?xml version=\"1.0\"?><!DOCTYPE xml [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>\
                  <xml><return_code>SUCCESS</return_code><media_id>&e;</media_id></xml>";
    for (body, kind) in [
        ("\n<!DOCTYPE HTML><p>log in", ErrorKind::Http),
        ("", ErrorKind::Http),
        ("hello", ErrorKind::Http),
        ("{\"errcode\":1}", ErrorKind::Http),
        ("<?xml version='1.0'?><!DOCTYPE html>", ErrorKind::Http),
        ("\u{feff}<!-- --> <head>", ErrorKind::Http),
        ("<xml><return_code>", ErrorKind::Xml),
        (attack, ErrorKind::Xml),
        ("<other/>", ErrorKind::Xml),
    ] {
        assert_eq!(read_with_status(200, body).kind(), kind, "{body}");
    }
    let busy = read_with_status(502, "<html><h1>502 Bad Gateway</h1></html>");
    assert_eq!((busy.kind(), busy.is_retryable()), (ErrorKind::Http, true));
    assert!(busy.to_string().contains("502 Bad Gateway"), "{busy}");
    let slow = read_with_status(429, "slow");
    assert_eq!(
        (slow.is_retryable(), slow.advice()),
        (true, "try again later")
    );
    assert!(!read_with_status(302, "").is_retryable());
    let long = read_with_status(500, &"<p>很长</p>\x07\n".repeat(10_000)).to_string();
    assert!(
        long.chars().count() < 250 && !long.chars().any(char::is_control),
        "{long}"
    );
}

#[test]
fn a_redirect_is_an_error_with_its_target() {
    let read = |status: u16, to: &str| {
        let response = Response::builder().status(status).header("location", to);
        let response = response.body("a page").unwrap();
        response::media_id(&merchant(), &response).unwrap_err()
    };
    for (status, to) in [(302, "https://portal.example/login"), (307, "/a\u{e9}")] {
        let error = read(status, to);
        let told = format!("a redirect to {to}");
        assert!(error.to_string().contains(&told), "{error}");
        assert!(error.advice().contains("redirect"));
    }
    let error = read(200, "/x");
    assert!(!error.to_string().contains("redirect"), "{error}");
}

#[test]
fn a_success_with_another_status_is_an_error() {
    let body = signed(DONE, SignType::Md5, KEY);
    let error = read_with_status(StatusCode::BAD_GATEWAY.into(), &body);
    assert_eq!(error.kind(), ErrorKind::Http);
    let body = xml("return_code=FAIL|err_code=INVALID_REQUEST");
    let error = read_with_status(StatusCode::NOT_FOUND.into(), &body);
    assert_eq!(error.kind(), ErrorKind::Gateway);
}

proptest! {
    #[test]
    fn no_changed_byte_of_a_success_yields_another_id(at in 0..200_usize, to in any::<u8>()) {
        let mut body = signed(DONE, SignType::HmacSha256, KEY).into_bytes();
        let at = at % body.len();
        body[at] = to;
        if let Ok(id) = read(&body) {
            prop_assert_eq!(id.as_str(), "abc-_");
        }
    }
}
