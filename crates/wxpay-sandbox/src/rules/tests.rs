//! The rules without a socket: many forms for each.

use http::Request;
use proptest::{collection::vec, prelude::*, sample::Index};
use wxpay_sign::{ContentMd5, Params};
use wxpay_xml::Fields;

use super::*;
use crate::{
    fixture::{Form, MCH_ID, PATH, key, request},
    fuzzing,
    request::End,
    response::respond,
};

/// The merchant's call with this body.
fn evaluated(body: Vec<u8>, end: End) -> Evaluation {
    let status = ClientCertStatus::Accepted(Some(MCH_ID.to_owned()));
    evaluate(&fuzzing::call(request(body), end, status), MCH_ID, &key())
}

/// The error, and whether the response is signed; none for a call that is accepted.
fn error(evaluation: &Evaluation) -> Option<(ApiError, bool)> {
    match &evaluation.result {
        CallResult::Refused { error, signed, .. } => Some((*error, signed.is_some())),
        _ => None,
    }
}

fn error_of(form: &Form) -> Option<(ApiError, bool)> {
    error(&evaluated(form.bytes(), End::Whole))
}

/// A form in which the first of these bytes are replaced.
fn edited(what: &str, by: &[u8]) -> Vec<u8> {
    let mut form = Form::signed(&[]).bytes();
    let at = crate::request::form::find(&form, what.as_bytes()).unwrap();
    form.splice(at..at + what.len(), by.iter().copied());
    form
}

#[test]
fn a_field_that_is_missing_empty_or_repeated_is_refused() {
    let signed = || Form::signed(&[("further", "1")]);
    for name in ["mch_id", "media", "media_hash", "sign", "further"] {
        let (mut missing, mut repeated) = (signed(), signed());
        missing.parts.retain(|part| part.0 != name);
        let again = repeated.part(name).clone();
        repeated.parts.push(again);
        assert_eq!(error_of(&repeated), Some((PARAMETER, false)), "{name}");
        if name != "further" {
            assert_eq!(error_of(&missing), Some((PARAMETER, false)), "{name}");
            let empty = signed().with(name, "");
            assert_eq!(error_of(&empty), Some((PARAMETER, false)), "{name}");
        }
    }
}

#[test]
fn each_wrong_value_breaks_its_rule() {
    let hash = ContentMd5::of(crate::fixture::PICTURE).to_string();
    let hmac = || Form::signed(&[("sign_type", "HMAC-SHA256"), ("further", "店")]);
    let sign = String::from_utf8(hmac().part("sign").2.clone()).unwrap();
    let large = [b"\xff\xd8\xff\xe0".as_slice(), &[0; 2 * 1024 * 1024]].concat();
    #[rustfmt::skip] // a row a line
    let rows: [(&str, &[u8], ApiError, bool); 20] = [
        ("mch_id", b"1900000109\n", PARAMETER, false),
        ("mch_id", b"19000-0109", PARAMETER, false),
        ("mch_id", &[b'1'; 33], PARAMETER, false),
        ("media_hash", &hash.to_uppercase().into_bytes(), PARAMETER, false),
        ("media_hash", &hash.as_bytes()[..31], PARAMETER, false),
        ("sign", &[b'A'; 65], PARAMETER, false),
        ("sign_type", b"HMAC-SHA-256", PARAMETER, false),
        ("further", "\u{1f600}".as_bytes(), PARAMETER, false),
        ("further", b"\xff", PARAMETER, false),
        ("mch_id", b"1900000110", MERCHANT, false),
        ("further", "铺".as_bytes(), SIGNATURE, false),
        ("sign_type", b"MD5", SIGNATURE, false),
        ("sign", &sign.to_lowercase().into_bytes(), SIGNATURE, false),
        ("sign", &sign.as_bytes()[..63], SIGNATURE, false),
        ("sign", b"A", SIGNATURE, false),
        ("media", b"BMW is a car", PICTURE, true),
        ("media", &large[..2 * 1024 * 1024], PICTURE, true),
        ("media", &large[..2 * 1024 * 1024 - 1], PICTURE, true),
        ("media", b"https://example.com/shop.png", PICTURE, true),
        ("media", b"\xff\xd8\xff\xe0 another", PICTURE, true),
    ];
    for (name, value, expected, is_signed) in rows {
        let evaluation = evaluated(hmac().with(name, value).bytes(), End::Whole);
        let shown = value.escape_ascii();
        assert_eq!(
            error(&evaluation),
            Some((expected, is_signed)),
            "{name} {shown:.40}"
        );
    }
    let mut unsigned = Form::signed(&[]);
    unsigned.parts.push(("more".into(), None, "1".into()));
    assert_eq!(error_of(&unsigned), Some((SIGNATURE, false)));
}

