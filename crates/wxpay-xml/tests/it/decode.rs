//! Decoding by serde.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use wxpay_xml::{DecodeError, Fields, from_fields};

fn fields(pairs: &[(&'static str, &'static str)]) -> Fields<'static> {
    Fields::from_pairs(pairs.iter().copied()).unwrap()
}

#[derive(Debug, PartialEq, Deserialize)]
struct One<T> {
    a: T,
}

/// Decodes one value.
fn decode<T: DeserializeOwned>(value: &'static str) -> Result<T, DecodeError> {
    let fields = fields(&[("a", value)]);
    from_fields::<One<T>>(&fields).map(|one| one.a)
}

#[track_caller]
fn refused<T: DeserializeOwned + Debug>(value: &'static str) -> String {
    let error = decode::<T>(value).unwrap_err();
    assert_eq!(error.field(), Some("a"), "{error}");
    error.to_string()
}

#[track_caller]
fn assert_error<T: DeserializeOwned + Debug>(
    pairs: &[(&'static str, &'static str)],
    field: Option<&str>,
    text: &str,
) {
    let error = from_fields::<T>(&fields(pairs)).unwrap_err();
    assert_eq!((error.field(), &*error.to_string()), (field, text));
}

#[test]
fn strings_and_characters_are_taken_as_they_are() {
    assert_eq!(decode::<String>(" x "), Ok(" x ".into()));
    assert_eq!(decode::<String>(""), Ok(String::new()));
    assert_eq!(decode::<Box<str>>("1"), Ok("1".into()));
    assert_eq!(decode::<char>("图"), Ok('图'));
    refused::<char>("ab");
}

#[test]
fn text_and_bytes_borrow() {
    #[derive(Deserialize)]
    struct Borrowed<'a> {
        a: &'a str,
        #[serde(borrow)]
        b: Cow<'a, str>,
        c: &'a [u8],
    }
    let document = "<xml><a>1</a><b>2</b><c>3</c></xml>";
    let fields = Fields::parse(document).unwrap();
    let decoded: Borrowed<'_> = from_fields(&fields).unwrap();
    assert_eq!(decoded.a.as_ptr(), document[8..].as_ptr());
    assert!(matches!(decoded.b, Cow::Borrowed("2")));
    assert_eq!(decoded.c, b"3");
}

#[test]
fn integers_are_read_without_white_space() {
    assert_eq!(decode::<u8>("255"), Ok(255));
    assert_eq!(decode::<i8>("-128"), Ok(-128));
    assert_eq!(decode::<u16>("0"), Ok(0));
    assert_eq!(decode::<i16>("-1"), Ok(-1));
    assert_eq!(decode::<u32>("007"), Ok(7));
    assert_eq!(decode::<i32>("-7"), Ok(-7));
    assert_eq!(decode::<u64>("18446744073709551615"), Ok(u64::MAX));
    assert_eq!(decode::<i64>("-9223372036854775808"), Ok(i64::MIN));
    assert_eq!(decode::<u128>(u128::MAX.to_string().leak()), Ok(u128::MAX));
    assert_eq!(decode::<i128>("-1"), Ok(-1));
    let text = r#"field "a": invalid value: string "256", expected u8"#;
    assert_eq!(refused::<u8>("256"), text);
    for value in ["", " 1", "1 ", "1.0", "0x1", "一", "1_000"] {
        refused::<u32>(value);
    }
}

#[test]
fn floats_are_read() {
    assert_eq!(decode::<f64>("1.5"), Ok(1.5));
    assert_eq!(decode::<f32>("-2"), Ok(-2.0));
    refused::<f64>("1,5");
}

#[test]
fn booleans_are_words_or_digits() {
    for (value, expected) in [("true", true), ("1", true), ("false", false), ("0", false)] {
        assert_eq!(decode::<bool>(value), Ok(expected));
    }
    for value in ["", "TRUE", "yes", "Y", "2", " 1"] {
        refused::<bool>(value);
    }
}

#[test]
fn a_missing_field_is_none() {
    assert_eq!(decode::<Option<u32>>("1"), Ok(Some(1)));
    assert_eq!(decode::<Option<String>>(""), Ok(Some(String::new())));
    refused::<Option<u32>>(" ");
    refused::<Option<u32>>("x");
    refused::<u32>("");
    let missing: One<Option<u32>> = from_fields(&Fields::new()).unwrap();
    assert_eq!(missing.a, None);
}

#[test]
fn an_empty_value_is_none_for_an_option_of_what_takes_no_empty_value() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Fee(u32);
    #[derive(Debug, PartialEq, Deserialize)]
    enum Code {
        Fail,
    }
    assert_eq!(decode::<Option<u32>>(""), Ok(None));
    assert_eq!(decode::<Option<f64>>(""), Ok(None));
    assert_eq!(decode::<Option<bool>>(""), Ok(None));
    assert_eq!(decode::<Option<char>>(""), Ok(None));
    assert_eq!(decode::<Option<Fee>>(""), Ok(None));
    assert_eq!(decode::<Option<std::num::NonZeroU8>>(""), Ok(None));
    assert_eq!(decode::<Option<Code>>(""), Ok(None));
    assert_eq!(decode::<Option<Code>>("Fail"), Ok(Some(Code::Fail)));
    assert_eq!(decode::<Option<()>>(""), Ok(Some(())));

    #[derive(Deserialize)]
    struct Fees {
        cash_fee: Option<u32>,
        coupon_fee: Option<u32>,
        attach: Option<String>,
        total_fee: Option<u32>,
    }
    let document = "<xml><cash_fee></cash_fee><coupon_fee/><attach/><total_fee>1</total_fee></xml>";
    let fees: Fees = from_fields(&Fields::parse(document).unwrap()).unwrap();
    assert_eq!((fees.cash_fee, fees.coupon_fee), (None, None));
    assert_eq!(fees.attach.as_deref(), Some(""));
    assert_eq!(fees.total_fee, Some(1));
}

