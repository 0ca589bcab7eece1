//! Whatever comes, the response is a document in one of the documented forms.

use http::Method;
use proptest::{collection::vec, prelude::*, sample::Index};
use wxpay_sign::Params;
use wxpay_xml::Fields;

use super::fixture::{EDGE, Form, PATH, call, key};
use crate::{
    request::{Call, End},
    response::respond,
    rules::{evaluate, sign_type},
};

proptest! {
    /// Bytes that are rubbish, under a header that is rubbish.
    #[test]
    fn rubbish_is_answered(
        method in prop_oneof![4 => Just(Method::POST), 1 => Just(Method::GET)],
        path in prop_oneof![4 => Just(PATH.to_owned()), 1 => "/[a-z/]*"],
        content_type in prop_oneof![
            4 => Just(b"multipart/form-data; boundary=edge".to_vec()),
            1 => "multipart/form-data; *boundary=[^\u{0}]{0,9}".prop_map(String::into_bytes),
            1 => vec(any::<u8>(), 0..40),
        ],
        bytes in vec(any::<u8>(), 0..400),
        end in prop_oneof![Just(End::Whole), Just(End::TooLarge), Just(End::Cut)],
    ) {
        let mut call = call(&content_type, bytes, end);
        call.method = method;
        call.uri = path.parse().unwrap_or_default();
        check_response(&call);
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
        check_response(&call(EDGE, bytes, end));
    }
}

/// Every response is a document in one of the documented forms.
fn check_response(call: &Call) {
    let evaluation = evaluate(call, "1900000109", &key());
    let sign_type = sign_type(&evaluation.form);
    let response = respond(&evaluation.result, sign_type, None, &key()).unwrap();
    let fields = Fields::parse(response.body.as_bytes()).unwrap();
    let names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
    match (fields.get("return_code"), fields.get("result_code")) {
        (Some("FAIL"), None) => {
            assert_eq!(
                names,
                ["return_code", "return_msg", "err_code", "err_code_des"]
            );
            assert!((1..=128).contains(&fields.get("return_msg").unwrap().len()));
        }
        (Some("SUCCESS"), Some("FAIL")) => {
            let [rest @ .., sign] = &names[..] else {
                panic!("no fields")
            };
            let expected = [
                "return_code",
                "return_msg",
                "result_code",
                "err_code",
                "err_code_des",
            ];
            assert_eq!((rest, *sign), (&expected[..], "sign"));
            Params::new(fields.iter()).unwrap().verify(&key()).unwrap();
        }
        (Some("SUCCESS"), Some("SUCCESS")) => {
            let expected = [
                "return_code",
                "return_msg",
                "result_code",
                "media_id",
                "sign",
            ];
            assert_eq!(names, expected);
            Params::new(fields.iter()).unwrap().verify(&key()).unwrap();
        }
        other => panic!("{other:?}"),
    }
}
