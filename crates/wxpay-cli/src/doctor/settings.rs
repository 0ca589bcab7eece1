//! Checks of the settings, and of certificate and key.

use std::time::{Duration, SystemTime};

use httpdate::fmt_http_date;
use wxpay_media::{ApiKey, Endpoint, Endpoints, Identity, IdentityError, MerchantId, SignType};

use super::check::{Check, Found, Status};
use crate::{
    args::GatewayArgs,
    settings::{self, Given, IdentityFiles, Network},
    values::{Rate, Seconds},
};

pub(super) fn merchant_id(args: &GatewayArgs) -> Found<MerchantId> {
    let shown = MerchantId::to_string;
    let (id, mut checks) = check("merchant id", args.mch_id(), settings::HOW_MCH_ID, shown);
    if let Some(advice) = id.as_ref().and_then(settings::app_id_advice) {
        let detail = format!("{}, is an app id", checks[0].detail);
        checks = vec![Check::failed("merchant id", detail).advise(advice)];
    }
    (id, checks)
}

pub(super) fn api_key(args: &GatewayArgs) -> Found<ApiKey> {
    let found = settings::api_key(args.api_key_file.as_deref());
    // Only an upload shows whether it is the right one.
    let shown = |_: &ApiKey| "32 letters and digits".to_owned();
    check("api key", found, &settings::API_KEY.how(), shown)
}

pub(super) fn sign_type(args: &GatewayArgs) -> Found<SignType> {
    let shown = SignType::to_string;
    check("sign type", args.sign_type().map(Some), "", shown)
}

pub(super) fn endpoints(args: &GatewayArgs) -> Found<Endpoints> {
    check("endpoints", args.endpoints().map(Some), "", |endpoints| {
        let origins: Vec<_> = Endpoint::of(endpoints).map(|it| it.to_string()).collect();
        origins.join(",")
    })
}

/// A check for each wrong variable among those that only an upload reads.
pub(super) fn limits() -> Vec<Check> {
    let rate = settings::find::<Rate>("--rate", None).map(drop);
    let timeout = |flag| settings::find::<Seconds>(flag, None).map(drop);
    let timeouts = settings::TIMEOUTS.map(|(flag, ..)| ("timeouts", timeout(flag)));
    let results = [("rate", rate)].into_iter().chain(timeouts);
    let failed = |(name, result): (_, anyhow::Result<()>)| {
        let error = result.err()?;
        Some(Check::failed(name, format!("{error:#}")))
    };
    results.filter_map(failed).collect()
}

/// The check of one setting: its value, and the flag or variable that gives it.
fn check<T>(
    name: &str,
    found: anyhow::Result<Option<Given<T>>>,
    how: &str,
    shown: impl Fn(&T) -> String,
) -> Found<T> {
    let check = match found {
        Ok(Some(Given { value, by })) => {
            let check = Check::ok(name, format!("{}, by {by}", shown(&value)));
            return (Some(value), vec![check]);
        }
        Ok(None) => Check::failed(name, "not set").advise(format!("give {how}")),
        Err(error) => Check::failed(name, format!("{error:#}")),
    };
    (None, vec![check])
}

/// Trusted authorities and proxy.
pub(super) fn network(args: &GatewayArgs) -> Found<Network> {
    let network = match Network::find(args) {
        Ok(network) => network,
        Err(error) => {
            let check = Check::failed("network", format!("{error:#}"));
            let advice = "mend --ca (WXPAY_CA) or --proxy (HTTPS_PROXY)";
            return (None, vec![check.advise(advice)]);
        }
    };
    let ca = network.ca.as_ref().map(|ca| format!(" and {ca}"));
    let trust = format!("Mozilla's authorities{}", ca.unwrap_or_default());
    let proxy = network.proxy.as_ref();
    let proxy = proxy.map(|Given { value, by }| format!("{value}, by {by}"));
    let proxy = Check::ok("proxy", proxy.as_deref().unwrap_or("none"));
    (Some(network), vec![Check::ok("trust", trust), proxy])
}

