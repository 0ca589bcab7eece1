//! The picture.

use super::{
    content,
    finding::{Finding, shown},
    hash,
    kind::Kind,
};
use crate::gateway::{LIMIT, Part, is_picture};

/// From here on a picture is near enough to the limit to be told.
const NEAR: usize = 2_000_000;

pub(super) fn look(parts: &[Part], findings: &mut Vec<Finding>) {
    let Some(media) = parts.iter().find(|part| part.name == "media") else {
        return;
    };
    name(media, findings);
    let Some(bytes) = media.content.as_deref() else {
        return findings.push(Finding::new(
            "media-too-large",
            "media is over 4 MiB, and must be under 2 MiB (2,097,152 bytes): make it smaller",
        ));
    };
    if bytes.is_empty() {
        findings.push(Finding::new(
            "media-empty",
            "media is empty: was its stream read once before, to hash it? Read the file once, and \
             hash and send the same bytes",
        ));
    } else if !is_picture(bytes) {
        let (code, what) = content::identify(bytes);
        findings.push(Finding::new(
            code,
            format!("media is not a JPEG, PNG or BMP: {what}"),
        ));
    } else if let Some(kind) = Kind::of(bytes) {
        picture(kind, media, bytes, findings);
    }
    if bytes.len() >= LIMIT {
        findings.push(Finding::new(
            "media-too-large",
            format!(
                "media has {} bytes, and must be under 2,097,152: make it smaller",
                bytes.len()
            ),
        ));
    } else if bytes.len() >= NEAR {
        findings.push(Finding::new(
            "media-near-limit",
            format!(
                "media has {} bytes: the limit is documented as \"2M\", and this may be over it",
                bytes.len()
            ),
        ));
    }
    if let Some(sent) = parts.iter().find(|part| part.name == "media_hash")
        && bytes.len() < LIMIT
    {
        let sent = sent.content.as_deref().unwrap_or_default();
        hash::look(sent, bytes, media.file_name.as_deref(), findings);
    }
}

fn name(media: &Part, findings: &mut Vec<Finding>) {
    match media.file_name.as_deref() {
        None => findings.push(Finding::new(
            "media-not-a-file",
            "media was sent as a text field: it must be a file field, with filename=\"…\" in its \
             Content-Disposition (curl: -F media=@FILE)",
        )),
        Some("") => findings.push(Finding::new(
            "file-name-empty",
            "the file name of media is empty: a form without a chosen file looks like this",
        )),
        Some(name) if !media.names_are_utf8 || name.contains('\u{fffd}') => {
            findings.push(Finding::new(
                "file-name-not-utf8",
                "the file name of media is not UTF-8: is it GBK? Send an ASCII name, or UTF-8",
            ));
        }
        Some(name) if name.chars().any(|character| character > '\u{ffff}') => {
            findings.push(Finding::new(
                "emoji",
                "the file name of media has a character beyond U+FFFF (an emoji): WeChat Pay cannot \
                 store it",
            ));
        }
        Some(name) if name.contains(['/', '\\']) => findings.push(Finding::new(
            "file-name-path",
            format!(
                "the file name of media is a path, {}: send the last part",
                shown(name)
            ),
        )),
        Some(_) => {}
    }
    if media.file_name.is_some() && media.content_type.is_none() {
        findings.push(Finding::new(
            "media-type-missing",
            "the part media has no Content-Type: send the picture's own (image/jpeg, image/png, \
             image/bmp)",
        ));
    }
}

fn picture(kind: Kind, media: &Part, bytes: &[u8], findings: &mut Vec<Finding>) {
    if !kind.is_whole(bytes) {
        findings.push(Finding::new(
            "media-truncated",
            format!(
                "media is {} whose end is missing after {} bytes: was it read or downloaded to its \
                 end?",
                kind.name(),
                bytes.len()
            ),
        ));
    }
    if let Some(stated) = &media.content_type
        && !stated.eq_ignore_ascii_case(kind.media_type())
        && !stated.eq_ignore_ascii_case("image/jpg")
    {
        findings.push(Finding::new(
            "media-type-other",
            format!(
                "the part media says it is {}, and it is {}: send {}",
                shown(stated),
                kind.name(),
                kind.media_type()
            ),
        ));
    }
    let name = media.file_name.as_deref().unwrap_or_default();
    let extension = name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase());
    let is_fitting = extension
        .as_deref()
        .is_some_and(|extension| kind.extensions().contains(&extension));
    if !name.is_empty() && !is_fitting {
        findings.push(Finding::new(
            "extension",
            format!(
                "the file name {} does not end like {}: name it .{}",
                shown(name),
                kind.name(),
                kind.extensions()[0]
            ),
        ));
    }
}
