//! Writing, and fields that no document can hold.

use wxpay_xml::{FieldError, Fields};

/// A value as it is written in a document.
#[track_caller]
fn written(value: &str) -> String {
    let fields = Fields::new().with("a", value).unwrap();
    let xml = fields.to_xml();
    assert_eq!(Fields::parse(&xml).unwrap(), fields);
    let value = xml.strip_prefix("<xml>\n<a>").unwrap();
    value.strip_suffix("</a>\n</xml>").unwrap().to_owned()
}

#[test]
fn a_document_has_the_form_of_the_api() {
    let fields = Fields::from_pairs([("return_code", "SUCCESS"), ("return_msg", "OK")]).unwrap();
    assert_eq!((fields.len(), fields.is_empty()), (2, false));
    assert_eq!(
        fields.to_xml(),
        "<xml>\n\
         <return_code><![CDATA[SUCCESS]]></return_code>\n\
         <return_msg><![CDATA[OK]]></return_msg>\n\
         </xml>"
    );
    assert_eq!(Fields::new().to_xml(), "<xml>\n</xml>");
}

#[test]
fn values_are_sections_without_their_end_and_without_a_raw_cr() {
    for (value, xml) in [
        ("", "<![CDATA[]]>"),
        ("图片", "<![CDATA[图片]]>"),
        ("<b>&amp;</b>", "<![CDATA[<b>&amp;</b>]]>"),
        (" \t\n", "<![CDATA[ \t\n]]>"),
        ("]]>", "<![CDATA[]]]]><![CDATA[>]]>"),
        ("a]]>b", "<![CDATA[a]]]]><![CDATA[>b]]>"),
        ("]]>]]>", "<![CDATA[]]]]><![CDATA[>]]]]><![CDATA[>]]>"),
        ("]]]]>>", "<![CDATA[]]]]]]><![CDATA[>>]]>"),
        ("]]", "<![CDATA[]]]]>"),
        ("]", "<![CDATA[]]]>"),
        (">", "<![CDATA[>]]>"),
        ("\r", "<![CDATA[]]>&#13;<![CDATA[]]>"),
        ("1\r\n2", "<![CDATA[1]]>&#13;<![CDATA[\n2]]>"),
        ("]]\r>", "<![CDATA[]]]]>&#13;<![CDATA[>]]>"),
    ] {
        assert_eq!(written(value), xml);
    }
}

#[test]
fn a_name_is_ascii_and_without_markup() {
    for name in "a A _ xml return_code coupon_id_0 a.b-c_9".split(' ') {
        assert_eq!(Fields::new().push(name, ""), Ok(()), "{name}");
    }
    for name in [
        "", " ", "1a", "-a", ".a", "a b", "a\n", "a:b", "a/", "a>", "<a", "a&", "é", "名",
    ] {
        let error = Fields::new().push(name, "").unwrap_err();
        assert_eq!(error, FieldError::Name { name: name.into() });
    }
}

#[test]
fn a_name_is_given_once_and_case_counts() {
    let mut fields = Fields::parse("<xml><a>1</a></xml>").unwrap();
    let error = fields.push("a", "2").unwrap_err();
    assert_eq!(error, FieldError::Duplicate { name: "a".into() });
    let text = r#"the field "a" is given more than once"#;
    assert_eq!(error.to_string(), text);
    fields.push("A", "2").unwrap();
    assert!(fields.iter().eq([("a", "1"), ("A", "2")]));
    assert_eq!(format!("{fields:?}"), r#"{"a": "1", "A": "2"}"#);
}

#[test]
fn the_first_character_that_xml_does_not_allow_is_refused() {
    let refused = |value: &str| {
        let mut fields = Fields::new();
        let error = fields.push("a", value).unwrap_err();
        assert!(fields.is_empty());
        let FieldError::Character {
            character, offset, ..
        } = error
        else {
            panic!("{error}");
        };
        (offset, character)
    };
    for control in ('\0'..' ').filter(|char| !"\t\n\r".contains(*char)) {
        assert_eq!(refused(&format!("é{control}")), (2, control));
    }
    assert_eq!(refused("\u{fffe}"), (0, '\u{fffe}'));
    assert_eq!(refused("\u{1}\u{2}"), (0, '\u{1}'));
    assert_eq!(refused("ab\u{ffff}c\u{0}"), (2, '\u{ffff}'));
    for allowed in "a\t\r\n b\u{7f}\u{85}\u{feff}\u{fffd}中😀\u{10ffff}".chars() {
        written(&allowed.to_string());
    }
}
