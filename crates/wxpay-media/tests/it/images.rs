//! The checks of pictures and of their names.

use std::{fs, path::Path};

use proptest::prelude::*;
use wxpay_media::{FileNameError, Image, ImageError, Warning};

use crate::pictures::{bmp, jpeg, merchant, png, png_of};

fn refused(bytes: &[u8]) -> ImageError {
    Image::from_bytes("a.jpg", bytes.to_vec()).unwrap_err()
}

#[test]
fn the_kind_of_a_file_that_is_no_picture_is_named() {
    let behind = [b"\r\n".as_slice(), &jpeg()].concat();
    for (bytes, expected) in [
        (b"https://example.test/licence.jpg".as_slice(), "is a URL;"),
        (b"\0\0\0\x18ftypheic", "is a HEIC;"),
        (b"\x89PNG\r\n\x1a\n", "header is cut"),
        (b"a\0b", "unknown kind, beginning with 61 00 62"),
        (&behind, r#"a JPEG with 2 bytes before it ("\r\n")"#),
    ] {
        let error = refused(bytes);
        assert!(matches!(error, ImageError::NotAPicture { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
}

#[test]
fn the_limits_are_exact_to_the_byte() {
    assert!(matches!(refused(b""), ImageError::Empty));
    let size = Some(Image::LIMIT);
    let error = refused(&png_of(Image::LIMIT));
    assert!(matches!(error, ImageError::TooLarge(found) if found == size));
    for (size, is_near) in [(1_999_999, false), (2_000_000, true), (2_097_151, true)] {
        let image = Image::from_bytes("a.png", png_of(size)).unwrap();
        let expected = is_near.then_some(Warning::NearLimit(size));
        assert!(image.warnings().eq(expected), "{size}");
    }
}

#[test]
fn the_name_that_is_sent_has_the_formats_extension_and_a_warning_says_so() {
    for name in ["a.jpg", "a.JPEG", "a.b.Jpg"] {
        let image = Image::from_bytes(name, jpeg()).unwrap();
        assert_eq!((image.name(), image.warnings().count()), (name, 0));
    }
    let longest = "图".repeat(256);
    let cut = "图".repeat(252) + ".jpg";
    for (given, sent) in [
        ("a.jfif", "a.jpg"),
        ("a.jpe", "a.jpg"),
        ("a.png", "a.jpg"),
        ("jpg", "jpg.jpg"),
        ("a.", "a.jpg"),
        ("licence.2024", "licence.2024.jpg"),
        (&longest, &cut),
    ] {
        let image = Image::from_bytes(given, jpeg()).unwrap();
        let name = sent.to_owned();
        assert_eq!(image.name(), sent);
        assert!(image.warnings().eq([Warning::Renamed(name)]), "{given}");
    }
}

#[test]
fn a_truncated_picture_has_a_warning_and_a_padded_one_has_none() {
    for (name, picture) in [("a.jpg", jpeg()), ("a.png", png()), ("a.bmp", bmp())] {
        let warning = |bytes: &[u8]| {
            let image = Image::from_bytes(name, bytes.to_vec()).unwrap();
            image.warnings().next()
        };
        let padded = [picture.as_slice(), &[0; 200_000]].concat();
        assert_eq!(
            (warning(&picture), warning(&padded)),
            (None, None),
            "{name}"
        );
        let half = warning(&picture[..picture.len() - 2]);
        assert!(matches!(half, Some(Warning::Truncated(_))), "{name}");
        assert!(half.unwrap().to_string().contains("truncated"));
    }
}

#[tokio::test]
async fn a_file_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("图.png");
    fs::write(&path, png_of(100_000)).unwrap();
    let image = Image::from_path(&path).await.unwrap();
    assert_eq!(image.name(), "图.png");
    assert_eq!(image.bytes(), &png_of(100_000));
}

#[tokio::test]
async fn a_path_of_no_readable_picture_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("empty.jpg"), "").unwrap();
    fs::write(path("large.png"), png_of(Image::LIMIT)).unwrap();
    fs::write(path("text.jpg"), "not a picture").unwrap();

    let read = async |name: &str| Image::from_path(path(name)).await.unwrap_err();
    assert!(matches!(read("missing.jpg").await, ImageError::Read(_)));
    assert!(matches!(read("").await, ImageError::NotAFile));
    assert!(matches!(read("empty.jpg").await, ImageError::Empty));
    let large = read("large.png").await;
    assert!(matches!(large, ImageError::TooLarge(_)));
    let expected = "the file is text; the gateway takes JPEG, PNG and BMP";
    assert_eq!(read("text.jpg").await.to_string(), expected);
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_without_a_writer_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.jpg");
    let mkfifo = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(mkfifo.unwrap().success());
    let error = Image::from_path(pipe).await.unwrap_err();
    assert!(matches!(error, ImageError::NotAFile));
}

#[tokio::test]
async fn a_reader_is_read_to_its_end_or_to_the_limit() {
    let bytes = png_of(5000);
    let image = Image::from_reader("a.png", bytes.as_slice()).await.unwrap();
    assert_eq!(image.bytes(), &bytes);
    let endless = Image::from_reader("a.png", tokio::io::repeat(1)).await;
    assert!(matches!(endless.unwrap_err(), ImageError::TooLarge(None)));
}

fn named(name: &str) -> Result<Image, FileNameError> {
    match Image::from_bytes(name, png()) {
        Ok(image) => Ok(image),
        Err(ImageError::Name(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_name_that_cannot_be_sent_is_an_error() {
    for (name, expected) in [
        ("", FileNameError::Empty),
        (&"x".repeat(257), FileNameError::TooLong(257)),
        ("a\nb.png", FileNameError::Character(2)),
        ("a\u{7f}.png", FileNameError::Character(2)),
        ("图\u{85}.png", FileNameError::Character(2)),
        ("😀.png", FileNameError::Character(1)),
        ("a.png\\", FileNameError::FinalBackslash),
    ] {
        assert_eq!(named(name).unwrap_err(), expected);
    }
    let longest = "图".repeat(252) + ".png";
    for name in [&longest, "\u{ffff}.png", r#"a "quoted" \ name.png"#] {
        assert_eq!(named(name).unwrap().name(), name);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn characters_that_the_gateway_refuses_in_a_name_are_replaced() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let latin1 = OsStr::from_bytes(b"caf\xe9.png");
    for (name, sent) in [
        (OsStr::new("a\n\t\u{7f}b.png"), "a___b.png"),
        (OsStr::new("😀.png"), "_.png"),
        (OsStr::new("back\\"), "back_.png"),
        (latin1, "caf\u{fffd}.png"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(Path::new(name));
        fs::write(&path, png()).unwrap();
        assert_eq!(Image::from_path(path).await.unwrap().name(), sent);
    }
}

proptest! {
    #[test]
    fn an_accepted_name_can_be_sent(name in any::<String>()) {
        if let Ok(image) = named(&name) {
            let _ = wxpay_media::request::upload(&merchant(), &Default::default(), &image);
            prop_assert!(image.name().ends_with(".png") || image.name() == name);
            prop_assert!(image.name().chars().count() <= 256);
        }
    }
}
