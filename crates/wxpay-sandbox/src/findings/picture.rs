//! The picture, or another file in its place.

use wxpay_picture::{Content, Format};

use super::{Findings, hash, messages::KINDS_ZH};
use crate::{
    request::{Form, Part},
    rules::{NAME_LIMIT, PICTURE_LIMIT, is_storable},
};

/// A picture of this size is near enough to the limit for a finding.
const NEAR: usize = 2_000_000;

pub(super) fn look(form: &Form, findings: &mut Findings<'_>) {
    let Some(media) = form.part("media") else {
        return;
    };
    name(media, findings);
    let Some(bytes) = media.content.as_deref() else {
        return findings.add("media-too-large/unread", &[]);
    };
    let length = bytes.len().to_string();
    match Format::detect(bytes) {
        _ if bytes.is_empty() => findings.add("media-empty", &[]),
        Some(format) => picture(format, media, bytes, findings),
        None => other(bytes, findings),
    }
    if bytes.len() >= PICTURE_LIMIT {
        return findings.add("media-too-large", &[&length]);
    }
    if bytes.len() >= NEAR {
        findings.add("media-near-limit", &[&length]);
    }
    if let Some(sent) = form.part("media_hash") {
        let sent = sent.content.as_deref().unwrap_or_default();
        let right = form.media_md5().as_str();
        hash::look(sent, right, bytes, form.file_name(), findings);
    }
}

/// A file that is no picture.
fn other(bytes: &[u8], findings: &mut Findings<'_>) {
    // Its beginning may be shown.
    let bytes = findings.redactor.bytes(bytes);
    let content = Content::of(&bytes);
    let code = content.code().unwrap_or("media-unknown");
    let is_text = matches!(content, Content::Other(_)) && str::from_utf8(&bytes).is_ok();
    let shown = match is_text && code != "media-is-pem" {
        true => format!(" ({})", findings.redactor.quoted(bytes.trim_ascii())),
        false => String::new(),
    };
    let (what, advice) = (content.to_string(), content.advice());
    let zh = KINDS_ZH.iter().find(|row| row.0 == code);
    let zh = zh.map_or("", |row| row.1);
    let (en, zh) = findings.worded("media-is", &[&what, &shown, &advice, &zh]);
    findings.push(code, en, zh);
}

fn name(media: &Part, findings: &mut Findings<'_>) {
    match media.file_name.as_deref() {
        None => findings.add("media-not-a-file", &[]),
        Some("") => findings.add("file-name-empty", &[]),
        Some(name) if !media.names_are_utf8 || name.contains('\u{fffd}') => {
            findings.add("file-name-not-utf8", &[]);
        }
        Some(name) if name.chars().count() > NAME_LIMIT => findings.add("file-name-long", &[]),
        Some(name) if !is_storable(name) => findings.add("emoji/file", &[]),
        Some(name) if name.contains(['/', '\\']) => findings.add("file-name-path", &[&name]),
        Some(_) => {}
    }
    if media.file_name.is_some() && media.content_type.is_none() {
        findings.add("media-type-missing", &[]);
    }
}

fn picture(format: Format, media: &Part, bytes: &[u8], findings: &mut Findings<'_>) {
    let (kind, length) = (format.to_string(), bytes.len().to_string());
    if !format.is_whole(bytes) {
        findings.add("media-truncated", &[&kind, &length]);
    }
    let right = format.media_type();
    if let Some(stated) = &media.content_type
        && !stated.eq_ignore_ascii_case(right)
        && !stated.eq_ignore_ascii_case("image/jpg")
    {
        findings.add("media-type-other", &[stated, &kind, &right]);
    }
    let name = media.file_name.as_deref().unwrap_or_default();
    let right_name = format.right_name(name);
    if !name.is_empty() && right_name != name {
        findings.add("extension", &[&name, &kind, &right_name.as_bytes()]);
    }
}
