//! File names: checked where the caller gives them, mended where a path does.

use std::{fs, path::Path};

use proptest::prelude::*;
use wxpay_media::{FileNameError, Image, ImageError, MerchantId};

use crate::pictures::png;

fn given(name: &str) -> Result<Image, FileNameError> {
    match Image::from_bytes(name, png()) {
        Ok(image) => Ok(image),
        Err(ImageError::Name(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

async fn of_path(name: impl AsRef<Path>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, png()).unwrap();
    Image::from_path(path).await.unwrap().name().to_owned()
}

#[test]
fn a_given_name_is_refused_with_the_reason() {
    for (name, expected) in [
        ("", FileNameError::Empty),
        (&"x".repeat(257), FileNameError::TooLong { length: 257 }),
        ("a\nb.png", FileNameError::Character { position: 2 }),
        ("a\u{7f}.png", FileNameError::Character { position: 2 }),
        ("图\u{85}.png", FileNameError::Character { position: 2 }),
        ("😀.png", FileNameError::Character { position: 1 }),
        ("a.png\\", FileNameError::FinalBackslash),
    ] {
        assert_eq!(given(name).unwrap_err(), expected);
    }
}

#[test]
fn the_limit_counts_characters() {
    assert_eq!(
        given(&("图".repeat(252) + ".png"))
            .unwrap()
            .name()
            .chars()
            .count(),
        256
    );
    given("\u{ffff}.png").unwrap();
    given(r#"a "quoted" \ name.png"#).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_paths_name_is_mended() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    assert_eq!(of_path("a\n\t\u{7f}b.png").await, "a___b.png");
    assert_eq!(of_path("😀.png").await, "_.png");
    assert_eq!(of_path("back\\").await, "back_.png");
    assert_eq!(
        of_path(OsStr::from_bytes(b"caf\xe9.png")).await,
        "caf\u{fffd}.png"
    );
}

#[test]
fn a_merchant_id_is_short_and_plain() {
    for good in ["1", "1900000109", &"9".repeat(32)] {
        assert_eq!(MerchantId::new(good).unwrap().as_str(), good);
    }
    for wrong in [
        "",
        &"9".repeat(33),
        " 1900000109",
        "1900000109\n",
        "١٢٣",
        "a=b&c",
    ] {
        MerchantId::new(wrong).unwrap_err();
    }
}

proptest! {
    #[test]
    fn a_name_that_is_taken_can_be_sent(name in any::<String>()) {
        if let Ok(image) = given(&name) {
            let merchant = crate::pictures::merchant();
            let _ = wxpay_media::request::upload(&merchant, &Default::default(), &image);
            prop_assert!(image.name().ends_with(".png") || image.name() == name);
            prop_assert!(image.name().chars().count() <= 256);
        }
    }
}
