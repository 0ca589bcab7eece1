//! Reading of every document in `accept/` and `reject/`.
//!
//! `accept/NAME.fields` has a line `name = "value"` for each field of `NAME.xml`, escaped as Rust's
//! strings are. `reject/NAME.expected` has the kind of the error, its offset and, if the error
//! names one, the field.

use std::fs;

use wxpay_xml::{Error, ErrorKind, Fields};

/// The name, the document and the expected result, for each document of the folder.
fn cases(folder: &str, expected: &str) -> Vec<(String, Vec<u8>, String)> {
    let folder = format!("{}/tests/{folder}", env!("CARGO_MANIFEST_DIR"));
    let paths = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let mut cases: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .map(|path| {
            let expected = fs::read_to_string(path.with_extension(expected)).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(&path).unwrap(), expected)
        })
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

/// Reads each document of the folder, and compares the shown result.
fn check(folder: &str, extension: &str, show: fn(Result<Fields<'_>, Error>) -> String) {
    let mut wrong = Vec::new();
    for (name, document, expected) in cases(folder, extension) {
        let actual = show(Fields::parse(&document));
        if actual != expected {
            wrong.push(format!("{name}: {actual}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn line((name, value): (&str, &str)) -> String {
    let value = value.replace('\\', r"\\").replace('"', r#"\""#);
    let value = value.replace('\n', r"\n").replace('\r', r"\r");
    format!("{name} = \"{}\"\n", value.replace('\t', r"\t"))
}

#[test]
fn each_accepted_document_has_the_expected_fields() {
    check("accept", "fields", |result| match result {
        Ok(fields) => fields.iter().map(line).collect(),
        Err(error) => error.to_string(),
    });
}

#[test]
fn each_rejected_document_has_the_expected_error() {
    check("reject", "expected", |result| match result {
        Ok(fields) => format!("accepted as {fields:?}"),
        Err(error) => {
            let field = error.field().map(|name| format!(" {name}"));
            let field = field.unwrap_or_default();
            format!("{:?} {}{field}\n", error.kind(), error.offset())
        }
    });
}

#[test]
fn every_kind_is_rejected_somewhere() {
    let kinds = "TooManyFields WrongCharset InvalidUtf8 IllegalCharacter UnsupportedVersion \
        MisplacedDeclaration Doctype ProcessingInstruction NoRoot WrongRoot SecondRoot \
        TrailingContent Attribute InvalidName DuplicateName Nested StrayText UnknownEntity \
        MismatchedEndTag Malformed Truncated";
    let cases = cases("reject", "expected");
    for kind in kinds.split(' ') {
        let mut words = cases.iter().map(|case| case.2.split(' ').next());
        assert!(words.any(|word| word == Some(kind)), "{kind}");
    }
}

#[test]
fn a_document_cut_anywhere_is_refused() {
    for (name, document, _) in cases("accept", "fields") {
        // The root's end tag ends the document; the rest of these files may be missing.
        let is_end = |text: &[u8]| text == b"</xml" || text == b"<xml/";
        let close = document.windows(5).rposition(is_end).unwrap();
        let rest = document[close..].iter();
        let end = close + rest.take_while(|&&byte| byte != b'>').count() + 1;
        assert!(Fields::parse(&document[..end]).is_ok(), "{name}");
        for cut in 0..end {
            let error = Fields::parse(&document[..cut]).unwrap_err();
            let is_cut = matches!(
                error.kind(),
                ErrorKind::Truncated | ErrorKind::NoRoot | ErrorKind::InvalidUtf8
            );
            let is_before = error.offset() <= cut;
            assert!(is_cut && is_before, "{name} cut at {cut}: {error}");
        }
    }
}

#[test]
fn values_in_one_piece_borrow() {
    let document = "<xml><a>1</a><b><![CDATA[2]]></b><c><!-- -->3<!-- --></c><d/>\
                    <e>4<![CDATA[5]]></e><f>&amp;</f></xml>";
    let is_borrowed = |text: &str| document.as_bytes().as_ptr_range().contains(&text.as_ptr());
    let fields = Fields::parse(document).unwrap();
    for name in ["a", "b", "c", "e", "f"] {
        let borrows = !["e", "f"].contains(&name);
        assert_eq!(is_borrowed(fields.get(name).unwrap()), borrows, "{name}");
    }
    assert!(fields.iter().all(|(name, _)| is_borrowed(name)));
}

#[test]
fn owned_fields_are_the_same() {
    let document = String::from("<xml><b>1</b><a>&amp;</a></xml>");
    let fields = Fields::parse(&document).unwrap();
    let owned: Fields<'static> = fields.clone().into_owned();
    assert_eq!(owned, fields);
    drop(fields);
    drop(document);
    assert_eq!(owned.get("a"), Some("&"));
    assert!(owned.iter().eq([("b", "1"), ("a", "&")]));
}

#[test]
fn fields_in_another_order_are_not_equal() {
    let one = Fields::parse("<xml><a>1</a><b>2</b></xml>").unwrap();
    let other = Fields::parse("<xml><b>2</b><a>1</a></xml>").unwrap();
    assert_ne!(one, other);
    assert!(one.iter().eq([("a", "1"), ("b", "2")]));
    assert_eq!(one.iter().len(), 2);
}

#[test]
fn an_error_has_the_position_and_advice() {
    #[rustfmt::skip]
    let cases = [
        ("<xml><a>1</a><a>2</a></xml>", r#"duplicate name at byte 13 in the field "a""#),
        ("<html></html>", "wrong root element at byte 0: the root must be xml"),
        ("<xml><a>1", r#"unfinished xml, beginning at byte 5 in the field "a""#),
        ("<!DOCTYPE xml>", "forbidden document type declaration at byte 0"),
        (r#"<?xml version="1.0" encoding="GBK"?><xml/>"#,
         "another charset than utf-8 at byte 0: only utf-8 is read"),
        (r#"<?xml version="1.1"?><xml/>"#,
         "unsupported version of xml at byte 0: only version 1.0 is read"),
        (r#" <?xml version="1.0"?><xml/>"#,
         "misplaced xml declaration at byte 1: nothing may stand before it, not even white space"),
        ("<xml><1/></xml>",
         "invalid field name at byte 5: \
          it must be an ascii letter or _, then letters, digits, _, - and ."),
        ("<xml><a>&nbsp;</a></xml>",
         "unknown entity at byte 8 in the field \"a\": only amp, lt, gt, apos and quot are known"),
        ("", "no element at byte 0"),
    ];
    for (document, message) in cases {
        let error = Fields::parse(document).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(std::error::Error::source(&error).is_none());
    }
}
