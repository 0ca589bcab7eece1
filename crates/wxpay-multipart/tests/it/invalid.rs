//! What is refused, and how the refusal reads.

use wxpay_multipart::{Boundary, BoundaryError, Form, Parameter, PartErrorKind};

fn text(name: &str) -> Result<Form, String> {
    Form::new()
        .text(name, "value")
        .map_err(|error| error.to_string())
}

fn file(filename: &str, content_type: &str) -> Result<Form, String> {
    Form::new()
        .text("mch_id", "1000000000")
        .and_then(|form| form.file("media", filename, content_type, ""))
        .map_err(|error| error.to_string())
}

#[test]
fn names() {
    assert_eq!(
        text("").unwrap_err(),
        r#"part 1 (""): the name is empty: name the part"#
    );
    assert_eq!(
        text("a\u{0}").unwrap_err(),
        r#"part 1 ("a\0"): the name has the control character U+0000 at byte 1: remove it"#
    );
    for refused in [
        "\u{1b}",
        "\u{7f}",
        "a\u{85}b",
        "\\",
        "a\\",
        "a filename",
        ";filename=b",
        "\tFileName",
        "filenamefilename",
    ] {
        assert!(text(refused).is_err(), "{refused:?}");
    }
    for allowed in [
        "a\r\n\t",
        "\"",
        "a\\b",
        "\\\"",
        "filename",
        "myfilename",
        "old_filename",
        " ",
        "é",
        "😀",
    ] {
        assert!(text(allowed).is_ok(), "{allowed:?}");
    }
}

#[test]
fn file_names() {
    let png = "image/png";
    assert_eq!(
        file("C:\\", png).unwrap_err(),
        r#"part 2 ("media"): the file name ends in a backslash, which parsers take to escape the closing quote: remove it"#
    );
    for refused in ["\u{b}", "\u{7f}", "营业\u{9f}.png"] {
        assert!(file(refused, png).is_err(), "{refused:?}");
    }
    for allowed in ["", "a\r\n\t", "\"", "C:\\shop.png", "a; filename=b", "\\\""] {
        assert!(file(allowed, png).is_ok(), "{allowed:?}");
    }
}

#[test]
fn content_types() {
    assert_eq!(
        file("shop.png", "png").unwrap_err(),
        r#"part 2 ("media"): the content type "png" is no media type: write it like `image/png`"#
    );
    for refused in [
        "",
        "/",
        "image/",
        "/png",
        "image/png/x",
        "image /png",
        "image/png ",
        " image/png",
        "image/png;",
        "image/png; ",
        "image/png; a",
        "image/png; a=",
        "image/png; =b",
        "image/png; a=b c",
        "image/png a=b",
        "image/png; a=\"b",
        "image/png; a=\"b\\",
        "image/png; a=\"b\"c",
        "image/png; a = b",
        "image/png\r\nX: y",
        "image/png; a=\"\r\n\"",
        "image/png; a=\"\\\n\"",
        "image/pn\u{0}",
        "图片/png",
        "image/png; a=\"图\"",
    ] {
        assert!(file("shop.png", refused).is_err(), "{refused:?}");
    }
    for allowed in [
        "image/png",
        "IMAGE/x.y-z+w",
        "text/csv; charset=utf-8",
        "a/b;c=d ; e=\"\"",
        "a/b; c=\"; d=\\\"\te\"",
    ] {
        assert!(file("shop.png", allowed).is_ok(), "{allowed:?}");
    }
}

#[test]
fn a_refusal_names_the_part() {
    let form = Form::new().text("a", "1").unwrap().text("b", "2").unwrap();
    let error = form.file("media", "x\u{85}", "image/png", "").unwrap_err();
    assert_eq!((error.name(), error.position()), ("media", 3));
    assert!(matches!(
        error.kind(),
        PartErrorKind::ControlCharacter {
            parameter: Parameter::FileName,
            character: '\u{85}',
            offset: 1,
            ..
        }
    ));
}

#[test]
fn boundaries() {
    let longest = "a".repeat(70);
    assert_eq!(Boundary::new(&longest).unwrap().to_string(), longest);
    assert!(Boundary::new("aZ09").is_ok());
    assert_eq!(
        Boundary::new(&"a".repeat(71)).unwrap_err().to_string(),
        "the boundary has 71 characters: 70 are the most"
    );
    assert_eq!(Boundary::new(""), Err(BoundaryError::Empty));
    for refused in [" ", "a-b", "a_b", "a\"b", "é", "a\r\n", "a'b"] {
        assert!(
            matches!(Boundary::new(refused), Err(BoundaryError::Character { .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn a_random_boundary_is_128_bits_that_differ() {
    let boundaries: std::collections::HashSet<_> = (0..100).map(|_| Boundary::random()).collect();
    assert_eq!(boundaries.len(), 100);
    for boundary in boundaries {
        assert_eq!(boundary.as_str().len(), 32);
        assert_eq!(Boundary::new(boundary.as_str()), Ok(boundary));
    }
}
