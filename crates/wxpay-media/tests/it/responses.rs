//! The response half: what is believed, what is not, and what each refusal is called.

use http::{Response, StatusCode};
use proptest::prelude::*;
use wxpay_media::{ApiKey, Error, ErrorKind, MediaId, SignType, Signing, VerifyError, response};
use wxpay_sign::Params;

use crate::pictures::{KEY, merchant};

pub(crate) fn xml(fields: &[(&str, &str)]) -> String {
    let fields = fields
        .iter()
        .map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>"));
    format!("<xml>{}</xml>", fields.collect::<String>())
}

pub(crate) fn signed(fields: &[(&str, &str)], sign_type: SignType, key: &str) -> String {
    let key = ApiKey::new(key).unwrap();
    let sign = Params::new(fields.iter().copied())
        .unwrap()
        .sign(sign_type, &key);
    xml(&[fields, &[("sign", sign.as_str())]].concat())
}

pub(crate) fn read(body: impl AsRef<[u8]>) -> Result<MediaId, Error> {
    response::media_id(&merchant(), &Response::new(body))
}

pub(crate) const DONE: &[(&str, &str)] = &[
    ("return_code", "SUCCESS"),
    ("result_code", "SUCCESS"),
    ("media_id", "abc-_"),
];
pub(crate) const OTHER_KEY: &str = "00000000000000000000000000000000";

#[test]
fn a_success_signed_with_either_algorithm_is_believed() {
    for sign_type in [SignType::Md5, SignType::HmacSha256] {
        assert_eq!(
            read(signed(DONE, sign_type, KEY)).unwrap().as_str(),
            "abc-_"
        );
    }
}

#[test]
fn fields_that_nobody_knows_yet_are_part_of_the_signature() {
    let more = [DONE, &[("new_field", "x"), ("Another", "")]].concat();
    let reply = signed(&more, SignType::Md5, KEY);
    read(&reply).unwrap();
    let changed = read(reply.replace("[x]", "[y]")).unwrap_err();
    assert!(
        matches!(changed, Error::Signature(VerifyError::Mismatch { .. })),
        "{changed:?}"
    );
}

#[test]
fn a_success_without_a_valid_signature_is_never_believed() {
    for (sign, expected) in [
        (None, ErrorKind::Signature),
        (Some(""), ErrorKind::Signature),
        (Some("D675A1E471DBF7C0"), ErrorKind::Signature),
        (
            Some("D675A1E471DBF7C0B1AC5883B5BDA9EF"),
            ErrorKind::Signature,
        ),
    ] {
        let mut fields = DONE.to_vec();
        fields.extend(sign.map(|sign| ("sign", sign)));
        assert_eq!(read(xml(&fields)).unwrap_err().kind(), expected, "{sign:?}");
    }
    let error = read(signed(DONE, SignType::Md5, OTHER_KEY)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Signature);
    assert!(!error.is_retryable());
}

#[test]
fn the_strict_mode_insists_on_the_requests_algorithm() {
    let read = |signing, sign_type| {
        let merchant = merchant().signing(signing).strict_response_sign(true);
        let body = signed(DONE, sign_type, KEY);
        response::media_id(&merchant, &Response::new(body))
    };
    read(Signing::HmacSha256, SignType::HmacSha256).unwrap();
    read(Signing::Md5Unnamed, SignType::Md5).unwrap();
    let error = read(Signing::HmacSha256, SignType::Md5).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Signature);
}

#[test]
fn what_is_no_reply_is_shown_by_its_beginning() {
    for (body, told) in [
        (
            b"<response><code>17</code></response>".as_slice(),
            "<response><code>17</code>",
        ),
        (
            b"<xml><a>1</a><a>2</a></xml>",
            "<xml><a>1</a><a>2</a></xml>",
        ),
        (
            b"<xml><state>up</state></xml>",
            "<xml><state>up</state></xml>",
        ),
        (
            b"<html><body onload=\"go('/portal')\"></body></html>",
            "go('/portal')",
        ),
        (b"{\"code\": 3}", "{\"code\": 3}"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "compressed with gzip"),
        (
            b"<?xml version='1.0' encoding='GBK'?><a/>",
            "<?xml version='1.0' encoding='GBK'?>",
        ),
    ] {
        let error = read(body).unwrap_err();
        assert!(error.to_string().contains(told), "{told}: {error}");
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            assert!(!error.to_string().contains("convert"), "{error}");
            source = error.source();
        }
    }
    let long = "<xml>\u{1b}]0;x\u{7}".to_owned() + &"y".repeat(50_000);
    let error = read(long).unwrap_err().to_string();
    assert!(
        error.len() < 300 && !error.chars().any(char::is_control),
        "{error}"
    );
}

#[test]
fn a_success_in_which_a_value_reads_as_another_field_is_not_believed() {
    // What a signed refusal with a text of a stranger's choice can be cut into.
    let refusal = [
        (
            "err_code_des",
            "x&media_id=evil&result_code=SUCCESS&return_code=SUCCESS&y=z",
        ),
        ("result_code", "FAIL"),
        ("return_code", "SUCCESS"),
    ];
    let cut = [
        ("err_code_des", "x"),
        ("media_id", "evil"),
        ("result_code", "SUCCESS"),
        ("return_code", "SUCCESS"),
        ("y", "z&result_code=FAIL&return_code=SUCCESS"),
    ];
    let key = ApiKey::new(KEY).unwrap();
    let sign = |fields: &[(&'static str, &'static str)]| {
        Params::new(fields.iter().copied())
            .unwrap()
            .sign(SignType::Md5, &key)
    };
    assert_eq!(sign(&refusal).as_str(), sign(&cut).as_str());
    let body = xml(&[&cut[..], &[("sign", sign(&cut).as_str())]].concat());
    let error = read(body).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Signature, "{error}");
    assert!(error.to_string().contains("`y`"), "{error}");

    for (value, believed) in [
        ("R&D", true),
        ("a=b&c", true),
        ("a & b = c", true),
        ("&&=", true),
        ("a&b=c", false),
        ("&media_id=", false),
        ("?x=1&y=2", false),
    ] {
        let fields = [DONE, &[("return_msg", value)]].concat();
        let read = read(signed(&fields, SignType::Md5, KEY));
        assert_eq!(read.is_ok(), believed, "{value}");
    }
}

