//! Limits: what is at the limit is read, one more is not, and work grows with the input alone.

use wxpay_xml::{ErrorKind, Fields, Limits};

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
fn bytes_by_default() {
    assert!(Fields::parse(&document_of(64 * 1024)).is_ok());
    let error = Fields::parse(&document_of(64 * 1024 + 1)).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::TooLong, 65_536));
    assert_eq!(
        error.to_string(),
        "more bytes than the limit allows at byte 65536: \
         raise the limit if documents of this size are expected"
    );
}

#[test]
fn length_comes_first() {
    let limits = Limits::new().max_bytes(3);
    for input in [&b"\xff\xfe\0\0"[..], b"<!DOCTYPE", b"    "] {
        let error = Fields::parse_with(input, limits).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ErrorKind::TooLong, 3));
    }
}

#[test]
fn fields_by_default() {
    assert_eq!(Fields::parse(&document_with(64)).unwrap().len(), 64);
    let document = document_with(65);
    let error = Fields::parse(&document).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyFields);
    assert_eq!(error.offset(), document.find("<f64>").unwrap());
}

#[test]
fn default_is_new() {
    assert_eq!(Limits::default(), Limits::new());
}

#[test]
fn raised_limits() {
    let limits = Limits::new().max_bytes(usize::MAX).max_fields(usize::MAX);
    let document = document_with(100_000);
    // With each name compared to all before it, this would take minutes.
    let fields = Fields::parse_with(&document, limits).unwrap();
    assert_eq!(fields.get("f99999"), Some("99999"));

    let mut pushed = Fields::new();
    for (name, value) in &fields {
        pushed.push(name, value).unwrap();
    }
    assert_eq!(pushed, fields);
    assert_eq!(
        Fields::parse_with(&pushed.to_xml(), limits).unwrap(),
        fields
    );
}

#[test]
fn many_small_pieces() {
    let limits = Limits::new().max_bytes(usize::MAX);
    for (piece, value) in [
        ("<![CDATA[x]]>", "x"),
        ("&amp;", "&"),
        ("x<!---->", "x"),
        ("&#x0000000000000000000000000000000000000041;", "A"),
    ] {
        let document = format!("<xml><a>{}</a></xml>", piece.repeat(100_000));
        let fields = Fields::parse_with(&document, limits).unwrap();
        assert_eq!(fields.get("a").unwrap(), value.repeat(100_000));
    }
}

/// Found by fuzzing.
#[test]
fn an_error_shows_no_more_of_a_name_than_fits_a_line() {
    let told = |name: &str| {
        let error = Fields::parse(&format!("<xml><{name}>&x;</{name}></xml>")).unwrap_err();
        assert_eq!(error.field(), Some(name));
        error.to_string()
    };
    let longest = "n".repeat(64);
    assert!(told(&longest).contains(&format!(" in the field \"{longest}\":")));
    let huge = told(&"n".repeat(30_000));
    assert!(
        huge.contains(&format!(" in the field \"{longest}…\":")),
        "{huge}"
    );
}
