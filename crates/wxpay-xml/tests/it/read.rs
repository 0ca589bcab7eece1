//! Reading, case by case: every document in `accept/` and `reject/`.
//!
//! Beside `accept/NAME.xml` stands `NAME.fields`, with a line `name = "value"` for each field, the
//! value escaped as Rust's strings are. Beside `reject/NAME.xml` stands `NAME.expected`: the kind of
//! the error, its offset and, if the error names one, the field.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use wxpay_xml::{Error, ErrorKind, Fields};

/// The documents of the folder, each with what is expected of it.
fn cases(folder: &str, expected: &str) -> Vec<(PathBuf, Vec<u8>, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder);
    let mut cases: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .map(|path| {
            let document = fs::read(&path).unwrap();
            let expected = fs::read_to_string(path.with_extension(expected)).unwrap();
            (path, document, expected)
        })
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

fn show_fields(fields: &Fields<'_>) -> String {
    fields
        .iter()
        .map(|(name, value)| {
            let value = value
                .replace('\\', r"\\")
                .replace('"', r#"\""#)
                .replace('\n', r"\n")
                .replace('\r', r"\r")
                .replace('\t', r"\t");
            format!("{name} = \"{value}\"\n")
        })
        .collect()
}

fn show_error(error: &Error) -> String {
    let field = error.field().map(|name| format!(" {name}"));
    format!(
        "{:?} {}{}\n",
        error.kind(),
        error.offset(),
        field.unwrap_or_default()
    )
}

#[test]
fn accept() {
    let mut wrong = Vec::new();
    for (path, document, expected) in cases("accept", "fields") {
        let actual = match Fields::parse(&document) {
            Ok(fields) => show_fields(&fields),
            Err(error) => error.to_string(),
        };
        if actual != expected {
            wrong.push(format!("{}:\n{actual}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn reject() {
    let mut wrong = Vec::new();
    for (path, document, expected) in cases("reject", "expected") {
        let actual = match Fields::parse(&document) {
            Ok(fields) => format!("accepted as {fields:?}"),
            Err(error) => show_error(&error),
        };
        if actual != expected {
            wrong.push(format!("{}: {actual}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kind_is_rejected_somewhere() {
    let rejected: BTreeSet<String> = cases("reject", "expected")
        .iter()
        .filter_map(|(_, _, expected)| expected.split(' ').next().map(str::to_owned))
        .collect();
    for kind in [
        ErrorKind::TooManyFields,
        ErrorKind::WrongCharset,
        ErrorKind::InvalidUtf8,
        ErrorKind::IllegalCharacter,
        ErrorKind::UnsupportedVersion,
        ErrorKind::MisplacedDeclaration,
        ErrorKind::Doctype,
        ErrorKind::ProcessingInstruction,
        ErrorKind::NoRoot,
        ErrorKind::WrongRoot,
        ErrorKind::SecondRoot,
        ErrorKind::TrailingContent,
        ErrorKind::Attribute,
        ErrorKind::InvalidName,
        ErrorKind::DuplicateName,
        ErrorKind::Nested,
        ErrorKind::StrayText,
        ErrorKind::UnknownEntity,
        ErrorKind::MismatchedEndTag,
        ErrorKind::Malformed,
        ErrorKind::Truncated,
    ] {
        assert!(rejected.contains(&format!("{kind:?}")), "{kind:?}");
    }
}

#[test]
fn every_cut_is_refused() {
    for (path, document, _) in cases("accept", "fields") {
        // Up to the `>` of the root's end; what follows it in these documents may be missing.
        let end = if document.ends_with(b"<xml/>") {
            document.len()
        } else {
            let close = document
                .windows(5)
                .rposition(|window| window == b"</xml")
                .unwrap();
            close
                + document[close..]
                    .iter()
                    .position(|&byte| byte == b'>')
                    .unwrap()
                + 1
        };
        assert!(
            Fields::parse(&document[..end]).is_ok(),
            "{}",
            path.display()
        );
        for cut in 0..end {
            let error = Fields::parse(&document[..cut]).unwrap_err();
            assert!(
                matches!(
                    error.kind(),
                    ErrorKind::Truncated | ErrorKind::NoRoot | ErrorKind::InvalidUtf8
                ),
                "{} cut at {cut}: {error}",
                path.display()
            );
            assert!(
                error.offset() <= cut,
                "{} cut at {cut}: {error}",
                path.display()
            );
        }
    }
}

#[test]
fn values_borrow_unless_put_together() {
    let document = "<xml><a>1</a><b><![CDATA[2]]></b><c><!-- -->3<!-- --></c><d/>\
                    <e>4<![CDATA[5]]></e><f>&amp;</f></xml>";
    let input = document.as_bytes().as_ptr_range();
    let fields = Fields::parse(document).unwrap();
    let borrowed = |name| {
        let value: &str = fields.get(name).unwrap();
        input.contains(&value.as_ptr())
    };
    assert!(borrowed("a") && borrowed("b") && borrowed("c"));
    assert!(!borrowed("e") && !borrowed("f"));
    assert!(
        fields
            .iter()
            .all(|(name, _)| input.contains(&name.as_ptr()))
    );
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
fn order_counts() {
    let one = Fields::parse("<xml><a>1</a><b>2</b></xml>").unwrap();
    let other = Fields::parse("<xml><b>2</b><a>1</a></xml>").unwrap();
    assert_ne!(one, other);
    assert!(one.iter().rev().eq(&other));
    assert_eq!(one.iter().len(), 2);
}

#[test]
fn any_bytes_are_input() {
    let document = "<xml/>";
    assert!(Fields::parse(document).is_ok());
    assert!(Fields::parse(&document.to_owned()).is_ok());
    assert!(Fields::parse(document.as_bytes()).is_ok());
    assert!(Fields::parse(&document.as_bytes().to_vec()).is_ok());
    assert!(Fields::parse(b"<xml/>").is_ok());
    assert!(Fields::parse(&*Cow::Borrowed(document)).is_ok());
}

#[test]
fn errors_say_where_and_what_to_do() {
    for (document, message) in [
        (
            "<xml><a>1</a><a>2</a></xml>",
            r#"duplicate name at byte 13 in the field "a""#,
        ),
        (
            "<html></html>",
            "wrong root element at byte 0: the root must be xml",
        ),
        (
            "<xml><a>1",
            r#"unfinished xml, beginning at byte 5 in the field "a""#,
        ),
        (
            "<!DOCTYPE xml>",
            "forbidden document type declaration at byte 0",
        ),
        (
            "<?xml version=\"1.0\" encoding=\"GBK\"?><xml/>",
            "another charset than utf-8 at byte 0: only utf-8 is read",
        ),
        (
            "<?xml version=\"1.1\"?><xml/>",
            "unsupported version of xml at byte 0: only version 1.0 is read",
        ),
        (
            " <?xml version=\"1.0\"?><xml/>",
            "misplaced xml declaration at byte 1: \
             nothing may stand before it, not even white space",
        ),
        (
            "<xml><1/></xml>",
            "invalid field name at byte 5: \
             it must be an ascii letter or _, then letters, digits, _, - and .",
        ),
        (
            "<xml><a>&nbsp;</a></xml>",
            "unknown entity at byte 8 in the field \"a\": only amp, lt, gt, apos and quot are known",
        ),
        ("", "no element at byte 0"),
    ] {
        let error = Fields::parse(document).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(std::error::Error::source(&error).is_none());
    }
}
