//! The merchant's certificate and key.

use std::time::SystemTime;

use httpdate::fmt_http_date;
use wxpay_media::{Identity, IdentityError, MerchantId};

use super::{check::Check, settings::Found};
use crate::{
    args::GatewayArgs,
    config::{IdentitySource, other_merchant},
};

const FILE: &str = "certificate file";
const MATCH: &str = "private key";
const VALIDITY: &str = "certificate validity";
const SUBJECT: &str = "certificate subject";
const MERCHANT: &str = "certificate merchant";

const NEW_ONE: &str = "get a new one from the merchant platform";

/// Which files are meant.
pub(super) fn file(args: &GatewayArgs) -> Found<Option<IdentitySource>> {
    let check = match IdentitySource::find(args) {
        Ok(Some(file)) if file.missing().is_empty() => return (Some(Some(file)), Vec::new()),
        Ok(None) => Check::failed(FILE, "not set")
            .advise("give --cert and --key, or --p12 (WXPAY_CERT, WXPAY_KEY, WXPAY_P12)"),
        Ok(Some(file)) => Check::failed(FILE, format!("missing {}", file.missing().join(", "))),
        Err(error) => Check::failed(FILE, format!("{error:#}")),
    };
    (Some(None), vec![check])
}

/// What is in them.
pub(super) fn load(file: Option<&IdentitySource>, mch_id: Option<&MerchantId>) -> Found<Identity> {
    let Some(file) = file else {
        return (None, after_file("there is no certificate to look at"));
    };
    match file.read(mch_id) {
        Err(error) => {
            let mut checks = vec![Check::failed(FILE, format!("{error:#}"))];
            checks.extend(after_file("the file cannot be read"));
            (None, checks)
        }
        Ok(Err(error)) => (None, invalid(file, error)),
        Ok(Ok(identity)) => {
            let checks = valid(file, &identity, mch_id);
            (Some(identity), checks)
        }
    }
}

fn after_file(because: &str) -> Vec<Check> {
    [MATCH, VALIDITY, SUBJECT, MERCHANT]
        .map(|check| Check::skipped(check, because))
        .into()
}

/// The fault under the check that it belongs to, with what could be seen before it.
fn invalid(file: &IdentitySource, error: IdentityError) -> Vec<Check> {
    let read = Check::ok(FILE, file.to_string());
    let skipped = |check| Check::skipped(check, "what is wrong above comes first");
    match error {
        IdentityError::Mismatch => vec![
            read,
            Check::failed(MATCH, error.to_string()),
            skipped(VALIDITY),
            skipped(SUBJECT),
            skipped(MERCHANT),
        ],
        IdentityError::Expired { .. } => vec![
            read,
            Check::ok(MATCH, "it belongs to the certificate"),
            Check::failed(VALIDITY, error.to_string()).advise(NEW_ONE),
            skipped(SUBJECT),
            skipped(MERCHANT),
        ],
        IdentityError::NotYetValid { .. } => vec![
            read,
            Check::ok(MATCH, "it belongs to the certificate"),
            Check::failed(VALIDITY, error.to_string()),
            skipped(SUBJECT),
            skipped(MERCHANT),
        ],
        _ => {
            let check = Check::failed(FILE, format!("{file}: {error}"));
            let mut checks = vec![match file.hint(&error) {
                Some(hint) => check.advise(hint),
                None => check,
            }];
            checks.extend([MATCH, VALIDITY, SUBJECT, MERCHANT].map(skipped));
            checks
        }
    }
}

fn valid(file: &IdentitySource, identity: &Identity, mch_id: Option<&MerchantId>) -> Vec<Check> {
    let until = format!("until {}", date(identity.not_after()));
    let validity = if identity.expires_soon() {
        Check::warning(VALIDITY, format!("{until}, less than 30 days")).advise(NEW_ONE)
    } else {
        Check::ok(VALIDITY, until)
    };
    let serial = identity.serial_number();
    vec![
        Check::ok(FILE, file.to_string()),
        Check::ok(MATCH, "it belongs to the certificate"),
        validity,
        Check::ok(
            SUBJECT,
            format!("{}, serial number {serial}", identity.subject()),
        )
        .advise("compare the number with the merchant platform's"),
        merchant(identity, mch_id),
    ]
}

/// The certificates of the merchant platform name the merchant id as their common name.
fn merchant(identity: &Identity, mch_id: Option<&MerchantId>) -> Check {
    let Some(id) = mch_id else {
        return Check::skipped(MERCHANT, "the merchant id comes first");
    };
    if identity.common_name() == Some(id.as_str()) {
        return Check::ok(MERCHANT, format!("the certificate is of {id}"));
    }
    match other_merchant(identity, id) {
        Some(name) => Check::failed(
            MERCHANT,
            format!("the certificate is of {name}, not of {id}"),
        )
        .advise("give this merchant's own certificate, or its id"),
        None => Check::unknown(MERCHANT, "the certificate names no merchant"),
    }
}

fn date(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    // The last second that has a date of four digits.
    match since {
        Ok(since) if since.as_secs() <= 253_402_300_799 => fmt_http_date(time),
        _ => "a date out of reach".to_owned(),
    }
}