#[test]
fn an_unknown_sign_type_is_md5() {
    for (more, sign_type) in [
        (&[][..], SignType::Md5),
        (&[("sign_type", "MD5")], SignType::Md5),
        (&[("sign_type", "")], SignType::Md5),
        (&[("sign_type", "sha1"), ("further", "=&")], SignType::Md5),
        (&[("sign_type", "HMAC-SHA256")], SignType::HmacSha256),
    ] {
        let evaluation = evaluated(Form::signed(more).bytes(), End::Whole);
        assert_eq!(
            evaluation.result,
            CallResult::Accepted(sign_type),
            "{more:?}"
        );
    }
}

#[test]
fn file_names_are_utf8_of_the_basic_plane_and_short() {
    let with_name = |name: Option<&str>| {
        let mut form = Form::signed(&[]);
        form.part("media").1 = name.map(str::to_owned);
        error_of(&form)
    };
    for accepted in ["x", "店铺.jpg", "no extension", &"名".repeat(256)] {
        assert_eq!(with_name(Some(accepted)), None, "{accepted}");
    }
    for wrong in ["\u{1f600}.jpg", &"n".repeat(257)] {
        assert_eq!(with_name(Some(wrong)), Some((PARAMETER, false)), "{wrong}");
    }
    // A text field, as in the forum threads where `media` is a URL.
    for none in [None, Some("")] {
        assert_eq!(with_name(none), Some((PICTURE, true)));
    }
    for name in [&b"\xb5\xea\xc6\xcc.jpg"[..], b"fa\xe7ade.jpg", b"\xa5\x5c"] {
        let evaluation = evaluated(edited("shop.jpg", name), End::Whole);
        let media = evaluation.form.part("media").unwrap();
        assert!(media.file_name.is_some(), "{name:?}");
        assert_eq!(error(&evaluation), Some((PARAMETER, false)));
    }
}

#[test]
fn a_call_needs_its_merchants_certificate() {
    for (status, expected) in [
        (ClientCertStatus::Missing, CERTIFICATE),
        (ClientCertStatus::Refused("it has expired"), CERTIFICATE),
        (ClientCertStatus::Accepted(None), MERCHANT),
        (
            ClientCertStatus::Accepted(Some("1900000110".into())),
            MERCHANT,
        ),
    ] {
        let call = fuzzing::call(request(Form::signed(&[]).bytes()), End::Whole, status);
        let evaluation = evaluate(&call, MCH_ID, &key());
        assert_eq!(error(&evaluation), Some((expected, false)));
    }
}

#[test]
fn forms_that_are_cut_short_are_refused() {
    let bytes = Form::signed(&[]).bytes();
    for length in 0..bytes.len() - 2 {
        let cut = evaluated(bytes[..length].to_vec(), End::Whole);
        assert_eq!(error(&cut), Some((FORM, false)), "{length}");
    }
    assert_eq!(error(&evaluated(bytes, End::Cut)), Some((FORM, false)));
}

