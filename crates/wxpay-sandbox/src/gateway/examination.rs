//! What is found out about a call.

use bytes::Bytes;
use wxpay_sign::{Params, SignType};

use super::{Verdict, checks::Check, form::Part, picture};
use crate::{
    diagnosis::Finding,
    record::{FIELDS, LINE, RecordedRequest, capped},
};

/// More of a canonical string is not shown.
const CANONICAL: usize = 4096;

/// What is found out about a call, before anybody spoils the answer.
#[derive(Debug)]
pub(crate) struct Examination {
    pub(crate) verdict: Verdict,
    pub(crate) checks: Vec<Check>,
    /// The form's parts in the order in which they came; none where it could not be read.
    pub(crate) parts: Vec<Part>,
    /// What is wrong or odd.
    pub(crate) findings: Vec<Finding>,
}

impl Examination {
    /// The name of the file, if one was sent.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.part("media")?.file_name.as_deref()
    }

    /// The algorithm that the request asks for, as far as it can be told.
    pub(crate) fn sign_type(&self) -> SignType {
        let value = self
            .part("sign_type")
            .and_then(|part| part.content.as_deref());
        SignType::from_field(value.and_then(|value| str::from_utf8(value).ok()))
    }

    /// The bytes of `media`, where they are not too many for a picture.
    pub(crate) fn media(&self) -> Option<Bytes> {
        let bytes = self.part("media")?.content.as_ref()?;
        (bytes.len() < picture::LIMIT).then(|| bytes.clone())
    }

    /// Writes down what it knows.
    pub(crate) fn describe(&self, record: &mut RecordedRequest) {
        let text = |name| {
            let content = self.part(name)?.content.as_deref()?;
            Some(capped(content, LINE))
        };
        record.fields = self.parts.iter().take(FIELDS).map(Part::recorded).collect();
        record.merchant = text("mch_id");
        record.file_name = self.file_name().map(|name| capped(name.as_bytes(), LINE));
        record.media_length = self
            .part("media")
            .and_then(|media| media.content.as_deref())
            .map(<[u8]>::len);
        record.sign_type = (!self.parts.is_empty()).then(|| self.sign_type().to_string());
        record.canonical = self.canonical();
        record.checks.clone_from(&self.checks);
        record.findings.clone_from(&self.findings);
        record.verdict = Some(self.verdict.told());
    }

    /// The string that is signed, with asterisks in place of the key.
    fn canonical(&self) -> Option<String> {
        let pairs = self.parts.iter().take(FIELDS).filter_map(|part| {
            let is_signed = part.file_name.is_none() && part.name != "media";
            let content = part.content.as_deref().filter(|_| is_signed)?;
            Some((part.name.as_str(), str::from_utf8(content).ok()?))
        });
        let params = Params::new(pairs).ok()?;
        params.iter().next()?;
        let masked = params.canonical().masked().to_string();
        // Its end tells that the key is a part of it.
        Some(match masked.len() > CANONICAL {
            true => format!("{}&key=********", capped(masked.as_bytes(), CANONICAL)),
            false => masked,
        })
    }

    fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }
}
