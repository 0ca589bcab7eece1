//! A bound on the memory that pictures take.

use std::{fs, path::PathBuf, pin::pin};

use futures_util::FutureExt;
use tempfile::TempDir;
use wxpay_media::{Endpoint, Image, ImageError, MemoryBudget, request};

use crate::pictures::{merchant, png_of};

fn file(folder: &TempDir, size: usize) -> PathBuf {
    let path = folder.path().join(format!("{size}.png"));
    fs::write(&path, png_of(size)).unwrap();
    path
}

#[tokio::test]
async fn reads_what_a_path_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, 1000);
    let image = MemoryBudget::default().read(&path).await.unwrap();
    let other = Image::from_path(&path).await.unwrap();
    assert_eq!(image.bytes(), other.bytes());
    assert_eq!(image.hash(), other.hash());
    assert_eq!(image.name(), other.name());
}

#[tokio::test]
async fn the_next_waits_until_nobody_has_the_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, 1000);
    // Less than a picture is asked for: it has enough for one all the same.
    let budget = MemoryBudget::new(1);
    let image = budget.read(&path).await.unwrap();
    let mut next = pin!(budget.read(&path));
    assert!(next.as_mut().now_or_never().is_none());

    let request = request::upload(&merchant(), &Endpoint::default(), &image);
    drop(image);
    tokio::task::yield_now().await;
    assert!(next.as_mut().now_or_never().is_none());

    drop(request);
    next.await.unwrap();
}

#[tokio::test]
async fn a_small_picture_takes_little() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, 1000);
    let budget = MemoryBudget::new(Image::LIMIT + 999 * 1000);
    let mut images = Vec::new();
    for _ in 0..1000 {
        images.push(budget.read(&path).await.unwrap());
    }
    assert!(pin!(budget.read(&path)).now_or_never().is_none());
}

#[tokio::test]
async fn a_failure_takes_none() {
    let folder = tempfile::tempdir().unwrap();
    let budget = MemoryBudget::new(1);
    let none = budget.read(folder.path().join("none.png")).await;
    assert!(matches!(none, Err(ImageError::Read(_))));
    let large = budget.read(file(&folder, Image::LIMIT)).await;
    assert!(matches!(large, Err(ImageError::TooLarge { .. })));
    let picture = budget.read(file(&folder, Image::LIMIT - 1)).await;
    assert_eq!(picture.unwrap().bytes().len(), Image::LIMIT - 1);
}
