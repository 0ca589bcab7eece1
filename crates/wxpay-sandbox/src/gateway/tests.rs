//! The rules one by one, without a socket.

mod fixture;
mod replies;

use http::Method;
use proptest::prelude::*;
use wxpay_sign::{ContentMd5, SignType};

use super::{Call, Verdict, refusal::Rule};
use crate::{
    client_certificate::ClientCertificate,
    gateway::{Body, End},
};
use fixture::{Form, PATH, PICTURE, gateway, judge, media_id, of_type, refused};

#[test]
fn a_field_that_is_missing_empty_or_repeated() {
    for name in ["mch_id", "media", "media_hash", "sign"] {
        let mut missing = Form::signed(&[]);
        missing.parts.retain(|part| part.0 != name);
        let empty = Form::signed(&[]).with(name, "");
        let mut repeated = Form::signed(&[]);
        let again = repeated.part(name).clone();
        repeated.parts.push(again);
        for form in [missing, empty, repeated] {
            assert_eq!(
                refused(&form.judged()),
                (Rule::Parameter, false),
                "{form:?}"
            );
        }
    }
    let mut form = Form::signed(&[("further", "1")]);
    form.parts.push(("further".into(), None, "".into()));
    assert_eq!(refused(&form.judged()), (Rule::Parameter, false));
}

#[test]
fn formats() {
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
            refused(&form.judged()),
            (Rule::Parameter, false),
            "{name} {value}"
        );
    }
    let mut form = Form::signed(&[("further", "1")]);
    form.part("further").2 = b"\xff".into();
    assert_eq!(refused(&form.judged()), (Rule::Parameter, false));
}

#[test]
fn file_names() {
    let judged = |name: Option<&str>| {
        let mut form = Form::signed(&[]);
        form.part("media").1 = name.map(str::to_owned);
        form.judged()
    };
    for taken in ["x", "店铺.jpg", "no extension", &"名".repeat(256)] {
        assert_eq!(
            judged(Some(taken)),
            Verdict::Accepted(SignType::Md5),
            "{taken}"
        );
    }
    for wrong in ["\u{1f600}.jpg", &"n".repeat(257)] {
        assert_eq!(
            refused(&judged(Some(wrong))),
            (Rule::Parameter, false),
            "{wrong}"
        );
    }
    // A text field, as in the forum threads where `media` is a URL.
    assert_eq!(refused(&judged(None)), (Rule::Picture, true));
    assert_eq!(refused(&judged(Some(""))), (Rule::Picture, true));

    let bytes = Form::signed(&[]).bytes();
    let at = bytes
        .windows(4)
        .position(|window| window == b"shop")
        .unwrap();
    let mut not_utf8 = bytes;
    not_utf8[at] = 0xff;
    assert_eq!(
        refused(&judge(not_utf8, End::Whole)),
        (Rule::Parameter, false)
    );
}

#[test]
fn whose_call_it_is() {
    let form = Form::signed(&[]).with("mch_id", "1900000110");
    assert_eq!(refused(&form.judged()), (Rule::Merchant, false));

    let body = Body {
        bytes: Form::signed(&[]).bytes().into(),
        end: End::Whole,
    };
    let headers = of_type(b"multipart/form-data; boundary=edge");
    for (certificate, rule) in [
        (ClientCertificate::Missing, Rule::Certificate),
        (
            ClientCertificate::Refused("it has expired"),
            Rule::Certificate,
        ),
        (ClientCertificate::Accepted(None), Rule::Merchant),
        (
            ClientCertificate::Accepted(Some("1900000110".into())),
            Rule::Merchant,
        ),
    ] {
        let examination = gateway().examine(&Call {
            method: &Method::POST,
            path: PATH,
            headers: &headers,
            certificate: &certificate,
            body: &body,
        });
        assert_eq!(
            refused(&examination.verdict),
            (rule, false),
            "{certificate:?}"
        );
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
            Form::signed(more).judged(),
            Verdict::Accepted(SignType::Md5),
            "{more:?}"
        );
    }
    let hmac = Form::signed(&[("sign_type", "HMAC-SHA256"), ("further", "店")]);
    assert_eq!(hmac.judged(), Verdict::Accepted(SignType::HmacSha256));

    let sign = String::from_utf8(hmac.clone().part("sign").2.clone()).unwrap();
    for wrong in [
        hmac.clone().with("further", "铺"),
        hmac.clone().with("sign_type", "MD5"),
        hmac.clone().with("sign", &sign.to_lowercase()),
        hmac.clone().with("sign", &sign[..63]),
        hmac.clone().with("sign", "A"),
    ] {
        assert_eq!(
            refused(&wrong.judged()),
            (Rule::Signature, false),
            "{wrong:?}"
        );
    }
    let mut unsigned = Form::signed(&[]);
    unsigned.parts.push(("more".into(), None, "1".into()));
    assert_eq!(refused(&unsigned.judged()), (Rule::Signature, false));
}

#[test]
fn pictures_and_hashes() {
    let other = |bytes: Vec<u8>| {
        let mut form = Form::signed(&[("sign_type", "HMAC-SHA256")]);
        form.part("media").2 = bytes;
        match form.judged() {
            Verdict::Refused(refusal, SignType::HmacSha256) => refusal,
            verdict => panic!("{verdict}"),
        }
    };
    let mut large = PICTURE.to_vec();
    large.resize(2 * 1024 * 1024, 0);
    let too_large = other(large.clone());
    large.pop();
    let wrong_hash = other(large);
    assert_eq!(
        (too_large.rule, wrong_hash.rule),
        (Rule::Picture, Rule::Picture)
    );
    assert_ne!(too_large.message, wrong_hash.message);
    assert_eq!(other(b"BMW is a car".to_vec()), too_large);
}

#[test]
fn forms_that_are_cut_short() {
    let bytes = Form::signed(&[]).bytes();
    for length in 0..bytes.len() - 2 {
        let cut = bytes[..length].to_vec();
        assert_eq!(
            refused(&judge(cut, End::Whole)),
            (Rule::Form, false),
            "{length}"
        );
    }
    assert_eq!(refused(&judge(bytes, End::Cut)), (Rule::Form, false));
}

#[test]
fn forms_that_are_too_large() {
    let last = Form::signed(&[]).bytes();
    let in_media = last.len() - 20;
    // The fields came before the picture: the call is understood, and the reply signed.
    assert_eq!(
        refused(&judge(last[..in_media].to_vec(), End::TooLarge)),
        (Rule::Picture, true)
    );
    let wrong = Form::signed(&[]).with("sign", "A").bytes();
    assert_eq!(
        refused(&judge(wrong[..wrong.len() - 20].to_vec(), End::TooLarge)).0,
        Rule::Signature
    );

    // Wherever reading ended, and in whatever order, it is the picture's fault.
    let mut first = Form::signed(&[]);
    first.parts.reverse();
    for form in [last, first.bytes()] {
        for length in 0..=form.len() {
            let verdict = judge(form[..length].to_vec(), End::TooLarge);
            assert_eq!(refused(&verdict).0, Rule::Picture, "{length}");
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
        prop_assert_eq!(form.judged(), Verdict::Accepted(SignType::HmacSha256));
    }
}

#[test]
fn media_ids_are_url_safe_and_never_the_same() {
    let ids: Vec<_> = std::iter::repeat_with(media_id).take(100).collect();
    for (at, id) in ids.iter().enumerate() {
        let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        assert!(
            id.as_str().len() == 43 && id.as_str().bytes().all(url_safe),
            "{id:?}"
        );
        assert!(!ids[..at].contains(id));
    }
}