const FILE: &str = "certificate file";
const MATCH: &str = "private key";
const VALIDITY: &str = "certificate validity";
const SUBJECT: &str = "certificate subject";
const MERCHANT: &str = "certificate merchant";

/// Certificate and key: their files, match, validity, subject and merchant.
pub(super) fn identity(args: &GatewayArgs, mch_id: Option<&MerchantId>) -> Found<Identity> {
    let read = IdentityFiles::find(args).and_then(|files| {
        let read = files.map(|files| files.read(mch_id).map(|read| (files, read)));
        read.transpose()
    });
    let (identity, mut checks) = match read {
        Ok(Some((files, read))) => {
            let checks = identity_checks(&files, &read, mch_id);
            (read.ok(), checks)
        }
        Ok(None) => {
            let how = "give --cert and --key, or --p12 (WXPAY_CERT, WXPAY_KEY, WXPAY_P12)";
            (None, vec![Check::failed(FILE, "not set").advise(how)])
        }
        Err(error) => (None, vec![Check::failed(FILE, format!("{error:#}"))]),
    };
    let all = [FILE, MATCH, VALIDITY, SUBJECT, MERCHANT].into_iter();
    let because = "what is wrong above comes first";
    checks.extend(all.skip(checks.len()).map(|it| Check::skipped(it, because)));
    (identity, checks)
}

/// The checks up to the first failed one.
fn identity_checks(
    files: &IdentityFiles,
    read: &Result<Identity, IdentityError>,
    mch_id: Option<&MerchantId>,
) -> Vec<Check> {
    let matches = Check::ok(MATCH, "it belongs to the certificate");
    let mut checks = vec![Check::ok(FILE, files.to_string()), matches];
    let identity = match read {
        Ok(identity) => identity,
        Err(error) => {
            let (passed, name, detail) = match error {
                IdentityError::Mismatch => (1, MATCH, error.to_string()),
                IdentityError::Expired(_) | IdentityError::NotYetValid(_) => {
                    (2, VALIDITY, error.to_string())
                }
                _ => (0, FILE, format!("{files}: {error}")),
            };
            let mut failed = Check::failed(name, detail);
            failed.advice = files.hint(error).map(str::to_owned);
            checks.truncate(passed);
            checks.push(failed);
            return checks;
        }
    };
    let until = format!("until {}", date(identity.not_after()));
    let mut validity = Check::ok(VALIDITY, until);
    if identity.expires_soon() {
        validity.status = Status::Warning;
        validity.detail += ", less than 30 days";
        validity = validity.advise("get a new one from the merchant platform");
    }
    let (subject, serial) = (identity.subject(), identity.serial_number());
    let subject = Check::ok(SUBJECT, format!("{subject}, serial number {serial}"))
        .advise("compare the number with the merchant platform's");
    let merchant = match mch_id.map(|id| (id, settings::other_merchant(identity, id))) {
        None => Check::skipped(MERCHANT, "the merchant id comes first"),
        Some((id, Some(name))) => {
            let detail = format!("the certificate is of {name}, not of {id}");
            let advice = "give this merchant's own certificate, or its id";
            Check::failed(MERCHANT, detail).advise(advice)
        }
        Some((id, None)) if identity.common_name() == Some(id.as_str()) => {
            Check::ok(MERCHANT, format!("the certificate is of {id}"))
        }
        Some(_) => Check::unknown(MERCHANT, "the certificate names no merchant"),
    };
    checks.extend([validity, subject, merchant]);
    checks
}

fn date(time: SystemTime) -> String {
    // The last second of the year 9999.
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    if (SystemTime::UNIX_EPOCH..=last).contains(&time) {
        fmt_http_date(time)
    } else {
        "a date out of reach".to_owned()
    }
}
