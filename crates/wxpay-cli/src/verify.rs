//! `wxpay verify`.

use std::{io, path::Path, process::ExitCode};

use anyhow::{Context, bail};
use wxpay_media::GatewayError;
use wxpay_sign::{ApiKey, Params, SignType};
use wxpay_xml::Fields;

use crate::{args::VerifyArgs, settings, terminal};

pub(crate) fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let key = settings::require_api_key(args.api_key_file.as_deref())?;
    // No response is longer than 1 MiB: a wrong file must not fill the memory.
    let response = match args.file == Path::new("-") {
        true => settings::read_to_end(io::stdin(), 1),
        false => settings::read_file(&args.file, 1),
    };
    let response = response.with_context(|| format!("cannot read {}", args.file.display()))?;
    let verified = verify(&response, args.sign_type, &key);
    match &verified {
        Ok(sign_type) => terminal::print(&format!("valid: signed with {sign_type}"))?,
        Err(error) => {
            let why = terminal::one_line(&terminal::root_cause(&**error));
            terminal::warn(&format!("not valid: {why}"));
        }
    }
    Ok(terminal::exit_code(verified.is_ok()))
}

fn verify(response: &[u8], only: Option<SignType>, key: &ApiKey) -> anyhow::Result<SignType> {
    let parsed = Fields::parse(response);
    let sign = parsed.as_ref().ok().and_then(|fields| fields.get("sign"));
    if let Some(refusal) = GatewayError::read(response).filter(|_| sign.is_none_or(str::is_empty)) {
        bail!("it is a refusal, which needs no signature: {refusal}");
    }
    if let (Err(_), Some(text)) = (&parsed, text_before(response)) {
        bail!("other text stands before the document, cut it away: it begins with {text:?}");
    }
    let fields = parsed?;
    let params = Params::new(fields.iter())?;
    let Some(sign_type) = only else {
        return Ok(params.verify(key)?);
    };
    params.verify_strict(sign_type, key)?;
    Ok(sign_type)
}

/// The beginning of the text before the document, such as the headers that `curl -i` prints.
fn text_before(response: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(response);
    let start = text.find("<?xml").or_else(|| text.find("<xml"))?;
    let before = text[..start].trim_start_matches('\u{feff}');
    let first = before.lines().find(|line| !line.trim().is_empty())?.trim();
    Some(first.chars().take(60).collect())
}
