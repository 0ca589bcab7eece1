//! `wxpay upload --dry-run`: all of an upload except the sending.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;
use wxpay_media::{Image, Merchant, request};
use wxpay_sign::Params;

use super::{outcome::FileOutcome, picture};
use crate::{args::UploadArgs, terminal};

/// Checks every file and prints its request; returns true if all could be sent.
pub(super) async fn run(args: &UploadArgs, merchant: &Merchant) -> anyhow::Result<bool> {
    let (mut all_good, budget) = (true, picture::memory_budget());
    for file in &args.files {
        let read = picture::read(file, &budget).await;
        all_good &= read.is_ok();
        match read {
            Ok(image) => show(file, &image, merchant, args.json)?,
            Err(failure) => FileOutcome::failed(file, failure).print(args.json)?,
        }
    }
    Ok(all_good)
}

#[derive(Serialize)]
struct Shown<'a> {
    file: &'a str,
    media_hash: &'a str,
    bytes: usize,
    canonical: String,
    fields: BTreeMap<&'a str, &'a str>,
    /// The file part, without its bytes.
    media: Media<'a>,
}

#[derive(Serialize)]
struct Media<'a> {
    filename: &'a str,
    content_type: &'a str,
}

fn show(file: &Path, image: &Image, merchant: &Merchant, json: bool) -> anyhow::Result<()> {
    let file = file.to_string_lossy();
    let signed = request::fields(merchant, image.hash());
    let fields = signed.iter().map(|(name, value)| (*name, value.as_str()));
    let shown = Shown {
        file: &file,
        media_hash: image.hash().as_str(),
        bytes: image.bytes().len(),
        canonical: Params::new(&signed)?.canonical().masked().to_string(),
        fields: fields.clone().collect(),
        media: Media {
            filename: image.name(),
            content_type: image.format().media_type(),
        },
    };
    if json {
        return Ok(terminal::print_json(&shown)?);
    }
    let (name, kind) = (shown.media.filename, shown.media.content_type);
    let media = format!("{name} ({kind}, {} bytes)", shown.bytes);
    terminal::print(&terminal::one_line(&file))?;
    let mut lines = vec![("hash", shown.media_hash), ("canonical", &shown.canonical)];
    lines.extend(fields);
    lines.push(("media", &media));
    for (name, value) in lines {
        terminal::print(&format!("  {name:<11} {}", terminal::one_line(value)))?;
    }
    Ok(())
}
