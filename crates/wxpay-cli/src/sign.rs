//! `wxpay sign`.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use anyhow::Context;
use wxpay_diagnose::Request;
use wxpay_sign::{ApiKey, Params, SignType};

use crate::{args::SignArgs, settings, terminal};

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
        // Another program hashes these bytes unescaped.
        match io::stdout().is_terminal() {
            true => terminal::print(&string)?,
            false => terminal::print_raw(&string)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    let named = params.iter().find(|it| it.0 == "sign_type").map(|it| it.1);
    let read = SignType::from_field(named);
    let sign_type = args.sign_type.unwrap_or(read);
    warn(named, read, sign_type);
    let key = settings::require_api_key(args.api_key_file.as_deref())?;
    terminal::print(params.sign(sign_type, &key).as_str())?;
    Ok(ExitCode::SUCCESS)
}

fn pairs(args: &SignArgs) -> impl Iterator<Item = (&str, &str)> {
    let pairs = args.params.iter();
    pairs.map(|(name, value)| (name.as_str(), value.as_str()))
}

/// Warns if the gateway reads another sign type than the field has, or than the signature is of.
fn warn(named: Option<&str>, read: SignType, signed: SignType) {
    let why = if named.is_some_and(|value| value != read.as_str()) {
        "it knows only `MD5` and `HMAC-SHA256`".to_owned()
    } else if read != signed {
        format!("it refuses this signature, which is {signed}")
    } else {
        return;
    };
    let what = named.map(|value| format!("`sign_type={}`", terminal::one_line(value)));
    let what = what.unwrap_or("a request without `sign_type`".to_owned());
    let warning = format!("warning: the gateway reads {what} as {read}: {why}");
    terminal::warn(&warning);
}

fn explain(args: &SignArgs, signature: &str) -> anyhow::Result<ExitCode> {
    /// In MiB, eight times the gateway's limit: a picture that is too large may have been signed
    /// too.
    const LIMIT: u64 = 16;

    let key = settings::require_api_key(args.api_key_file.as_deref())?;
    let other_keys = args.try_key_file.iter();
    let other_keys = other_keys.map(|file| settings::TRY_KEY.by_flag(file).api_key());
    let other_keys: Vec<ApiKey> = other_keys.collect::<anyhow::Result<_>>()?;
    let (content, name);
    let mut request = Request::new(pairs(args));
    if let Some(sign_type) = args.sign_type {
        request = request.sign_type(sign_type);
    }
    if let Some(file) = &args.media {
        content = settings::read_file(file, LIMIT)
            .with_context(|| format!("cannot read {}", file.display()))?;
        name = file.file_name().unwrap_or_default().to_string_lossy();
        request = request.file_name(&name).content(&content);
    }
    let report = request.diagnose(&key, &other_keys, signature);
    terminal::print(&report.display(args.lang).to_string())?;
    Ok(terminal::exit_code(report.is_right()))
}
