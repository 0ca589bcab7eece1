//! Limits to the byte and the field, and work in proportion to the input.

use wxpay_xml::{ErrorKind, Fields, Limits};

const UNLIMITED: Limits = Limits {
    max_bytes: usize::MAX,
    max_fields: usize::MAX,
};

/// A document of that many bytes.
fn document_of(bytes: usize) -> String {
    let empty = "<xml><a></a></xml>";
    format!("<xml><a>{}</a></xml>", "x".repeat(bytes - empty.len()))
}

fn document_with(fields: usize) -> String {
    let fields: String = (0..fields).map(|i| format!("<f{i}>{i}</f{i}>")).collect();
    format!("<xml>{fields}</xml>")
}

#[test]
fn the_default_limits_are_64_kib_and_64_fields() {
    assert!(Fields::parse(&document_of(64 * 1024)).is_ok());
    let error = Fields::parse(&document_of(64 * 1024 + 1)).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::TooLong, 65_536));
    assert_eq!(
        error.to_string(),
        "more bytes than the limit allows at byte 65536"
    );
    assert_eq!(Fields::parse(&document_with(64)).unwrap().len(), 64);
    let document = document_with(65);
    let error = Fields::parse(&document).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyFields);
    assert_eq!(error.offset(), document.find("<f64>").unwrap());
}

#[test]
fn a_document_that_is_too_long_is_not_read() {
    let limits = Limits {
        max_bytes: 3,
        ..Limits::default()
    };
    for input in [&b"\xff\xfe\0\0"[..], b"<!DOCTYPE", b"    "] {
        let error = Fields::parse_with(input, limits).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ErrorKind::TooLong, 3));
    }
}

/// It would take minutes to compare each name with all before it.
#[test]
fn raised_limits_take_no_quadratic_time() {
    let document = document_with(100_000);
    let fields = Fields::parse_with(&document, UNLIMITED).unwrap();
    assert_eq!(fields.get("f99999"), Some("99999"));
    let pushed = Fields::from_pairs(&fields).unwrap();
    assert_eq!(pushed, fields);
    let xml = pushed.to_xml();
    assert_eq!(Fields::parse_with(&xml, UNLIMITED).unwrap(), fields);
}

#[test]
fn a_value_may_have_many_pieces() {
    for (piece, value) in [
        ("<![CDATA[x]]>", "x"),
        ("&amp;", "&"),
        ("x<!---->", "x"),
        ("&#x0000000000000000000000000000000000000041;", "A"),
    ] {
        let document = format!("<xml><a>{}</a></xml>", piece.repeat(100_000));
        let fields = Fields::parse_with(&document, UNLIMITED).unwrap();
        assert_eq!(fields.get("a").unwrap(), value.repeat(100_000));
    }
}

/// Found by fuzzing.
#[test]
fn an_error_shows_at_most_64_bytes_of_a_name() {
    let message = |name: &str| {
        let error = Fields::parse(&format!("<xml><{name}>&x;</{name}></xml>")).unwrap_err();
        assert_eq!(error.field(), Some(name));
        error.to_string()
    };
    let longest = "n".repeat(64);
    assert!(message(&longest).contains(&format!(" in the field \"{longest}\":")));
    let huge = message(&"n".repeat(30_000));
    assert!(huge.contains(&format!(" in the field \"{longest}…\":")));
}
