//! Refused parts and boundaries, and their errors.

use wxpay_multipart::{Boundary, Form, PartErrorKind};

fn text(name: &str) -> Result<Form, String> {
    let form = Form::new().text(name, "value");
    form.map_err(|error| error.to_string())
}

fn file(filename: &str, content_type: &str) -> Result<Form, String> {
    let form = Form::new().text("mch_id", "1000000000").unwrap();
    let form = form.file("media", filename, content_type, "");
    form.map_err(|error| error.to_string())
}

#[track_caller]
fn assert_rule(add: impl Fn(&str) -> Result<Form, String>, allowed: &[&str], refused: &[&str]) {
    for text in allowed {
        assert!(add(text).is_ok(), "{text:?}");
    }
    for text in refused {
        assert!(add(text).is_err(), "{text:?}");
    }
}

#[test]
#[rustfmt::skip]
fn names_that_parsers_misread_are_refused() {
    assert_rule(
        text,
        &["a\r\n\t", "\"", "a\\b", "\\\"", "filename", "myfilename", "old_filename", " ", "é", "😀"],
        &["\u{1b}", "\u{7f}", "a\u{85}b", "\\", "a\\", "a filename", ";filename=b", "\tFileName",
          "filenamefilename"],
    );
}

#[test]
#[rustfmt::skip]
fn file_names_that_parsers_misread_are_refused() {
    assert_rule(
        |name| file(name, "image/png"),
        &["", "a\r\n\t", "\"", "C:\\shop.png", "a; filename=b", "\\\""],
        &["\u{b}", "\u{7f}", "营业\u{9f}.png"],
    );
}

#[test]
#[rustfmt::skip]
fn a_content_type_is_a_media_type_with_parameters_or_without() {
    assert_rule(
        |content_type| file("shop.png", content_type),
        &["image/png", "IMAGE/x.y-z+w", "text/csv; charset=utf-8", "a/b;c=d ; e=\"\"",
          "a/b; c=\"; d=\\\"\te\""],
        &["", "/", "image/", "/png", "image/png/x", "image /png", "image/png ", " image/png",
          "image/png;", "image/png; ", "image/png; a", "image/png; a=", "image/png; =b",
          "image/png; a=b c", "image/png a=b", "image/png; a=\"b", "image/png; a=\"b\\",
          "image/png; a=\"b\"c", "image/png; a = b", "image/png\r\nX: y", "image/png; a=\"\r\n\"",
          "image/png; a=\"\\\n\"", "image/pn\u{0}", "图片/png", "image/png; a=\"图\""],
    );
}

#[test]
fn an_error_names_the_part_and_says_what_to_do() {
    let png = "image/png";
    #[rustfmt::skip] // a row a line
    let rows = [
        (text(""), r#"part 1 (""): the name is empty: name the part"#),
        (text("a\u{0}"), r#"part 1 ("a\0"): the name has the control character U+0000 at byte 1: remove it"#),
        (file("C:\\", png), "part 2 (\"media\"): the file name ends in a backslash, \
            which parsers take to escape the closing quote: remove it"),
        (file("shop.png", "png"),
            r#"part 2 ("media"): the content type "png" is no media type: write it like `image/png`"#),
    ];
    for (form, message) in rows {
        assert_eq!(form.unwrap_err(), message);
    }
    let form = Form::new().text("a", "1").unwrap().text("b", "2").unwrap();
    let error = form.file("media", "x\u{85}", png, "").unwrap_err();
    assert_eq!((&*error.name, error.position), ("media", 3));
    assert!(matches!(
        error.kind,
        PartErrorKind::ControlCharacter {
            parameter: "file name",
            character: '\u{85}',
            offset: 1,
            ..
        }
    ));
}

#[test]
fn a_boundary_is_1_to_70_letters_and_digits() {
    for allowed in ["a", "aZ09", &"a".repeat(70)] {
        assert_eq!(Boundary::new(allowed).unwrap().to_string(), allowed);
    }
    let too_long = "a".repeat(71);
    for refused in [
        "", &too_long, " ", "a-b", "a_b", "a\"b", "é", "a\r\n", "a'b",
    ] {
        assert!(Boundary::new(refused).is_err(), "{refused:?}");
    }
}

#[test]
fn random_boundaries_are_32_letters_and_digits_and_differ() {
    let boundaries: std::collections::HashSet<_> = (0..100).map(|_| Boundary::random()).collect();
    assert_eq!(boundaries.len(), 100);
    for boundary in boundaries {
        assert_eq!(boundary.as_str().len(), 32);
        assert_eq!(Boundary::new(boundary.as_str()), Ok(boundary));
    }
}
