//! The fields of a form: their presence, names and values.

use std::collections::HashSet;

use super::Findings;
use crate::{
    limits::FIELDS,
    request::{Form, Part},
    rules::{FORMATS, REQUIRED, is_storable},
};

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
    // The fields behind a part that was not read to its end are not known.
    let is_whole = parts.len() < FIELDS && parts.iter().all(|part| part.content.is_some());
    let is_whole = is_whole && !form.too_large;
    for name in REQUIRED {
        match parts.iter().filter(|part| part.name == name).count() {
            1 => {}
            0 if is_whole => missing(name, parts, findings),
            0 => {}
            times => findings.add("field-repeated", &[&name, &times.to_string()]),
        }
    }
    let mut names = HashSet::new();
    let mut others = parts.iter().filter(|part| !REQUIRED.contains(&&*part.name));
    if let Some(part) = others.find(|part| !names.insert(&part.name)) {
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
    // A file under any name may be the picture.
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
        if FORMATS.iter().any(|row| row.0 == part.name) {
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
    if !is_storable(text) {
        add("emoji");
    }
}
