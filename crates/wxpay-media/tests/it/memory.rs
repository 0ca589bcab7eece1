//! A bound on the memory of pictures.

use std::{fs, path::PathBuf, pin::pin};

use futures_util::{FutureExt, future::join_all};
use tempfile::TempDir;
use tokio::runtime::Builder;
use wxpay_media::{Endpoint, Image, ImageError, MemoryBudget, request};
use wxpay_sign::ContentMd5;

use crate::pictures::{merchant, png_of};

/// A picture of this size in a folder that is removed on drop.
fn file(size: usize) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("{size}.png"));
    fs::write(&path, png_of(size)).unwrap();
    (folder, path)
}

#[tokio::test]
async fn a_budget_reads_the_same_picture_as_a_path() {
    let (_folder, path) = file(1000);
    let image = MemoryBudget::default().read(&path).await.unwrap();
    let other = Image::from_path(&path).await.unwrap();
    assert_eq!(image.bytes(), other.bytes());
    assert_eq!(image.hash(), other.hash());
    assert_eq!(image.name(), other.name());
}

#[tokio::test]
async fn the_next_waits_until_the_bytes_are_dropped() {
    let (_folder, path) = file(1000);
    // The budget is at least enough for one picture.
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
async fn a_small_picture_takes_a_small_share() {
    let (_folder, path) = file(1000);
    let budget = MemoryBudget::new(Image::LIMIT + 999 * 1000);
    let mut images = Vec::new();
    for _ in 0..1000 {
        images.push(budget.read(&path).await.unwrap());
    }
    assert!(pin!(budget.read(&path)).now_or_never().is_none());
}

#[tokio::test]
async fn a_failure_takes_no_share() {
    let ((_large, large), (_picture, picture)) = (file(Image::LIMIT), file(Image::LIMIT - 1));
    let budget = MemoryBudget::new(1);
    let none = budget.read(picture.with_file_name("none.png")).await;
    assert!(matches!(none, Err(ImageError::Read(_))));
    let large = budget.read(large).await;
    assert!(matches!(large, Err(ImageError::TooLarge(_))));
    let picture = budget.read(picture).await;
    assert_eq!(picture.unwrap().bytes().len(), Image::LIMIT - 1);
}

#[tokio::test(start_paused = true)]
async fn one_picture_alone_does_not_wait_for_others() {
    let (_folder, path) = file(1000);
    let start = tokio::time::Instant::now();
    MemoryBudget::default().read(&path).await.unwrap();
    assert!(start.elapsed().is_zero());
}

#[tokio::test]
async fn pictures_read_together_have_their_own_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let budget = &MemoryBudget::new(40 * Image::LIMIT);
    let sizes = [1000, 70_000, 63, 64, 4000, 1_999_999, 120, 55, 56, 300_000];
    let mut sizes: Vec<usize> = sizes.into_iter().cycle().take(40).collect();
    // Two files are missing.
    sizes[3] = 0;
    sizes[17] = 0;
    let reads = sizes.iter().enumerate().map(|(index, size)| {
        let path = folder.path().join(format!("{index}.png"));
        if *size > 0 {
            fs::write(&path, png_of(*size)).unwrap();
        }
        async move { budget.read(path).await }
    });
    for (size, read) in sizes.iter().zip(join_all(reads.collect::<Vec<_>>()).await) {
        match read {
            Ok(image) => {
                assert_eq!(image.bytes(), &png_of(*size));
                assert_eq!(*image.hash(), ContentMd5::of(&png_of(*size)));
            }
            Err(error) => assert!(*size == 0 && matches!(error, ImageError::Read(_))),
        }
    }
}

#[tokio::test]
async fn a_dropped_read_takes_no_share() {
    let (_folder, path) = file(Image::LIMIT - 1);
    let budget = MemoryBudget::new(8 * Image::LIMIT);
    // Dropped before they have a share, before they are read, and while they are read.
    for polls in 0..4 {
        let mut reads: Vec<_> = (0..8).map(|_| Box::pin(budget.read(&path))).collect();
        for _ in 0..polls {
            for read in &mut reads {
                assert!(read.as_mut().now_or_never().is_none_or(|read| read.is_ok()));
            }
            tokio::task::yield_now().await;
        }
        drop(reads.split_off(1));
        reads.remove(0).await.unwrap();
    }
    // All shares are free again.
    let all = join_all((0..8).map(|_| budget.read(&path))).await;
    assert!(all.iter().all(Result::is_ok));
}

#[test]
fn a_runtime_that_ends_keeps_no_picture_of_another() {
    let (_folder, path) = file(1000);
    let budget = MemoryBudget::default();
    let runtime = || {
        Builder::new_current_thread()
            .max_blocking_threads(1)
            .build()
            .unwrap()
    };
    let (one, other) = (runtime(), runtime());
    // The only thread of this runtime is busy: the pictures that it should read are dropped with
    // it.
    let (release, busy) = std::sync::mpsc::channel::<()>();
    one.spawn_blocking(move || busy.recv());
    let mut of_one = Box::pin(budget.read(&path));
    let mut of_other = Box::pin(budget.read(&path));
    for _ in 0..2 {
        one.block_on(async { assert!(of_one.as_mut().now_or_never().is_none()) });
    }
    for _ in 0..2 {
        other.block_on(async { assert!(of_other.as_mut().now_or_never().is_none()) });
    }
    one.shutdown_background();
    drop(release);
    other.block_on(of_other).unwrap();
}
