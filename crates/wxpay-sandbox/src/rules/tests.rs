//! Forms by the thousand, without a socket; tests/it has an example of each rule.

use http::Request;
use proptest::{collection::vec, prelude::*, sample::Index};
use wxpay_sign::Params;
use wxpay_xml::Fields;

use super::*;
use crate::{
    fuzzing::{
        call,
        fixture::{self, MCH_ID, PATH, merchant, parts, request},
    },
    request::End,
    response::respond,
};

/// The evaluation of a request of the merchant.
fn evaluated(request: Request<Bytes>, end: End) -> Evaluation {
    evaluate(&call(request, end, Some(MCH_ID)), &merchant())
}

/// The error, and whether the response is signed; none for a call that is accepted.
fn error(body: &[u8], end: End) -> Option<(ApiError, bool)> {
    let result = evaluated(request(body.to_vec()), end).result;
    let (Cow::Borrowed(code), description) = result.error? else {
        panic!("no error of a rule");
    };
    Some(((code, description), result.signed.is_some()))
}

#[test]
fn forms_that_are_cut_short_are_refused() {
    let form = fixture::form(&parts());
    for length in 0..form.len() - 2 {
        let found = error(&form[..length], End::Whole);
        assert_eq!(found, Some((FORM, false)), "{length}");
    }
    assert_eq!(error(&form, End::Cut), Some((FORM, false)));
}

#[test]
fn forms_that_are_too_large_are_an_image_format_error() {
    let mut parts = parts();
    let last = fixture::form(&parts);
    parts.reverse();
    let first = fixture::form(&parts);
    parts.reverse();
    parts[4].1 = b"A".to_vec();
    let wrong = fixture::form(&parts);
    // The fields came before the picture: the call is understood, and the response signed.
    for (form, expected) in [(&last, (PICTURE, true)), (&wrong, (SIGNATURE, false))] {
        let found = error(&form[..form.len() - 20], End::TooLarge);
        assert_eq!(found, Some(expected));
    }
    for form in [last, first] {
        for length in 0..=form.len() {
            let found = error(&form[..length], End::TooLarge).unwrap();
            assert_eq!(found.0, PICTURE, "{length}");
        }
    }
}

#[test]
fn a_hostile_form_is_read_in_linear_time() {
    let pieces = "--edge\n|--edge\r\n|\r\n--edge\r\nX: y\r\n|--edge --edge";
    for piece in pieces.split('|') {
        let form = piece.repeat((4 << 20) / piece.len());
        let found = error(form.as_bytes(), End::Whole);
        assert_eq!(found, Some((FORM, false)), "{piece:?}");
    }
}

proptest! {
    #[test]
    fn the_order_of_the_fields_does_not_matter(parts in Just(parts()).prop_shuffle()) {
        prop_assert_eq!(error(&fixture::form(&parts), End::Whole), None);
    }

    /// Random bytes under a random head.
    #[test]
    fn random_requests_get_a_response(
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
        let request = Request::builder().method(method).uri(path);
        if let Ok(request) = request.header(CONTENT_TYPE, content_type).body(bytes.into()) {
            assert_response(request, end);
        }
    }

    /// A right form in which bytes were changed, removed and inserted.
    #[test]
    fn damaged_forms_get_a_response(
        changes in vec((any::<Index>(), 0..3_u8, any::<u8>()), 1..6),
        end in prop_oneof![8 => Just(End::Whole), 1 => Just(End::TooLarge)],
    ) {
        let mut bytes = fixture::form(&parts());
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
    let key = merchant().key;
    let response = respond(&evaluated(request, end), None, &key);
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
        Params::new(fields.iter()).unwrap().verify(&key).unwrap();
    }
}
