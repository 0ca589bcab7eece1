//! The values of the text fields.

use super::{
    finding::{Finding, shown},
    text,
};
use crate::gateway::Part;

pub(super) fn look(parts: &[Part], mch_id: &str, findings: &mut Vec<Finding>) {
    for part in parts.iter().filter(|part| part.name != "media") {
        let Some(content) = part.content.as_deref() else {
            continue;
        };
        let name = shown(&part.name);
        if part.file_name.is_some() {
            // Another is the picture, under a wrong name.
            if ["mch_id", "media_hash", "sign", "sign_type"].contains(&part.name.as_str()) {
                findings.push(Finding::new(
                    "text-sent-as-file",
                    format!(
                        "{name} was sent as a file: only media is one, all else are text fields"
                    ),
                ));
            }
            continue;
        }
        match str::from_utf8(content) {
            Err(_) => findings.push(Finding::new(
                "not-utf8",
                format!("the value of {name} is not UTF-8: is it GBK?"),
            )),
            Ok(text) => value(&name, text, findings),
        }
    }
    if let Some(sent) = text(parts, "mch_id")
        && sent != mch_id
    {
        findings.push(Finding::new(
            "merchant-unknown",
            format!(
                "mch_id is {}, and this sandbox's merchant is {mch_id}",
                shown(sent)
            ),
        ));
    }
    match text(parts, "sign_type") {
        None | Some("" | "MD5" | "HMAC-SHA256") => {}
        Some(other) => findings.push(Finding::new(
            "sign-type-unknown",
            format!(
                "sign_type is {}, which means MD5, as anything but HMAC-SHA256 does (in capitals, \
                 with one hyphen)",
                shown(other)
            ),
        )),
    }
}

fn value(name: &str, text: &str, findings: &mut Vec<Finding>) {
    if text.is_empty() {
        findings.push(Finding::new(
            "field-empty",
            format!("{name} is empty: empty values are not signed, and need not be sent"),
        ));
    } else if text.trim() != text {
        let what = if text.ends_with(['\n', '\r']) {
            "a line end"
        } else {
            "white space"
        };
        findings.push(Finding::new(
            "value-not-trimmed",
            format!("the value of {name} has {what} around it, which is part of what is signed"),
        ));
    } else if text.len() > 1 && text.starts_with(['"', '\'']) && text.ends_with(['"', '\'']) {
        findings.push(Finding::new(
            "value-quoted",
            format!("the value of {name} has quotes around it, which are part of the value"),
        ));
    }
    if text.chars().any(|character| character > '\u{ffff}') {
        findings.push(Finding::new(
            "emoji",
            format!("{name} has a character beyond U+FFFF (an emoji): WeChat Pay cannot store it"),
        ));
    }
}
