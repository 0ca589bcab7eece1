//! Findings: the problems and oddities of a call, in words.
//!
//! They decide nothing, and cover the whole call. They are slow, so they are made beside the
//! response.

mod fields;
mod framing;
mod hash;
mod messages;
mod picture;

use serde::Serialize;
use wxpay_diagnose::{Lang, Mistake, Request};

use crate::{
    limits::{FINDINGS, Redactor, SEARCHED},
    request::{Call, Form},
    rules::Merchant,
};
use messages::MESSAGES;

/// A problem of a call, or an oddity of an accepted call.
///
/// `docs/sandbox.md` lists the codes, which stay the same when the texts change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Its code, as `media-is-url`.
    pub code: String,
    /// The problem and its remedy, in English, for people.
    pub message: String,
    /// The same in Chinese.
    pub message_zh: String,
}

/// The findings so far.
struct Findings<'a> {
    redactor: &'a Redactor,
    all: Vec<Finding>,
}

/// Texts for the places `{0}`, `{1}` … of a row.
type Values<'v> = &'v [&'v dyn AsRef<[u8]>];

impl Findings<'_> {
    /// Adds a row of the table.
    fn add(&mut self, row: &str, values: Values<'_>) {
        let (en, zh) = self.worded(row, values);
        self.push(row, en, zh);
    }

    /// Adds texts under the code of a row, which ends at a slash.
    fn push(&mut self, row: &str, message: String, message_zh: String) {
        if self.all.len() < FINDINGS {
            let code = row.split('/').next().unwrap_or(row).to_owned();
            self.all.push(Finding {
                code,
                message,
                message_zh,
            });
        }
    }

    /// The texts of a row in both languages.
    fn worded(&self, row: &str, values: Values<'_>) -> (String, String) {
        let found = MESSAGES.iter().find(|message| message.0 == row);
        debug_assert!(found.is_some(), "no row {row}");
        let (_, en, zh) = found.copied().unwrap_or_default();
        let value = |place: &str| {
            let value = place.parse().ok().and_then(|at: usize| values.get(at));
            value.map_or(&[][..], |value| value.as_ref())
        };
        // Texts have no other braces than those of places, so every second piece is a place.
        let filled = |text: &'static str| -> String {
            let pieces = text.split(['{', '}']).enumerate();
            let filled = pieces.map(|(at, piece)| match piece.strip_suffix(":?") {
                _ if at % 2 == 0 => piece.into(),
                Some(place) => self.redactor.quoted(value(place)).into(),
                None => String::from_utf8_lossy(value(piece)),
            });
            filled.collect()
        };
        (filled(en), filled(zh))
    }
}

/// All findings of a call.
pub(crate) fn find(call: &Call, form: &Form, merchant: &Merchant) -> Vec<Finding> {
    let mut findings = Findings {
        redactor: &merchant.redactor,
        all: Vec::new(),
    };
    let mch_id = merchant.mch_id.as_str();
    let sent = call.client.certificate.as_ref();
    match sent.map(|sent| (&sent.refused, sent.holder.as_deref())) {
        None => findings.add("certificate-missing", &[]),
        Some((Some(why), _)) => findings.add("certificate-refused", &[why]),
        Some((None, holder)) if holder != Some(mch_id) => {
            let holder = holder.unwrap_or_default();
            findings.add("certificate-of-another", &[&holder, &mch_id]);
        }
        Some(_) => {}
    }
    framing::look(call, form, &mut findings);
    if form.error.is_none() {
        fields::look(form, mch_id, &mut findings);
        signature(form, merchant, &mut findings);
        picture::look(form, &mut findings);
    }
    findings.all
}

/// The mistake that gives the signature that was sent.
fn signature(form: &Form, merchant: &Merchant, findings: &mut Findings<'_>) {
    let Some(sign) = form.text("sign").filter(|sign| !sign.is_empty()) else {
        return;
    };
    let pairs: Vec<_> = form.texts().collect();
    let length: usize = pairs.iter().map(|pair| pair.0.len() + pair.1.len()).sum();
    if length > SEARCHED {
        let (length, most) = (length.to_string(), SEARCHED.to_string());
        return findings.add("signature-unknown/long", &[&length, &most]);
    }
    let mut request = Request::new(pairs);
    if let Some(name) = form.file_name() {
        request = request.file_name(name);
    }
    if let Some(content) = form.part("media").and_then(|media| media.content.as_ref()) {
        request = request.content(content);
    }
    let report = request.diagnose(&merchant.key, &merchant.other_keys, sign);
    if report.is_right() {
        return;
    }
    let names: Vec<_> = report.mistakes().iter().map(Mistake::name).collect();
    let is_known = !names.is_empty();
    let names = names.join("-and-").replace('_', "-");
    let code = format!("signature-{}", if is_known { &names } else { "unknown" });
    // The mistake and the advice first, then the string that should have been signed, and the one
    // that was.
    let joined = |lang: Lang, before: String| {
        let text = report.display(lang).to_string();
        let mut lines: Vec<_> = text.lines().collect();
        lines.rotate_left(1 + usize::from(report.signed().is_some()));
        // Without its label, if the mistake is known.
        match lines[0].split_once(": ") {
            Some((_, mistake)) if is_known => {
                lines[0] = mistake;
                lines.join("; ")
            }
            _ => before + &lines.join("; "),
        }
    };
    let (en, zh) = findings.worded("signature/", &[]);
    findings.push(&code, joined(Lang::En, en), joined(Lang::Zh, zh));
}

#[cfg(test)]
mod tests;