#[test]
fn forms_that_are_too_large_are_the_pictures_fault() {
    let too_large = |form: &[u8]| error(&evaluated(form.to_vec(), End::TooLarge));
    let (last, mut first) = (Form::signed(&[]).bytes(), Form::signed(&[]));
    // The fields came before the picture: the call is understood, and the response signed.
    assert_eq!(too_large(&last[..last.len() - 20]), Some((PICTURE, true)));
    let wrong = Form::signed(&[]).with("sign", "A").bytes();
    assert_eq!(
        too_large(&wrong[..wrong.len() - 20]),
        Some((SIGNATURE, false))
    );
    // In any order, and wherever reading ended.
    first.parts.reverse();
    for form in [last, first.bytes()] {
        for length in 0..=form.len() {
            let found = too_large(&form[..length]).unwrap();
            assert_eq!(found.0, PICTURE, "{length}");
        }
    }
}

#[test]
fn a_hostile_form_takes_no_time() {
    for piece in [
        "--edge\n",
        "--edge\r\n",
        "\r\n--edge\r\nX: y\r\n",
        "--edge --edge",
    ] {
        let bytes = piece.repeat((4 << 20) / piece.len()).into_bytes();
        let evaluation = evaluated(bytes, End::Whole);
        assert_eq!(error(&evaluation), Some((FORM, false)), "{piece:?}");
    }
}

proptest! {
    #[test]
    fn the_order_of_the_fields_does_not_matter(
        form in Just(Form::signed(&[("sign_type", "HMAC-SHA256"), ("further", "1")]).parts)
            .prop_shuffle()
            .prop_map(|parts| Form { parts }),
    ) {
        prop_assert_eq!(error_of(&form), None);
    }

    /// Bytes that are rubbish, under a header that is rubbish.
    #[test]
    fn rubbish_is_answered(
        method in prop_oneof![4 => Just("POST"), 1 => Just("GET")],
        path in prop_oneof![4 => Just(PATH.to_owned()), 1 => "/[a-z/]*"],
        content_type in prop_oneof![
            4 => Just(b"multipart/form-data; boundary=edge".to_vec()),
            1 => "multipart/form-data; *boundary=[^\u{0}]{0,9}".prop_map(String::into_bytes),
            1 => vec(any::<u8>(), 0..40),
        ],
        bytes in vec(any::<u8>(), 0..400),
        end in prop_oneof![Just(End::Whole), Just(End::TooLarge), Just(End::Cut)],
    ) {
        let mut request = Request::builder().method(method).uri(path);
        if let Ok(value) = http::HeaderValue::from_bytes(&content_type) {
            request = request.header(CONTENT_TYPE, value);
        }
        if let Ok(request) = request.body(bytes.into()) {
            assert_response(request, end);
        }
    }

    /// A good form in which bytes were changed, taken out and put in.
    #[test]
    fn a_spoilt_form_is_answered(
        changes in vec((any::<Index>(), 0..3_u8, any::<u8>()), 1..6),
        end in prop_oneof![8 => Just(End::Whole), 1 => Just(End::TooLarge)],
    ) {
        let mut bytes = Form::signed(&[("further", "1")]).bytes();
        for (at, change, byte) in changes {
            let at = at.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
        }
        assert_response(request(bytes), end);
    }
}

/// The response is a document in one of the documented forms, and signed where it must be.
fn assert_response(request: Request<Bytes>, end: End) {
    let status = ClientCertStatus::Accepted(Some(MCH_ID.to_owned()));
    let evaluation = evaluate(&fuzzing::call(request, end, status), MCH_ID, &key());
    let response = respond(&evaluation, None, &key()).unwrap();
    let fields = Fields::parse(response.body.as_bytes()).unwrap();
    let names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
    let expected = match (fields.get("return_code"), fields.get("result_code")) {
        (Some("FAIL"), None) => {
            assert!((1..=128).contains(&fields.get("return_msg").unwrap().len()));
            "return_code return_msg err_code err_code_des"
        }
        (Some("SUCCESS"), Some("FAIL")) => {
            "return_code return_msg result_code err_code err_code_des sign"
        }
        (Some("SUCCESS"), Some("SUCCESS")) => "return_code return_msg result_code media_id sign",
        other => panic!("{other:?}"),
    };
    assert_eq!(names.join(" "), expected);
    if names.contains(&"sign") {
        Params::new(fields.iter()).unwrap().verify(&key()).unwrap();
    }
}
