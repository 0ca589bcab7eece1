//! The signature: which mistake gives it.

use std::borrow::Cow;

use wxpay_diagnose::{Mistake, Request};
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
    let mut request = Request::new(pairs);
    if let Some(media) = parts.iter().find(|part| part.name == "media") {
        if let Some(name) = &media.file_name {
            request = request.file_name(name);
        }
        if let Some(content) = &media.content {
            request = request.content(content);
        }
    }
    let report = request.diagnose(&keys.right, &keys.others, sign);
    if report.is_right() {
        return;
    }
    let names: Vec<_> = report.mistakes().iter().map(Mistake::name).collect();
    let code = match names[..] {
        [] => Cow::from("signature-unknown"),
        _ => Cow::from(format!(
            "signature-{}",
            names.join("-and-").replace('_', "-")
        )),
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
