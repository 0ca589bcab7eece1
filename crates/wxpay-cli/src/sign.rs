//! `wxpay sign`.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use anyhow::Context;
use wxpay_diagnose::Request;
use wxpay_sign::{ApiKey, Params, SignType};

use crate::{args::SignArgs, exit_code, settings, terminal};

pub(crate) fn run(args: &SignArgs) -> anyhow::Result<ExitCode> {
    if let Some(signature) = &args.expect {
        return explain(args, signature);
    }
    let params = Params::new(pairs(args))?;
    if args.canonical {
        let mut string = params.canonical().masked().to_string();
        // A field may hold the key by mistake.
        if let Ok(Some(key)) = settings::api_key(args.api_key_file.as_deref()) {
            string = string.replace(key.value.expose(), "********");
        }
        // Another program hashes just these bytes.
        if io::stdout().is_terminal() {
            terminal::print(&string)?;
        } else {
            terminal::print_raw(&string)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let named = params.iter().find(|(name, _)| *name == "sign_type");
    let named = || named.map_or(SignType::Md5, |(_, value)| of_field(value));
    let sign_type = args.sign_type.unwrap_or_else(named);
    let key = settings::require_api_key(args.api_key_file.as_deref())?;
    terminal::print(params.sign(sign_type, &key).as_str())?;
    Ok(ExitCode::SUCCESS)
}

fn pairs(args: &SignArgs) -> impl Iterator<Item = (&str, &str)> {
    let pairs = args.params.iter();
    pairs.map(|(name, value)| (name.as_str(), value.as_str()))
}

/// As the gateway reads the field, with a warning where that may surprise.
fn of_field(value: &str) -> SignType {
    let sign_type = SignType::from_field(Some(value));
    if value != sign_type.as_str() {
        let value = terminal::one_line(value);
        terminal::warn(&format!(
            "warning: the gateway reads `sign_type={value}` as {sign_type}: it knows only `MD5` and `HMAC-SHA256`"
        ));
    }
    sign_type
}

fn explain(args: &SignArgs, signature: &str) -> anyhow::Result<ExitCode> {
    /// Eight times what the gateway takes, in MiB: a picture that is too large may have been signed too.
    const LARGEST: u64 = 16;

    let key = settings::require_api_key(args.api_key_file.as_deref())?;
    let files = args.try_key_file.iter();
    let sources = files.filter_map(|file| settings::TRY_KEY.find(Some(file)));
    let other_keys = sources.map(|source| source.api_key());
    let other_keys: Vec<ApiKey> = other_keys.collect::<anyhow::Result<_>>()?;
    let content = args.media.as_ref().map(|file| {
        let content = settings::read_file(file, LARGEST);
        content.with_context(|| format!("cannot read {}", file.display()))
    });
    let content = content.transpose()?;

    let mut request = Request::new(pairs(args));
    if let Some(sign_type) = args.sign_type {
        request = request.sign_type(sign_type);
    }
    let name = args.media.as_ref().and_then(|file| file.file_name());
    let name = name.map(|name| name.to_string_lossy());
    if let Some(content) = &content {
        request = request.file_name(name.as_deref().unwrap_or_default());
        request = request.content(content);
    }
    let report = request.diagnose(&key, &other_keys, signature);
    terminal::print(&report.display(args.lang).to_string())?;
    Ok(exit_code(report.is_right()))
}
