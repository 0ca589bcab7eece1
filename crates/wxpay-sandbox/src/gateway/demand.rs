//! Verdicts that come of a fault and not of the rules.

use wxpay_sign::SignType;

use super::{
    Verdict,
    refusal::{Refusal, Rule},
};
use crate::fault::Effect;

/// What an effect makes of a call; none where it leaves the verdict as it is.
pub(super) fn verdict(effect: Effect, sign_type: SignType) -> Option<Verdict> {
    let not_understood = |rule: Rule, message| Verdict::NotUnderstood(rule.because(message));
    let refused = |rule: Rule| Verdict::Refused(rule.because("on demand"), sign_type);
    Some(match effect {
        Effect::MethodNotSupported => not_understood(Rule::Method, "use POST"),
        Effect::InvalidXml => not_understood(Rule::Form, "Invalid XML format"),
        Effect::CertificateRequired => {
            not_understood(Rule::Certificate, "no client certificate was sent")
        }
        Effect::SignError => not_understood(Rule::Signature, "Signature failure"),
        Effect::ParamError => Verdict::NotUnderstood(Refusal::parameter("on demand")),
        Effect::MerchantId => not_understood(Rule::Merchant, "no merchant has this mch_id"),
        Effect::ImageFormat => refused(Rule::Picture),
        Effect::EntryPermissions => refused(Rule::Permission),
        Effect::FrequencyLimited | Effect::Rate(_) => refused(Rule::Frequency),
        Effect::SystemError => refused(Rule::System),
        Effect::FrequencyLimitedWithoutCode => Verdict::WithoutCode("频率限制"),
        _ => return None,
    })
}
