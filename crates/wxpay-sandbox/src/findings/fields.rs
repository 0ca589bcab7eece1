//! The fields of a form: their presence, names and values.

use super::Findings;
use crate::{
    limits::FIELDS,
    request::form::{Form, Part},
};

const REQUIRED: [&str; 4] = ["mch_id", "media", "media_hash", "sign"];

pub(super) fn look(form: &Form, mch_id: &str, findings: &mut Findings<'_>) {
    let parts = &form.parts[..form.parts.len().min(FIELDS)];
    for part in parts {
        let name = findings.quoted(&part.name);
        if part.disposition.file_name_first {
            findings.add("filename-before-name", &[&name]);
        }
        if part.disposition.extended_file_name {
            findings.add("filename-extended", &[&name]);
        }
        let encoding = part.transfer_encoding.as_deref().unwrap_or("binary");
        if !["binary", "8bit", "7bit"].contains(&&*encoding.to_ascii_lowercase()) {
            let encoding = findings.quoted(encoding);
            findings.add("transfer-encoding", &[&name, &encoding]);
        }
    }
    // Nothing is known of the fields behind a part that was not read to its end.
    let is_whole = parts.len() < FIELDS && parts.iter().all(|part| part.content.is_some());
    for name in REQUIRED {
        match parts.iter().filter(|part| part.name == name).count() {
            1 => {}
            0 if is_whole => missing(name, parts, findings),
            0 => {}
            times => findings.add("field-repeated", &[name, &times.to_string()]),
        }
    }
    let is_repeated = |at: usize, name: &str| parts[..at].iter().any(|part| part.name == name);
    let is_other = |(at, part): &(usize, &Part)| {
        !REQUIRED.contains(&&*part.name) && is_repeated(*at, &part.name)
    };
    if let Some((_, part)) = parts.iter().enumerate().find(is_other) {
        let name = findings.quoted(&part.name);
        findings.add("field-repeated/other", &[&name]);
    }
    for part in parts.iter().filter(|part| part.name != "media") {
        value(part, findings);
    }
    if let Some(sent) = form.text("mch_id").filter(|sent| *sent != mch_id) {
        let sent = findings.quoted(sent);
        findings.add("merchant-unknown", &[&sent, mch_id]);
    }
    if let Some(other) = form.text("sign_type")
        && !["", "MD5", "HMAC-SHA256"].contains(&other)
    {
        let other = findings.quoted(other);
        findings.add("sign-type-unknown", &[&other]);
    }
}

fn missing(name: &str, parts: &[Part], findings: &mut Findings<'_>) {
    let squeezed = |name: &str| -> String {
        let letters = name.chars().filter(|character| character.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let mut unknown = parts.iter().filter(|part| !REQUIRED.contains(&&*part.name));
    let is_alike = |part: &&Part| squeezed(&part.name) == squeezed(name);
    let alike = unknown.clone().find(is_alike);
    // A file may be the picture under any name.
    let found = alike.or_else(|| unknown.find(|it| name == "media" && it.file_name.is_some()));
    match found {
        Some(part) => {
            let other = findings.quoted(&part.name);
            findings.add("field-misnamed", &[name, &other]);
        }
        None => findings.add("field-missing", &[name]),
    }
}

fn value(part: &Part, findings: &mut Findings<'_>) {
    let name = &*findings.quoted(&part.name);
    if !part.names_are_utf8 {
        findings.add("not-utf8/name", &[name]);
    }
    let Some(content) = part.content.as_deref() else {
        return;
    };
    if part.file_name.is_some() {
        // A file of another name may be the picture.
        if ["mch_id", "media_hash", "sign", "sign_type"].contains(&part.name.as_str()) {
            findings.add("text-sent-as-file", &[name]);
        }
        return;
    }
    let Ok(text) = str::from_utf8(content) else {
        return findings.add("not-utf8", &[name]);
    };
    if text.is_empty() {
        findings.add("field-empty", &[name]);
    } else if text.trim() != text && text.ends_with(['\n', '\r']) {
        findings.add("value-not-trimmed/line", &[name]);
    } else if text.trim() != text {
        findings.add("value-not-trimmed", &[name]);
    } else if text.len() > 1 && text.starts_with(['"', '\'']) && text.ends_with(['"', '\'']) {
        findings.add("value-quoted", &[name]);
    }
    if !crate::rules::is_storable(text) {
        findings.add("emoji", &[name]);
    }
}