#[test]
fn an_enum_is_a_variant_by_its_name() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    enum Code {
        Success,
        ParamError,
        #[serde(other)]
        Other,
    }
    assert_eq!(decode::<Code>("SUCCESS"), Ok(Code::Success));
    assert_eq!(decode::<Code>("PARAM_ERROR"), Ok(Code::ParamError));
    assert_eq!(decode::<Code>("new"), Ok(Code::Other));

    #[derive(Debug, PartialEq, Deserialize)]
    enum Strict {
        A,
        B(u8),
    }
    assert_eq!(decode::<Strict>("A"), Ok(Strict::A));
    let text = r#"field "a": unknown variant `C`, expected `A` or `B`"#;
    assert_eq!(refused::<Strict>("C"), text);
    refused::<Strict>("B");
    assert_ne!(Strict::A, Strict::B(0));
}

#[test]
fn a_wrapper_is_its_value_and_a_unit_the_empty_value() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct MediaId(String);
    assert_eq!(decode::<MediaId>("9UYf"), Ok(MediaId("9UYf".into())));

    #[derive(Debug, PartialEq, Deserialize)]
    struct Nothing;
    assert_eq!(decode::<()>(""), Ok(()));
    assert_eq!(decode::<Nothing>(""), Ok(Nothing));
    refused::<()>("x");

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wrapper(One<u8>);
    let fields = fields(&[("a", "1")]);
    assert_eq!(from_fields(&fields), Ok(Some(One { a: 1 })));
    assert_eq!(from_fields(&fields), Ok(Wrapper(One { a: 1 })));
}

#[test]
fn a_value_is_no_sequence_tuple_struct_or_map() {
    refused::<Vec<u8>>("1");
    refused::<(u8, u8)>("1");
    refused::<One<u8>>("1");
    refused::<BTreeMap<String, String>>("1");
}

#[test]
fn a_document_is_a_map() {
    let fields = fields(&[("b", "2"), ("a", "1")]);
    let strings: HashMap<&str, &str> = from_fields(&fields).unwrap();
    assert_eq!(strings, HashMap::from([("a", "1"), ("b", "2")]));
    let numbers: BTreeMap<String, u32> = from_fields(&fields).unwrap();
    assert_eq!(numbers, BTreeMap::from([("a".into(), 1), ("b".into(), 2)]));
    assert_error::<Vec<String>>(&[], None, "invalid type: map, expected a sequence");
}

#[test]
fn missing_unknown_and_repeated_fields_are_named() {
    let pairs = [("a", "1"), ("b", "2")];
    assert_error::<One<String>>(&pairs[1..], Some("a"), r#"field "a": missing"#);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Defaults {
        #[serde(default)]
        a: u32,
        #[serde(default = "seven")]
        c: u32,
    }
    fn seven() -> u32 {
        7
    }
    let fields = fields(&pairs[1..]);
    assert_eq!(from_fields(&fields), Ok(Defaults { a: 0, c: 7 }));

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {}
    let text = r#"field "b": unknown, and unknown fields are denied"#;
    assert_error::<Strict>(&pairs[1..], Some("b"), text);

    #[derive(Debug, Deserialize)]
    struct Alias {
        #[serde(alias = "b")]
        #[allow(dead_code, reason = "never decoded")]
        a: String,
    }
    let text = r#"field "a": given twice, under different names"#;
    assert_error::<Alias>(&pairs, Some("a"), text);
}

#[test]
fn a_flattened_field_is_named_where_its_value_tells_it() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Response {
        number: u32,
        #[serde(flatten)]
        rest: BTreeMap<String, String>,
    }
    let all = fields(&[("x", "1"), ("number", "2"), ("y", "<3>")]);
    let response: Response = from_fields(&all).unwrap();
    assert_eq!(response.number, 2);
    let rest = [("x", "1"), ("y", "<3>")].map(|(name, value)| (name.into(), value.into()));
    assert_eq!(response.rest, BTreeMap::from(rest));

    #[derive(Debug, Deserialize)]
    struct Outer<T> {
        #[serde(flatten)]
        inner: One<T>,
    }
    let text = fields(&[("a", "1")]);
    assert_eq!(from_fields::<Outer<String>>(&text).unwrap().inner.a, "1");
    // serde does not know the field any more.
    let pairs = [("a", "1"), ("b", "1")];
    let text = r#"invalid type: string "1", expected u32"#;
    assert_error::<Outer<u32>>(&pairs[..1], Some("a"), &format!("field \"a\": {text}"));
    // Two fields of that value: neither is named.
    assert_error::<Outer<u32>>(&pairs, None, text);
}

#[test]
fn a_field_may_be_the_tag_of_an_enum() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "result_code", rename_all = "UPPERCASE")]
    enum Response {
        Success { media_id: String },
        Fail { err_code: String },
    }
    let success = fields(&[("media_id", "9UYf"), ("result_code", "SUCCESS")]);
    let media_id = "9UYf".into();
    assert_eq!(from_fields(&success), Ok(Response::Success { media_id }));
    let fail = fields(&[("result_code", "FAIL"), ("err_code", "SIGNERROR")]);
    let err_code = "SIGNERROR".into();
    assert_eq!(from_fields(&fail), Ok(Response::Fail { err_code }));
}
