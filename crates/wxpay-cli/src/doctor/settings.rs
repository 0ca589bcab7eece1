//! What is set, and by whom.

use wxpay_media::{Endpoints, MerchantId};

use super::check::Check;
use crate::{
    args::GatewayArgs,
    config::{self, Network},
    settings,
};

/// What a check found, and what it says.
pub(super) type Found<T> = (Option<T>, Vec<Check>);

pub(super) fn merchant_id(args: &GatewayArgs) -> Found<MerchantId> {
    const CHECK: &str = "merchant id";
    let by = by(args.mch_id.is_some(), "--mch-id", "WXPAY_MCH_ID");
    match config::mch_id(args) {
        Ok(Some(id)) if config::is_app_id(&id) => {
            let check = Check::failed(CHECK, format!("{id}, by {by}, is an app id"));
            (Some(id), vec![check.advise(config::APP_ID_ADVICE)])
        }
        Ok(Some(id)) => {
            let check = Check::ok(CHECK, format!("{id}, by {by}"));
            (Some(id), vec![check])
        }
        Ok(None) => {
            let check = Check::failed(CHECK, "not set").advise("give --mch-id or set WXPAY_MCH_ID");
            (None, vec![check])
        }
        Err(error) => (None, vec![Check::failed(CHECK, format!("{error:#}"))]),
    }
}

pub(super) fn api_key(args: &GatewayArgs) -> Check {
    const CHECK: &str = "api key";
    match settings::api_key(&settings::API_KEY, args.api_key_file.as_deref()) {
        // Whether it is the right one, only an upload can tell.
        Ok(Some((_, _, by))) => Check::ok(CHECK, format!("32 letters and digits, by {by}")),
        Ok(None) => {
            Check::failed(CHECK, "not set").advise("give --api-key-file or set WXPAY_API_KEY")
        }
        Err(error) => Check::failed(CHECK, format!("{error:#}"))
            .advise("set it to the API v2 key of the merchant platform"),
    }
}

pub(super) fn sign_type(args: &GatewayArgs) -> Check {
    const CHECK: &str = "sign type";
    let by = by(args.sign_type.is_some(), "--sign-type", "WXPAY_SIGN_TYPE");
    match config::sign_type(args) {
        Ok(sign_type) => Check::ok(CHECK, format!("{sign_type}, by {by}")),
        Err(error) => Check::failed(CHECK, format!("{error:#}")),
    }
}

/// Trust and proxy.
pub(super) fn network(args: &GatewayArgs) -> Found<Network> {
    match Network::of(args) {
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
                Some(proxy) => {
                    let by = by(args.proxy.is_some(), "--proxy", "the environment");
                    format!("{proxy}, by {by}")
                }
            };
            let checks = vec![Check::ok("trust", trust), Check::ok("proxy", proxy)];
            (Some(network), checks)
        }
    }
}

pub(super) fn endpoints(args: &GatewayArgs) -> Found<Endpoints> {
    match config::endpoints(args) {
        Ok((endpoints, by)) => {
            let check = Check::ok("endpoints", format!("{endpoints}, by {by}"));
            (Some(endpoints), vec![check])
        }
        Err(error) => {
            let check = Check::failed("endpoints", format!("{error:#}"));
            (None, vec![check])
        }
    }
}

/// Who has set something that may also be there by default.
fn by<'a>(flag_given: bool, flag: &'a str, variable: &'a str) -> &'a str {
    if flag_given {
        flag
    } else if variable.starts_with("WXPAY_") && settings::variable(variable).is_none() {
        "default"
    } else {
        variable
    }
}
