//! Rules 5 and 6: the fields that must be there, and what form they must have.

use std::collections::HashSet;

use bytes::Bytes;
use wxpay_sign::SignType;

use super::{
    form::{Form, Part},
    refusal::Refusal,
};

/// The fields of a form: those that are required, and all others.
#[derive(Debug)]
pub(super) struct Fields {
    mch_id: Part,
    media: Part,
    media_hash: Part,
    sign: Part,
    sign_type: Option<Part>,
    others: Vec<Part>,
}

impl Fields {
    /// Finds the fields that are required: each of them is there and not empty, and no field is
    /// there twice.
    pub(super) fn required(mut form: Form) -> Result<Self, Refusal> {
        // What else is in a form that is too large is not known, unless it is the picture's fault.
        let cut = form.parts.last().filter(|part| part.content.is_none());
        if form.too_large && cut.is_none_or(|part| part.name != "media") {
            return Err(Refusal::too_large());
        }
        let mut names = HashSet::new();
        if !form
            .parts
            .iter()
            .all(|part| names.insert(part.name.as_str()))
        {
            return Err(Refusal::parameter("a field is there more than once"));
        }
        let mut required = |name: &str| match form.take(name) {
            Some(part) if part.content.as_ref().is_some_and(Bytes::is_empty) => {
                Err(Refusal::parameter(&format!("{name} is empty")))
            }
            Some(part) => Ok(part),
            None if form.too_large => Err(Refusal::too_large()),
            None => Err(Refusal::parameter(&format!("{name} is missing"))),
        };
        Ok(Self {
            mch_id: required("mch_id")?,
            media: required("media")?,
            media_hash: required("media_hash")?,
            sign: required("sign")?,
            sign_type: form.take("sign_type"),
            others: form.parts,
        })
    }
}

impl Form {
    fn take(&mut self, name: &str) -> Option<Part> {
        let at = self.parts.iter().position(|part| part.name == name)?;
        Some(self.parts.remove(at))
    }
}

/// A call whose fields have the right form. What they say may still be wrong.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) mch_id: String,
    pub(super) media_hash: String,
    pub(super) sign: String,
    sign_type: Option<String>,
    /// Further text fields, which are signed like any other.
    others: Vec<(String, String)>,
    pub(super) media: Media,
}

/// The field `media`.
#[derive(Debug)]
pub(super) struct Media {
    /// None where it was sent as a text field.
    pub(super) file_name: Option<String>,
    /// None where it was too large to be read.
    pub(super) bytes: Option<Bytes>,
}

impl Upload {
    pub(super) fn parse(fields: Fields) -> Result<Self, Refusal> {
        let others = fields.others.into_iter().map(|mut part| {
            let name = std::mem::take(&mut part.name);
            Ok((name, text(part, "a further field", |_| true)?))
        });
        Ok(Self {
            mch_id: text(fields.mch_id, "mch_id", is_merchant_id)?,
            media_hash: text(fields.media_hash, "media_hash", is_lower_case_md5)?,
            sign: text(fields.sign, "sign", |text| text.chars().count() <= 64)?,
            sign_type: fields
                .sign_type
                .map(|part| text(part, "sign_type", |text| text.chars().count() <= 11))
                .transpose()?,
            others: others.collect::<Result<_, _>>()?,
            media: media(fields.media)?,
        })
    }

    /// The algorithm that the request asks for.
    pub(super) fn sign_type(&self) -> SignType {
        SignType::from_field(self.sign_type.as_deref())
    }

    /// Every text field but `sign`: what the signature is over.
    pub(super) fn signed(&self) -> impl Iterator<Item = (&str, &str)> {
        let others = self
            .others
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        [
            ("mch_id", self.mch_id.as_str()),
            ("media_hash", &self.media_hash),
        ]
        .into_iter()
        .chain(self.sign_type.as_deref().map(|value| ("sign_type", value)))
        .chain(others)
    }
}

/// The value of a text field, if it has the form that it must have.
fn text(part: Part, field: &str, form: impl Fn(&str) -> bool) -> Result<String, Refusal> {
    let bytes = part.content.unwrap_or_default();
    match str::from_utf8(&bytes) {
        Ok(text) if is_storable(text) && form(text) => Ok(text.to_owned()),
        _ => Err(Refusal::parameter(&format!("{field} has a wrong form"))),
    }
}

fn media(part: Part) -> Result<Media, Refusal> {
    let name = part.file_name.as_deref().unwrap_or_default();
    if part.names_are_utf8 && is_storable(name) && name.chars().count() <= 256 {
        Ok(Media {
            file_name: part.file_name,
            bytes: part.content,
        })
    } else {
        Err(Refusal::parameter(
            "the file name of media has a wrong form",
        ))
    }
}

/// WeChat Pay's text has one to three bytes of UTF-8 a character: no emoji.
fn is_storable(text: &str) -> bool {
    text.chars().all(|character| character <= '\u{ffff}')
}

fn is_merchant_id(text: &str) -> bool {
    text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_lower_case_md5(text: &str) -> bool {
    text.len() == 32
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
