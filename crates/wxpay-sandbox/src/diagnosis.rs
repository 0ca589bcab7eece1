//! What is wrong with a call, or odd about it, for people.
//!
//! Nothing here decides anything: the rules do. It looks at more than they do, and at everything, where
//! they stop at the first that is broken.

mod content;
mod disposition;
mod fields;
mod finding;
mod framing;
mod hash;
mod kind;
mod media;
mod parts;
mod signature;
#[cfg(test)]
mod tests;

use crate::{
    client_certificate::ClientCertificate,
    gateway::{Call, Part},
    record::FIELDS,
};

pub(crate) use disposition::Disposition;
pub use finding::Finding;
pub(crate) use signature::Keys;

/// Who makes more mistakes than that in one call is told of the rest in the next.
const FINDINGS: usize = 32;

/// Everything that can be said about a call whose form has these parts; none where it has none that
/// can be read.
pub(crate) fn diagnose(call: &Call<'_>, parts: &[Part], mch_id: &str, keys: &Keys) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(certificate(call.certificate, mch_id));
    framing::look(call, &mut findings);
    let parts = &parts[..parts.len().min(FIELDS)];
    if !parts.is_empty() {
        parts::look(parts, &mut findings);
        fields::look(parts, mch_id, &mut findings);
        signature::look(parts, keys, &mut findings);
        media::look(parts, &mut findings);
    }
    findings.truncate(FINDINGS);
    findings
}

/// The value of a field, where it is text.
fn text<'a>(parts: &'a [Part], name: &str) -> Option<&'a str> {
    let part = parts.iter().find(|part| part.name == name)?;
    str::from_utf8(part.content.as_deref()?).ok()
}

fn certificate(certificate: &ClientCertificate, mch_id: &str) -> Option<Finding> {
    match certificate {
        ClientCertificate::Missing => Some(Finding::new(
            "certificate-missing",
            "no client certificate was sent: give the HTTP client apiclient_cert.pem and \
             apiclient_key.pem (or apiclient_cert.p12); curl takes --cert and --key",
        )),
        ClientCertificate::Refused(why) => Some(Finding::new(
            "certificate-refused",
            format!(
                "the client certificate is not accepted: {why}. Use the one that belongs to this \
                 sandbox: each folder of credentials has its own"
            ),
        )),
        ClientCertificate::Accepted(holder) if holder.as_deref() != Some(mch_id) => {
            Some(Finding::new(
                "certificate-of-another",
                format!(
                    "the client certificate is for {}, and this sandbox's merchant is {mch_id}",
                    holder
                        .as_deref()
                        .map_or_else(|| "nobody".to_owned(), finding::shown)
                ),
            ))
        }
        ClientCertificate::Accepted(_) => None,
    }
}
