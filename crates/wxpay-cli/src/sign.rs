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
    let sign_type = args.sign_type.unwrap_or(match named {
        Some((_, value)) => SignType::from_field(Some(value)),
        None => SignType::HmacSha256,
    });
    let key = key::require(args.api_key_file.as_deref())?;
    terminal::print(params.sign(sign_type, &key).as_str())?;
    Ok(ExitCode::SUCCESS)
}