#[test]
fn a_document_that_is_no_reply_of_this_api_is_not_guessed_at() {
    for fields in [
        &[][..],
        &[("return_code", "OK")],
        &[("return_code", "success"), ("result_code", "SUCCESS")],
        &[("return_code", "SUCCESS")],
        &[("return_code", "SUCCESS"), ("result_code", "MAYBE")],
    ] {
        let error = read(xml(fields)).unwrap_err();
        assert!(matches!(error, Error::Undocumented { .. }), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::Xml);
    }
    let nothing = &[
        ("return_code", "SUCCESS"),
        ("result_code", "SUCCESS"),
        ("media_id", ""),
    ];
    for fields in [&nothing[..], &nothing[..2]] {
        let error = read(signed(fields, SignType::Md5, KEY)).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Undocumented {
                    field: "media_id",
                    ..
                }
            ),
            "{error:?}"
        );
    }
}

#[test]
fn an_external_entity_is_refused_as_xml() {
    let attack = "<?xml version=\"1.0\"?><!DOCTYPE xml [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>\
                  <xml><return_code>SUCCESS</return_code><media_id>&e;</media_id></xml>";
    let error = read(attack).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Xml);
}

#[test]
fn pages_are_told_from_replies() {
    let page = |status: u16, body: &str| {
        let page = Response::builder().status(status).body(body).unwrap();
        response::media_id(&merchant(), &page).unwrap_err()
    };
    let nginx = |text| format!("<html>\r\n<head><title>400</title></head>\r\n<body>{text}</body>");
    for text in [
        "No required SSL certificate was sent",
        "The SSL certificate error",
    ] {
        let error = page(400, &nginx(text));
        assert_eq!(error.kind(), ErrorKind::Tls);
        assert!(error.to_string().contains(text), "{error}");
    }
    assert_eq!(page(400, &nginx("Bad Request")).kind(), ErrorKind::Http);
    let busy = page(502, "<html><h1>502 Bad Gateway</h1></html>");
    assert_eq!((busy.kind(), busy.is_retryable()), (ErrorKind::Http, true));
    assert!(busy.to_string().contains("502 Bad Gateway"), "{busy}");
    assert_eq!(
        page(200, "\n<!DOCTYPE HTML><p>log in").kind(),
        ErrorKind::Http
    );
    for body in [
        "",
        "hello",
        "{\"errcode\":1}",
        "<?xml version='1.0'?><!DOCTYPE html><p>",
        "\u{feff}<!-- --> <head>",
    ] {
        assert_eq!(page(200, body).kind(), ErrorKind::Http, "{body}");
    }
    for body in [
        "<xml><return_code>",
        "<!DOCTYPE foo [<!ENTITY e SYSTEM 'f'>]><xml/>",
        "<other/>",
    ] {
        assert_eq!(page(200, body).kind(), ErrorKind::Xml, "{body}");
    }
    assert_eq!(page(404, "").kind(), ErrorKind::Http);
    let slow = page(429, "slow");
    assert_eq!(
        (slow.is_retryable(), slow.advice()),
        (true, "try again later")
    );
    assert!(!page(302, "").is_retryable());
    let long = page(500, &"<p>很长</p>\x07\n".repeat(10_000)).to_string();
    assert!(
        long.chars().count() < 250 && !long.chars().any(char::is_control),
        "{long}"
    );
}

#[test]
fn a_redirect_is_not_followed_and_says_where_it_leads() {
    for (status, to) in [(302, "https://portal.example/login"), (307, "/a\u{e9}")] {
        let reply = Response::builder()
            .status(status)
            .header("location", to)
            .body("")
            .unwrap();
        let error = response::media_id(&merchant(), &reply).unwrap_err();
        assert!(
            error.to_string().contains(&format!("a redirect to {to}")),
            "{error}"
        );
        assert!(error.advice().contains("redirect"));
    }
    let reply = Response::builder()
        .header("location", "/x")
        .body("a page")
        .unwrap();
    let error = response::media_id(&merchant(), &reply).unwrap_err();
    assert!(!error.to_string().contains("redirect"), "{error}");
}

#[test]
fn a_status_that_is_no_success_brings_no_media_id() {
    let with_status = |status, body| {
        let reply = Response::builder().status(status).body(body).unwrap();
        response::media_id(&merchant(), &reply).unwrap_err()
    };
    let body = signed(DONE, SignType::Md5, KEY);
    let error = with_status(StatusCode::BAD_GATEWAY, body);
    assert_eq!(error.kind(), ErrorKind::Http);
    let body = xml(&[("return_code", "FAIL"), ("err_code", "INVALID_REQUEST")]);
    let error = with_status(StatusCode::NOT_FOUND, body);
    assert_eq!(error.kind(), ErrorKind::Gateway);
}

proptest! {
    #[test]
    fn nothing_unsigned_is_a_success(body in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&body).is_err());
    }

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
