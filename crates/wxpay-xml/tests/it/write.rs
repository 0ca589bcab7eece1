//! Writing, and what cannot be written.

use wxpay_xml::{FieldError, Fields};

/// The document of one field `a` with that value, without what is the same for all.
#[track_caller]
fn written(value: &str) -> String {
    let mut fields = Fields::new();
    fields.push("a", value).unwrap();
    let xml = fields.to_xml();
    assert_eq!(Fields::parse(&xml).unwrap(), fields);
    let value = xml
        .strip_prefix("<xml>\n<a>")
        .unwrap()
        .strip_suffix("</a>\n</xml>")
        .unwrap();
    value.to_owned()
}

#[test]
fn the_documented_form() {
    let mut fields = Fields::new();
    fields.push("return_code", "SUCCESS").unwrap();
    fields.push("return_msg", "OK").unwrap();
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
fn values() {
    assert_eq!(written(""), "<![CDATA[]]>");
    assert_eq!(written("图片"), "<![CDATA[图片]]>");
    assert_eq!(written("<b>&amp;</b>"), "<![CDATA[<b>&amp;</b>]]>");
    assert_eq!(written(" \t\n"), "<![CDATA[ \t\n]]>");
}

#[test]
fn section_ends_are_split() {
    assert_eq!(written("]]>"), "<![CDATA[]]]]><![CDATA[>]]>");
    assert_eq!(written("a]]>b"), "<![CDATA[a]]]]><![CDATA[>b]]>");
    assert_eq!(
        written("]]>]]>"),
        "<![CDATA[]]]]><![CDATA[>]]]]><![CDATA[>]]>"
    );
    assert_eq!(written("]]]]>>"), "<![CDATA[]]]]]]><![CDATA[>>]]>");
    assert_eq!(written("]]"), "<![CDATA[]]]]>");
    assert_eq!(written("]"), "<![CDATA[]]]>");
    assert_eq!(written(">"), "<![CDATA[>]]>");
}

#[test]
fn carriage_returns_are_references() {
    assert_eq!(written("\r"), "<![CDATA[]]>&#13;<![CDATA[]]>");
    assert_eq!(written("1\r\n2"), "<![CDATA[1]]>&#13;<![CDATA[\n2]]>");
    assert_eq!(written("]]\r>"), "<![CDATA[]]]]>&#13;<![CDATA[>]]>");
}

#[test]
fn names() {
    for name in [
        "a",
        "A",
        "_",
        "xml",
        "return_code",
        "coupon_id_0",
        "a.b-c_9",
    ] {
        assert_eq!(Fields::new().push(name, ""), Ok(()), "{name}");
    }
    for name in [
        "", " ", "1a", "-a", ".a", "a b", "a\n", "a:b", "a/", "a>", "<a", "a&", "é", "名",
    ] {
        let error = Fields::new().push(name, "").unwrap_err();
        assert!(matches!(error, FieldError::Name { .. }), "{name}");
        assert_eq!(error.name(), name);
    }
}

#[test]
fn duplicates() {
    let mut fields = Fields::parse("<xml><a>1</a></xml>").unwrap();
    let error = fields.push("a", "2").unwrap_err();
    assert_eq!(error, FieldError::Duplicate { name: "a".into() });
    assert_eq!(
        error.to_string(),
        r#"the field "a" is given more than once"#
    );
    // Case counts.
    fields.push("A", "2").unwrap();
    assert!(fields.iter().eq([("a", "1"), ("A", "2")]));
    assert_eq!(format!("{fields:?}"), r#"{"a": "1", "A": "2"}"#);
}

#[test]
fn characters() {
    for control in ('\0'..' ').filter(|char| !matches!(char, '\t' | '\n' | '\r')) {
        let mut fields = Fields::new();
        let error = fields.push("a", format!("é{control}")).unwrap_err();
        assert_eq!(
            error,
            FieldError::Character {
                name: "a".into(),
                character: control,
                offset: 2
            }
        );
        assert!(fields.is_empty());
    }
    for char in ['\u{fffe}', '\u{ffff}'] {
        assert!(Fields::new().push("a", char.to_string()).is_err());
    }
    for char in [
        '\t',
        '\n',
        '\r',
        '\u{7f}',
        '\u{85}',
        '\u{feff}',
        '\u{fffd}',
        '\u{10ffff}',
    ] {
        written(&char.to_string());
    }
}

#[test]
fn pairs_and_chains_make_fields() {
    let pairs = [("b", "2"), ("a", "1")];
    let fields = Fields::from_pairs(pairs).unwrap();
    assert!(fields.iter().eq(pairs));
    assert_eq!(
        Fields::new()
            .with("b", "2")
            .unwrap()
            .with("a", "1")
            .unwrap(),
        fields
    );
    let owned = vec![
        ("b".to_owned(), "2".to_owned()),
        ("a".to_owned(), "1".to_owned()),
    ];
    assert_eq!(Fields::from_pairs(owned).unwrap(), fields);
    let error = Fields::from_pairs([("a", "1"), ("a", "2")]).unwrap_err();
    assert_eq!(error, FieldError::Duplicate { name: "a".into() });
    assert!(Fields::new().with("a b", "").is_err());
}
