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
        (b"\x89PNG\r\n\x1a\n", "unknown"),
        (b"\xff\xd8", "unknown"),
        (b"\xff\xff\xff\xff", "unknown"),
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
fn an_extension_that_does_not_fit_is_a_warning() {
    let warnings = |name: &str| Image::from_bytes(name, jpeg()).unwrap().warnings().count();
    assert_eq!(
        warnings("a.jpg") + warnings("a.JPEG") + warnings("a.b.Jpg"),
        0
    );
    assert_eq!(
        (warnings("a.png"), warnings("jpg"), warnings("a.")),
        (1, 1, 1)
    );
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
    assert!(matches!(
        read("text.jpg").await,
        ImageError::NotAPicture { found: "text" }
    ));
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
