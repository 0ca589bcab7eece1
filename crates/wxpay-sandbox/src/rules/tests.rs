//! The rules one by one, without a socket.

mod fixture;
mod responses;

use proptest::prelude::*;
use wxpay_sign::{ContentMd5, SignType};

use super::*;
use crate::request::{End, client_certificate::ClientCertStatus};
use fixture::{EDGE, Form, PICTURE, call, client, refused, result, result_of};

#[test]
fn a_field_that_is_missing_empty_or_repeated_is_refused() {
    for name in ["mch_id", "media", "media_hash", "sign"] {
        let mut missing = Form::signed(&[]);
        missing.parts.retain(|part| part.0 != name);
        let empty = Form::signed(&[]).with(name, "");
        let mut repeated = Form::signed(&[]);
        let again = repeated.part(name).clone();
        repeated.parts.push(again);
        for form in [missing, empty, repeated] {
            assert_eq!(refused(&form.evaluated()), (PARAMETER, false), "{form:?}");
        }
    }
    let mut form = Form::signed(&[("further", "1")]);
    form.parts.push(("further".into(), None, "".into()));
    assert_eq!(refused(&form.evaluated()), (PARAMETER, false));
}

#[test]
fn values_of_a_wrong_form_are_refused() {
    let hash = ContentMd5::of(PICTURE).to_string();
    for (name, value) in [
        ("mch_id", "1900000109\n"),
        ("mch_id", "19000-0109"),
        ("mch_id", &"1".repeat(33)),
        ("media_hash", &hash.to_uppercase()),
        ("media_hash", &hash[..31]),
        ("sign", &"A".repeat(65)),
        ("sign_type", "HMAC-SHA-256"),
        ("further", "\u{1f600}"),
    ] {
        let form = Form::signed(&[("sign_type", "MD5"), ("further", "1")]).with(name, value);
        assert_eq!(
            refused(&form.evaluated()),
            (PARAMETER, false),
            "{name} {value}"
        );
    }
    let mut form = Form::signed(&[("further", "1")]);
    form.part("further").2 = b"\xff".into();
    assert_eq!(refused(&form.evaluated()), (PARAMETER, false));
}

#[test]
fn file_names_are_utf8_of_the_basic_plane_and_short() {
    let evaluated = |name: Option<&str>| {
        let mut form = Form::signed(&[]);
        form.part("media").1 = name.map(str::to_owned);
        form.evaluated()
    };
    for taken in ["x", "店铺.jpg", "no extension", &"名".repeat(256)] {
        assert_eq!(
            evaluated(Some(taken)),
            CallResult::Accepted(SignType::Md5),
            "{taken}"
        );
    }
    for wrong in ["\u{1f600}.jpg", &"n".repeat(257)] {
        assert_eq!(
            refused(&evaluated(Some(wrong))),
            (PARAMETER, false),
            "{wrong}"
        );
    }
    // A text field, as in the forum threads where `media` is a URL.
    assert_eq!(refused(&evaluated(None)), (super::PICTURE, true));
    assert_eq!(refused(&evaluated(Some(""))), (super::PICTURE, true));

    let bytes = Form::signed(&[]).bytes();
    let at = bytes
        .windows(4)
        .position(|window| window == b"shop")
        .unwrap();
    let mut not_utf8 = bytes;
    not_utf8[at] = 0xff;
    assert_eq!(refused(&result(not_utf8, End::Whole)), (PARAMETER, false));
}

#[test]
fn a_call_is_its_merchants() {
    let form = Form::signed(&[]).with("mch_id", "1900000110");
    assert_eq!(refused(&form.evaluated()), (MERCHANT, false));

    for (status, error) in [
        (ClientCertStatus::Missing, CERTIFICATE),
        (ClientCertStatus::Refused("it has expired"), CERTIFICATE),
        (ClientCertStatus::Accepted(None), MERCHANT),
        (
            ClientCertStatus::Accepted(Some("1900000110".into())),
            MERCHANT,
        ),
    ] {
        let mut call = call(EDGE, Form::signed(&[]).bytes(), End::Whole);
        call.client = client(status.clone());
        assert_eq!(refused(&result_of(&call)), (error, false), "{status:?}");
    }
}

#[test]
fn the_signature_is_of_the_named_algorithm_and_over_every_text_field() {
    for more in [
        &[][..],
        &[("sign_type", "MD5")],
        &[("sign_type", "")],
        &[("sign_type", "sha1"), ("further", "=&")],
    ] {
        assert_eq!(
            Form::signed(more).evaluated(),
            CallResult::Accepted(SignType::Md5),
            "{more:?}"
        );
    }
    let hmac = Form::signed(&[("sign_type", "HMAC-SHA256"), ("further", "店")]);
    assert_eq!(hmac.evaluated(), CallResult::Accepted(SignType::HmacSha256));

    let sign = String::from_utf8(hmac.clone().part("sign").2.clone()).unwrap();
    for wrong in [
        hmac.clone().with("further", "铺"),
        hmac.clone().with("sign_type", "MD5"),
        hmac.clone().with("sign", &sign.to_lowercase()),
        hmac.clone().with("sign", &sign[..63]),
        hmac.clone().with("sign", "A"),
    ] {
        assert_eq!(refused(&wrong.evaluated()), (SIGNATURE, false), "{wrong:?}");
    }
    let mut unsigned = Form::signed(&[]);
    unsigned.parts.push(("more".into(), None, "1".into()));
    assert_eq!(refused(&unsigned.evaluated()), (SIGNATURE, false));
}

