//! The parts of a form: which there are, and what they are called.

use super::finding::{Finding, shown};
use crate::{gateway::Part, record::FIELDS};

const REQUIRED: [&str; 4] = ["mch_id", "media", "media_hash", "sign"];

pub(super) fn look(parts: &[Part], findings: &mut Vec<Finding>) {
    for part in parts {
        if part.disposition.file_name_first {
            findings.push(Finding::new(
                "filename-before-name",
                format!(
                    "in the Content-Disposition of {}, filename comes before name: WeChat's parsers \
                     want name first",
                    shown(&part.name)
                ),
            ));
        }
        if part.disposition.extended_file_name {
            findings.push(Finding::new(
                "filename-extended",
                format!(
                    "the Content-Disposition of {} has filename*=, which WeChat's parsers do not \
                     read: send filename=\"…\" alone, in plain UTF-8, or an ASCII name",
                    shown(&part.name)
                ),
            ));
        }
        if let Some(encoding) = &part.transfer_encoding
            && !["binary", "8bit", "7bit"].contains(&encoding.to_ascii_lowercase().as_str())
        {
            findings.push(Finding::new(
                "transfer-encoding",
                format!(
                    "{} has Content-Transfer-Encoding {}, which nobody decodes: send its bytes as \
                     they are",
                    shown(&part.name),
                    shown(encoding)
                ),
            ));
        }
    }
    // What comes after a part that was not read to its end is not known.
    let is_whole = parts.len() < FIELDS && parts.iter().all(|part| part.content.is_some());
    for name in REQUIRED {
        match parts.iter().filter(|part| part.name == name).count() {
            1 => {}
            0 if is_whole => findings.push(missing(name, parts)),
            0 => {}
            times => findings.push(Finding::new(
                "field-repeated",
                format!("the field {name} is there {times} times: send it once"),
            )),
        }
    }
    let others = parts.iter().enumerate().filter(|(at, part)| {
        let is_known = REQUIRED.contains(&part.name.as_str());
        !is_known && parts[..*at].iter().any(|before| before.name == part.name)
    });
    if let Some((_, part)) = others.into_iter().next() {
        findings.push(Finding::new(
            "field-repeated",
            format!(
                "the field {} is there more than once: send it once",
                shown(&part.name)
            ),
        ));
    }
}

fn missing(name: &str, parts: &[Part]) -> Finding {
    let unknown = || {
        parts
            .iter()
            .filter(|part| !REQUIRED.contains(&part.name.as_str()))
    };
    let squeezed = |name: &str| -> String {
        let letters = name.chars().filter(|character| character.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let alike = unknown().find(|part| squeezed(&part.name) == squeezed(name));
    // The picture is a file, whatever it is called.
    let file = unknown().find(|part| name == "media" && part.file_name.is_some());
    match alike.or(file) {
        Some(part) => Finding::new(
            "field-misnamed",
            format!(
                "the field {name} is missing, and there is one called {}: rename it",
                shown(&part.name)
            ),
        ),
        None => Finding::new("field-missing", format!("the field {name} is missing")),
    }
}
