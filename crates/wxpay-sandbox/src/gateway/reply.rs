//! What is answered.

use std::fmt;

use http::StatusCode;
use wxpay_sign::{ApiKey, Params, SignType};
use wxpay_xml::Fields;

use super::{MediaId, Verdict, refusal::Rule};

/// A reply: the document, and the verdict it tells.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) verdict: Verdict,
    pub(crate) status: StatusCode,
    pub(crate) xml: String,
}

impl Reply {
    pub(super) fn new(verdict: Verdict, media_id: &MediaId, key: &ApiKey) -> Self {
        let mut fields = Vec::with_capacity(6);
        match &verdict {
            Verdict::NotUnderstood(refusal) => fields.extend([
                ("return_code", "FAIL"),
                ("return_msg", &*refusal.message),
                ("err_code", refusal.rule.code()),
                ("err_code_des", refusal.rule.description()),
            ]),
            Verdict::Refused(refusal, _) => fields.extend([
                ("return_code", "SUCCESS"),
                ("return_msg", "OK"),
                ("result_code", "FAIL"),
                ("err_code", refusal.rule.code()),
                ("err_code_des", refusal.rule.description()),
            ]),
            Verdict::Accepted(_) => fields.extend([
                ("return_code", "SUCCESS"),
                ("return_msg", "OK"),
                ("result_code", "SUCCESS"),
                ("media_id", media_id.as_str()),
            ]),
        }
        let xml = document(&fields, verdict.sign_type(), key);
        Self {
            status: verdict.status(),
            verdict,
            xml,
        }
    }
}

/// The fields as XML, signed if there is an algorithm to sign with.
fn document(fields: &[(&str, &str)], sign_type: Option<SignType>, key: &ApiKey) -> String {
    let sign = sign_type.map(|sign_type| {
        Params::new(fields.iter().copied())
            .expect("the fields of a reply have different names")
            .sign(sign_type, key)
    });
    let sign = sign.as_ref().map(|sign| ("sign", sign.as_str()));
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
            Self::NotUnderstood(_) => None,
            Self::Refused(_, sign_type) | Self::Accepted(sign_type) => Some(*sign_type),
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
        }
    }
}
