//! The fields of a form: their presence, names and values.

use super::Findings;
use crate::{
    limits::FIELDS,
    request::{Form, Part},
};

const REQUIRED: [&str; 4] = ["mch_id", "media", "media_hash", "sign"];

pub(super) fn look(form: &Form, mch_id: &str, findings: &mut Findings<'_>) {
    let parts = &form.parts[..form.parts.len().min(FIELDS)];
    for part in parts {
        if part.disposition.file_name_first {
            findings.add("filename-before-name", &[&part.name]);
        }
        if part.disposition.extended_file_name {
            findings.add("filename-extended", &[&part.name]);
        }
        let encoding = part.transfer_encoding.as_deref().unwrap_or("binary");
        if !["binary", "8bit", "7bit"].contains(&&*encoding.to_ascii_lowercase()) {
            findings.add("transfer-encoding", &[&part.name, &encoding]);
        }
    }
    // Nothing is known of the fields behind a part that was not read to its end.
    let is_whole = parts.len() < FIELDS && parts.iter().all(|part| part.content.is_some());
    for name in REQUIRED {
        match parts.iter().filter(|part| part.name == name).count() {
            1 => {}
            0 if is_whole => missing(name, parts, findings),
            0 => {}
            times => findings.add("field-repeated", &[&name, &times.to_string()]),
        }
    }
    let is_repeated = |at: usize, name: &str| parts[..at].iter().any(|part| part.name == name);
    let is_other = |(at, part): &(usize, &Part)| {
        !REQUIRED.contains(&&*part.name) && is_repeated(*at, &part.name)
    };
    if let Some((_, part)) = parts.iter().enumerate().find(is_other) {
        findings.add("field-repeated/other", &[&part.name]);
    }
    for part in parts.iter().filter(|part| part.name != "media") {
        value(part, findings);
    }
    if let Some(sent) = form.text("mch_id").filter(|sent| *sent != mch_id) {
        findings.add("merchant-unknown", &[&sent, &mch_id]);
    }
    if let Some(other) = form.text("sign_type")
        && !["", "MD5", "HMAC-SHA256"].contains(&other)
    {
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
        Some(part) => findings.add("field-misnamed", &[&name, &part.name]),
        None => findings.add("field-missing", &[&name]),
    }
}

fn value(part: &Part, findings: &mut Findings<'_>) {
    let mut add = |row| findings.add(row, &[&part.name]);
    if !part.names_are_utf8 {
        add("not-utf8/name");
    }
    let Some(content) = part.content.as_deref() else {
        return;
    };
    if part.file_name.is_some() {
        // A file of another name may be the picture.
        if ["mch_id", "media_hash", "sign", "sign_type"].contains(&part.name.as_str()) {
            add("text-sent-as-file");
        }
        return;
    }
    let Ok(text) = str::from_utf8(content) else {
        return add("not-utf8");
    };
    if text.is_empty() {
        add("field-empty");
    } else if text.trim() != text && text.ends_with(['\n', '\r']) {
        add("value-not-trimmed/line");
    } else if text.trim() != text {
        add("value-not-trimmed");
    } else if text.len() > 1 && text.starts_with(['"', '\'']) && text.ends_with(['"', '\'']) {
        add("value-quoted");
    }
    if !crate::rules::is_storable(text) {
        add("emoji");
    }
}
