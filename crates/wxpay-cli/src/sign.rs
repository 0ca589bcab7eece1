//! `wxpay sign`.

use std::process::ExitCode;

use wxpay_sign::{Params, SignType};

use crate::{args::SignArgs, key, terminal};

pub(crate) fn run(args: &SignArgs) -> anyhow::Result<ExitCode> {
    let pairs = || {
        args.params
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    };
    let params = Params::new(pairs())?;
    if args.canonical {
        terminal::print(&params.canonical().masked().to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let named = params.iter().find(|(name, _)| *name == "sign_type");
    let sign_type = args.sign_type.unwrap_or_else(|| match named {
        Some((_, value)) => of_field(value),
        None => SignType::HmacSha256,
    });
    let key = key::require(args.api_key_file.as_deref())?;
    terminal::print(params.sign(sign_type, &key).as_str())?;
    Ok(ExitCode::SUCCESS)
}

/// As the gateway reads the field, with a word where that may surprise.
fn of_field(value: &str) -> SignType {
    let sign_type = SignType::from_field(Some(value));
    if value != sign_type.as_str() {
        let value = terminal::one_line(value);
        terminal::complain(&format!(
            "warning: the gateway reads `sign_type={value}` as {sign_type}: it knows only `MD5` and `HMAC-SHA256`"
        ));
    }
    sign_type
}
