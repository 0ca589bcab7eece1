//! What is a picture worth sending.

use std::fs;

use proptest::prelude::*;
use wxpay_media::{Format, Image, ImageError, Warning};

use crate::pictures::{bmp, jpeg, png, png_of};

fn refused(bytes: &[u8]) -> ImageError {
    Image::from_bytes("a.jpg", bytes.to_vec()).unwrap_err()
}

#[test]
fn each_format_is_told_by_its_header_not_by_its_name() {
    for (bytes, format, media_type) in [
        (jpeg(), Format::Jpeg, "image/jpeg"),
        (png(), Format::Png, "image/png"),
        (bmp(), Format::Bmp, "image/bmp"),
    ] {
        let image = Image::from_bytes("whatever.gif", bytes).unwrap();
        assert_eq!(image.format(), format);
        assert_eq!(image.format().media_type(), media_type);
    }
}

#[test]
fn the_old_bitmap_header_is_known_too() {
    let mut bytes = b"BM\x1e\0\0\0\0\0\0\0\x1a\0\0\0\x0c\0\0\0\x01\0\x01\0\x01\0\x18\0".to_vec();
    bytes.extend([0xff; 4]);
    assert_eq!(Format::detect(&bytes), Some(Format::Bmp));
}

#[test]
fn what_is_sent_by_mistake_is_named() {
    for (bytes, expected) in [
        (
            b"BMW is a car, and this is a text about it".as_slice(),
            "text",
        ),
        (b"https://example.test/licence.jpg", "a URL"),
        (b"data:image/png;base64,iVBORw0KGgo=", "a data URL"),
        (b"/9j/4AAQSkZJRg==", "base64"),
        (b"iVBORw0KGgoAAAANSUhEUg==", "base64"),
        (b"<html>404</html>", "HTML"),
        (b"{\"errcode\":40001}", "JSON"),
        (b"GIF89a", "a GIF"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "a WebP"),
        (b"\0\0\0\x18ftypheic", "a HEIC"),
        (b"%PDF-1.7", "a PDF"),
        (b"\0\0\0\x18ftypmif1", "a HEIC"),
        (b"\0\x05\x16\x07\0\x02\0\0", "AppleDouble"),
        (b"8BPS\0\x01", "a Photoshop file"),
        (b"\x1f\x8b\x08", "compressed with gzip"),
        (b"\x89PNG\r\n\x1a\n", "header is cut"),
        (b"\xff\xd8", "header is cut"),
        (
            b"\xff\xff\xff\xff",
            "unknown kind, beginning with ff ff ff ff",
        ),
        (b"a\0b", "unknown kind, beginning with 61 00 62"),
        (
            &[b"\r\n".as_slice(), &jpeg()].concat(),
            r#"a JPEG with 2 bytes before it ("\r\n")"#,
        ),
    ] {
        let error = refused(bytes);
        assert!(matches!(error, ImageError::NotAPicture { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
}

#[test]
fn a_png_without_width_or_height_is_none() {
    let mut flat = png();
    flat[16..20].fill(0);
    assert_eq!(Format::detect(&flat), None);
}

#[test]
fn the_limits_hold_to_the_byte() {
    assert!(matches!(refused(b""), ImageError::Empty));
    assert!(matches!(
        refused(&png_of(Image::LIMIT)),
        ImageError::TooLarge {
            size: Some(Image::LIMIT)
        }
    ));
    let warnings = |size| {
        let image = Image::from_bytes("a.png", png_of(size)).unwrap();
        image.warnings().collect::<Vec<_>>()
    };
    assert_eq!(warnings(1_999_999), []);
    assert_eq!(
        warnings(2_000_000),
        [Warning::NearLimit { size: 2_000_000 }]
    );
    assert_eq!(
        warnings(2_097_151),
        [Warning::NearLimit { size: 2_097_151 }]
    );
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
        assert!(image.warnings().eq([Warning::Renamed { name }]), "{given}");
    }
}

#[test]
fn half_a_picture_is_a_warning_and_padding_behind_a_whole_one_is_none() {
    for (name, picture) in [("a.jpg", jpeg()), ("a.png", png()), ("a.bmp", bmp())] {
        let warnings = |bytes: &[u8]| {
            Image::from_bytes(name, bytes.to_vec())
                .unwrap()
                .warnings()
                .next()
        };
        let padded = [picture.as_slice(), &[0; 200_000]].concat();
        assert_eq!(
            (warnings(&picture), warnings(&padded)),
            (None, None),
            "{name}"
        );
        let warning = warnings(&picture[..picture.len() - 2]);
        assert!(matches!(warning, Some(Warning::Truncated { .. })), "{name}");
        assert!(warning.unwrap().to_string().contains("truncated"));
    }
}

#[tokio::test]
async fn a_file_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("图.png");
    fs::write(&path, png_of(100_000)).unwrap();

    let image = Image::from_path(&path).await.unwrap();

    assert_eq!(image.name(), "图.png");
    assert_eq!(image.bytes(), &png_of(100_000));
}

#[tokio::test]
async fn what_is_no_readable_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("empty.jpg"), "").unwrap();
    fs::write(path("large.png"), png_of(Image::LIMIT)).unwrap();
    fs::write(path("text.jpg"), "not a picture").unwrap();

    let read = async |name: &str| Image::from_path(path(name)).await.unwrap_err();
    assert!(matches!(read("missing.jpg").await, ImageError::Read(_)));
    assert!(matches!(read("").await, ImageError::NotAFile));
    assert!(matches!(read("empty.jpg").await, ImageError::Empty));
    assert!(matches!(
        read("large.png").await,
        ImageError::TooLarge { .. }
    ));
    let error = read("text.jpg").await.to_string();
    assert_eq!(
        error,
        "the file is text; the gateway takes JPEG, PNG and BMP"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_that_nobody_writes_to_does_not_hang() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.jpg");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    assert!(matches!(
        Image::from_path(pipe).await.unwrap_err(),
        ImageError::NotAFile
    ));
}

#[tokio::test]
async fn a_reader_is_read_to_its_end_and_no_further_than_allowed() {
    let image = Image::from_reader("a.png", png_of(5000).as_slice())
        .await
        .unwrap();
    assert_eq!(image.bytes().len(), 5000);

    let endless = Image::from_reader("a.png", tokio::io::repeat(1))
        .await
        .unwrap_err();
    assert!(matches!(endless, ImageError::TooLarge { size: None }));
}

proptest! {
    #[test]
    fn detecting_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Format::detect(&bytes);
        let mut bitmap = b"BM".to_vec();
        bitmap.extend(bytes);
        let _ = Format::detect(&bitmap);
    }
}
