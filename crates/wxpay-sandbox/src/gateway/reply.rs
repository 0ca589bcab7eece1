//! What is answered.

use std::fmt;

use http::StatusCode;
use wxpay_sign::{ApiKey, SignType, Signature};
use wxpay_xml::Fields;

use super::{MediaId, Verdict, distortion, refusal::Rule};
use crate::{fault::Effect, record};

/// A reply, and the verdict it tells.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) verdict: Verdict,
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) text: String,
}

impl Reply {
    pub(super) fn new(
        verdict: Verdict,
        effect: Option<Effect>,
        media_id: &MediaId,
        key: &ApiKey,
    ) -> Self {
        if let Some((status, page)) = effect.and_then(distortion::page) {
            return Self {
                verdict,
                status,
                content_type: "text/html",
                text: page.to_owned(),
            };
        }
        let mut fields = fields(&verdict, media_id);
        if effect == Some(Effect::ExtraFields) {
            fields.extend(distortion::EXTRA);
        }
        let sign = verdict
            .sign_type()
            .and_then(|sign_type| distortion::sign(&fields, sign_type, effect, key));
        let xml = document(&fields, sign.as_ref());
        Self {
            status: verdict.status(),
            content_type: "text/xml; charset=utf-8",
            text: distortion::spoil(xml, effect),
            verdict,
        }
    }
}

fn fields<'a>(verdict: &'a Verdict, media_id: &'a MediaId) -> Vec<(&'a str, &'a str)> {
    match verdict {
        Verdict::NotUnderstood(refusal) => vec![
            ("return_code", "FAIL"),
            ("return_msg", &*refusal.message),
            ("err_code", refusal.rule.code()),
            ("err_code_des", refusal.rule.description()),
        ],
        Verdict::WithoutCode(message) => vec![("return_code", "FAIL"), ("return_msg", message)],
        Verdict::Refused(refusal, _) => vec![
            ("return_code", "SUCCESS"),
            ("return_msg", "OK"),
            ("result_code", "FAIL"),
            ("err_code", refusal.rule.code()),
            ("err_code_des", refusal.rule.description()),
        ],
        Verdict::Accepted(_) => vec![
            ("return_code", "SUCCESS"),
            ("return_msg", "OK"),
            ("result_code", "SUCCESS"),
            ("media_id", media_id.as_str()),
        ],
    }
}

/// The fields as XML, the signature last.
fn document(fields: &[(&str, &str)], sign: Option<&Signature>) -> String {
    let sign = sign.map(|sign| ("sign", sign.as_str()));
    let mut document = Fields::new();
    for (name, value) in fields.iter().copied().chain(sign) {
        document
            .push(name, value)
            .expect("names and values of a reply can be in XML");
    }
    document.to_xml()
}

impl Verdict {
    /// What the reply is signed with.
    fn sign_type(&self) -> Option<SignType> {
        match self {
            Self::NotUnderstood(_) | Self::WithoutCode(_) => None,
            Self::Refused(_, sign_type) | Self::Accepted(sign_type) => Some(*sign_type),
        }
    }

    /// For the record.
    pub(super) fn told(&self) -> record::Verdict {
        let rule = match self {
            Self::NotUnderstood(refusal) | Self::Refused(refusal, _) => Some(refusal),
            Self::Accepted(_) | Self::WithoutCode(_) => None,
        };
        record::Verdict {
            code: rule.map(|refusal| refusal.rule.code()),
            description: rule.map(|refusal| refusal.rule.description()),
            message: match rule {
                Some(refusal) => refusal.message.clone().into_owned(),
                None => self.to_string(),
            },
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotUnderstood(refusal) if refusal.rule == Rule::Path => StatusCode::NOT_FOUND,
            _ => StatusCode::OK,
        }
    }
}

/// For logs: nothing of what was sent.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUnderstood(refusal) | Self::Refused(refusal, _) => {
                write!(
                    f,
                    "{}, {}: {}",
                    refusal.rule.code(),
                    refusal.rule.description(),
                    refusal.message
                )
            }
            Self::Accepted(sign_type) => write!(f, "accepted, signed with {sign_type}"),
            Self::WithoutCode(message) => write!(f, "refused without a code: {message}"),
        }
    }
}