#[test]
fn a_large_picture_and_a_wrong_hash_are_refused_in_signed_responses() {
    let other = |bytes: Vec<u8>| {
        let mut form = Form::signed(&[("sign_type", "HMAC-SHA256")]);
        form.part("media").2 = bytes;
        match form.evaluated() {
            CallResult::Refused {
                error: super::PICTURE,
                message,
                signed: Some(SignType::HmacSha256),
            } => message,
            result => panic!("{result}"),
        }
    };
    let mut large = PICTURE.to_vec();
    large.resize(2 * 1024 * 1024, 0);
    let too_large = other(large.clone());
    large.pop();
    let wrong_hash = other(large);
    assert_ne!(too_large, wrong_hash);
    assert_eq!(other(b"BMW is a car".to_vec()), too_large);
}

#[test]
fn forms_that_are_cut_short_are_refused() {
    let bytes = Form::signed(&[]).bytes();
    for length in 0..bytes.len() - 2 {
        let cut = bytes[..length].to_vec();
        assert_eq!(refused(&result(cut, End::Whole)), (FORM, false), "{length}");
    }
    assert_eq!(refused(&result(bytes, End::Cut)), (FORM, false));
}

#[test]
fn forms_that_are_too_large_are_the_pictures_fault() {
    let last = Form::signed(&[]).bytes();
    let in_media = last.len() - 20;
    // The fields came before the picture: the call is understood, and the reply signed.
    assert_eq!(
        refused(&result(last[..in_media].to_vec(), End::TooLarge)),
        (super::PICTURE, true)
    );
    let wrong = Form::signed(&[]).with("sign", "A").bytes();
    assert_eq!(
        refused(&result(wrong[..wrong.len() - 20].to_vec(), End::TooLarge)).0,
        SIGNATURE
    );

    // Wherever reading ended, and in whatever order, it is the picture's fault.
    let mut first = Form::signed(&[]);
    first.parts.reverse();
    for form in [last, first.bytes()] {
        for length in 0..=form.len() {
            let result = result(form[..length].to_vec(), End::TooLarge);
            assert_eq!(refused(&result).0, super::PICTURE, "{length}");
        }
    }
}

proptest! {
    #[test]
    fn the_order_of_the_fields_does_not_matter(
        form in Just(Form::signed(&[("sign_type", "HMAC-SHA256"), ("further", "1")]).parts)
            .prop_shuffle()
            .prop_map(|parts| Form { parts }),
    ) {
        prop_assert_eq!(form.evaluated(), CallResult::Accepted(SignType::HmacSha256));
    }
}

#[test]
fn a_name_that_is_not_utf8_is_still_a_name() {
    for name in [&b"\xb5\xea\xc6\xcc.jpg"[..], b"fa\xe7ade.jpg", b"\xa5\x5c"] {
        let mut form = Form::signed(&[]).bytes();
        let at = form.windows(8).position(|it| it == b"shop.jpg").unwrap();
        form.splice(at..at + 8, name.iter().copied());
        let evaluation = evaluate(&call(EDGE, form, End::Whole), "1900000109", &fixture::key());
        let media = evaluation.form.part("media").unwrap();
        assert!(media.file_name.is_some(), "{name:?}");
        assert_eq!(refused(&evaluation.result), (PARAMETER, false));
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
        assert_eq!(
            refused(&result(bytes, End::Whole)),
            (FORM, false),
            "{piece:?}"
        );
    }
}

#[test]
fn a_form_that_cannot_be_read_is_refused_for_the_true_reason() {
    let form = String::from_utf8(Form::signed(&[]).bytes())
        .unwrap_err()
        .into_bytes();
    let edited = |what: &str, by: &str| {
        let at = form
            .windows(what.len())
            .position(|it| it == what.as_bytes())
            .unwrap();
        let mut edited = form.clone();
        edited.splice(at..at + what.len(), by.bytes());
        edited
    };
    for (body, why) in [
        (
            edited("Content-Disposition: form-data; name=\"sign\"\r\n", ""),
            "a part has no Content-Disposition",
        ),
        (
            edited("; name=\"sign\"", ""),
            "the Content-Disposition of a part has no name",
        ),
        (
            edited("; name=\"sign\"", ";\r\n name=\"sign\""),
            "a header of a part is folded over two lines",
        ),
        (
            edited("\"sign\"\r\n", "\"sign\"\nX: y\r\n"),
            "a line of the form ends with LF alone",
        ),
    ] {
        match result(body, End::Whole) {
            CallResult::Refused { error, message, .. } => {
                assert_eq!((error, &*message), (FORM, why));
            }
            result => panic!("{why}: {result}"),
        }
    }
    for accepted in [
        [b"\r\n", &*form].concat(),
        [b"a preamble\r\n", &*form].concat(),
        edited("--edge\r\n", "--edge \t\r\n"),
    ] {
        assert_eq!(
            result(accepted, End::Whole),
            CallResult::Accepted(SignType::Md5)
        );
    }
}
