//! The signature: which mistake gives it.

use std::borrow::Cow;

use wxpay_diagnose::{Diagnosis, Sent};
use wxpay_sign::ApiKey;

use super::{Finding, text};
use crate::gateway::Part;

pub(super) fn look(parts: &[Part], keys: &Keys, findings: &mut Vec<Finding>) {
    let Some(sign) = text(parts, "sign").filter(|sign| !sign.is_empty()) else {
        return;
    };
    let fields = parts.iter().filter(|part| part.name != "media");
    let pairs = fields.filter_map(|part| {
        let content = part
            .content
            .as_deref()
            .filter(|_| part.file_name.is_none())?;
        Some((part.name.as_str(), str::from_utf8(content).ok()?))
    });
    let mut sent = Sent::new(pairs);
    if let Some(media) = parts.iter().find(|part| part.name == "media") {
        if let Some(name) = &media.file_name {
            sent = sent.file_name(name);
        }
        if let Some(content) = &media.content {
            sent = sent.content(content);
        }
    }
    let report = sent.diagnose(&keys.right, &keys.others, sign);
    let code = match report.diagnosis() {
        Diagnosis::Right => return,
        Diagnosis::Mistaken(mistakes) => {
            let ids: Vec<_> = mistakes
                .iter()
                .map(|mistake| mistake.id().replace('_', "-"))
                .collect();
            Cow::from(format!("signature-{}", ids.join("-and-")))
        }
        _ => Cow::from("signature-unknown"),
    };
    let told: Vec<_> = report.to_string().lines().map(str::to_owned).collect();
    findings.push(Finding::new(
        code,
        format!("the signature is not right: {}", told.join("; ")),
    ));
}

/// The key that signatures are to be made with, and those that may have been taken in its place.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) right: ApiKey,
    pub(crate) others: Vec<ApiKey>,
}
