//! Checks of the settings, and of certificate and key.

use std::time::SystemTime;

use httpdate::fmt_http_date;
use wxpay_media::{Endpoint, Endpoints, Identity, IdentityError, MerchantId};

use super::{Check, Found};
use crate::{
    args::GatewayArgs,
    settings::{self, Given, IdentitySetting, Network},
};

pub(super) fn merchant_id(args: &GatewayArgs) -> Found<MerchantId> {
    const CHECK: &str = "merchant id";
    let check = match args.mch_id() {
        Ok(Some(Given { value: id, by })) => {
            let check = if settings::is_app_id(&id) {
                Check::failed(CHECK, format!("{id}, by {by}, is an app id"))
                    .advise(settings::APP_ID_ADVICE)
            } else {
                Check::ok(CHECK, format!("{id}, by {by}"))
            };
            return (Some(id), vec![check]);
        }
        Ok(None) => Check::failed(CHECK, "not set").advise("give --mch-id or set WXPAY_MCH_ID"),
        Err(error) => Check::failed(CHECK, format!("{error:#}")),
    };
    (None, vec![check])
}

pub(super) fn api_key(args: &GatewayArgs) -> Check {
    const CHECK: &str = "api key";
    match settings::api_key(args.api_key_file.as_deref()) {
        // Whether it is the right one, only an upload can tell.
        Ok(Some(key)) => Check::ok(CHECK, format!("32 letters and digits, by {}", key.by)),
        Ok(None) => {
            Check::failed(CHECK, "not set").advise("give --api-key-file or set WXPAY_API_KEY")
        }
        Err(error) => Check::failed(CHECK, format!("{error:#}"))
            .advise("set it to the API v2 key of the merchant platform"),
    }
}

pub(super) fn sign_type(args: &GatewayArgs) -> Check {
    const CHECK: &str = "sign type";
    match args.sign_type() {
        Ok(given) => Check::ok(CHECK, format!("{}, by {}", given.value, given.by)),
        Err(error) => Check::failed(CHECK, format!("{error:#}")),
    }
}

/// Trust and proxy.
pub(super) fn network(args: &GatewayArgs) -> Found<Network> {
    match Network::find(args) {
        Err(error) => {
            let check = Check::failed("network", format!("{error:#}"))
                .advise("mend --ca (WXPAY_CA) or --proxy (HTTPS_PROXY)");
            (None, vec![check])
        }
        Ok(network) => {
            let trust = match &network.ca {
                None => "Mozilla's authorities".to_owned(),
                Some(ca) => format!("Mozilla's authorities and {ca}"),
            };
            let proxy = match &network.proxy {
                None => "none".to_owned(),
                Some(proxy) => format!("{}, by {}", proxy.value, proxy.by),
            };
            let checks = vec![Check::ok("trust", trust), Check::ok("proxy", proxy)];
            (Some(network), checks)
        }
    }
}

pub(super) fn endpoints(args: &GatewayArgs) -> Found<Endpoints> {
    const CHECK: &str = "endpoints";
    match args.endpoints() {
        Ok(Given { value, by }) => {
            let origins: Vec<_> = Endpoint::of(&value).map(|it| it.to_string()).collect();
            let check = Check::ok(CHECK, format!("{}, by {by}", origins.join(",")));
            (Some(value), vec![check])
        }
        Err(error) => (None, vec![Check::failed(CHECK, format!("{error:#}"))]),
    }
}

const FILE: &str = "certificate file";
const MATCH: &str = "private key";
const VALIDITY: &str = "certificate validity";
const SUBJECT: &str = "certificate subject";
const MERCHANT: &str = "certificate merchant";

const NEW_ONE: &str = "get a new one from the merchant platform";

/// Certificate and key: their files, match, validity, subject and merchant.
pub(super) fn identity(args: &GatewayArgs, mch_id: Option<&MerchantId>) -> Found<Identity> {
    let failed = |check: Check, because| {
        let mut checks = vec![check];
        checks.extend([MATCH, VALIDITY, SUBJECT, MERCHANT].map(|it| Check::skipped(it, because)));
        (None, checks)
    };
    let nothing = "there is no certificate to look at";
    let files = match IdentitySetting::find(args) {
        Err(error) => return failed(Check::failed(FILE, format!("{error:#}")), nothing),
        Ok(None) => {
            let check = Check::failed(FILE, "not set")
                .advise("give --cert and --key, or --p12 (WXPAY_CERT, WXPAY_KEY, WXPAY_P12)");
            return failed(check, nothing);
        }
        Ok(Some(files)) => match files.missing() {
            Some(how) => return failed(Check::failed(FILE, format!("missing {how}")), nothing),
            None => files,
        },
    };
    match files.read(mch_id) {
        Err(error) => {
            let check = Check::failed(FILE, format!("{error:#}"));
            failed(check, "the file cannot be read")
        }
        Ok(Err(error)) => (None, invalid(&files, &error)),
        Ok(Ok(identity)) => {
            let checks = valid(&files, &identity, mch_id);
            (Some(identity), checks)
        }
    }
}

/// The error under the check that it belongs to, after the checks that passed.
fn invalid(files: &IdentitySetting, error: &IdentityError) -> Vec<Check> {
    let read = Check::ok(FILE, files.to_string());
    let matches = Check::ok(MATCH, "it belongs to the certificate");
    let why = error.to_string();
    let mut checks = match error {
        IdentityError::Mismatch => vec![read, Check::failed(MATCH, why)],
        IdentityError::Expired { .. } => {
            vec![read, matches, Check::failed(VALIDITY, why).advise(NEW_ONE)]
        }
        IdentityError::NotYetValid { .. } => vec![read, matches, Check::failed(VALIDITY, why)],
        _ => {
            let check = Check::failed(FILE, format!("{files}: {why}"));
            vec![match files.hint(error) {
                Some(hint) => check.advise(hint),
                None => check,
            }]
        }
    };
    for check in [FILE, MATCH, VALIDITY, SUBJECT, MERCHANT]
        .into_iter()
        .skip(checks.len())
    {
        checks.push(Check::skipped(check, "what is wrong above comes first"));
    }
    checks
}

fn valid(files: &IdentitySetting, identity: &Identity, mch_id: Option<&MerchantId>) -> Vec<Check> {
    let until = format!("until {}", date(identity.not_after()));
    let validity = if identity.expires_soon() {
        Check::warning(VALIDITY, format!("{until}, less than 30 days")).advise(NEW_ONE)
    } else {
        Check::ok(VALIDITY, until)
    };
    let (subject, serial) = (identity.subject(), identity.serial_number());
    vec![
        Check::ok(FILE, files.to_string()),
        Check::ok(MATCH, "it belongs to the certificate"),
        validity,
        Check::ok(SUBJECT, format!("{subject}, serial number {serial}"))
            .advise("compare the number with the merchant platform's"),
        merchant(identity, mch_id),
    ]
}

fn merchant(identity: &Identity, mch_id: Option<&MerchantId>) -> Check {
    let Some(id) = mch_id else {
        return Check::skipped(MERCHANT, "the merchant id comes first");
    };
    if identity.common_name() == Some(id.as_str()) {
        return Check::ok(MERCHANT, format!("the certificate is of {id}"));
    }
    match settings::other_merchant(identity, id) {
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
