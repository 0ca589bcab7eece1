//! `wxpay verify`.

use std::{io, path::Path, process::ExitCode};

use anyhow::{Context, anyhow, bail};
use wxpay_media::{GatewayError, response::excerpt};
use wxpay_sign::{ApiKey, Params, SignType};
use wxpay_xml::{ErrorKind, Fields};

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
    let refusal = GatewayError::read(response);
    let parsed = Fields::parse(response);
    let sign = parsed.as_ref().ok().and_then(|fields| fields.get("sign"));
    if let Some(refusal) = refusal.as_ref().filter(|_| sign.is_none_or(str::is_empty)) {
        bail!("it is a refusal, which needs no signature: {refusal}");
    }
    let fields = parsed.map_err(|error| no_document(response, &error))?;
    let params = Params::new(fields.iter())?;
    let verified = match only {
        None => params.verify(key),
        Some(sign_type) => params.verify_strict(sign_type, key).map(|()| sign_type),
    };
    match (verified, refusal, params.ambiguous()) {
        (Err(error), Some(refusal), _) => {
            bail!("it is a refusal, and its signature does not fit: {error}: {refusal}")
        }
        (Ok(_), None, Some(name)) => bail!(
            "the value of `{name}` reads as another field, so the signature does not tell what the \
             gateway has signed"
        ),
        (verified, ..) => Ok(verified?),
    }
}

/// The error of another file, and of text around the document, such as the headers that `curl -i`
/// prints.
fn no_document(response: &[u8], error: &wxpay_xml::Error) -> anyhow::Error {
    let text = String::from_utf8_lossy(response);
    let start = text.find("<?xml").or_else(|| text.find("<xml"));
    let before = start.map_or("", |start| {
        text[..start].trim_start_matches('\u{feff}').trim()
    });
    let (place, around) = match error.kind() {
        _ if !before.is_empty() => ("before", before.as_bytes()),
        ErrorKind::TrailingContent | ErrorKind::SecondRoot => {
            ("behind", &response[error.offset()..])
        }
        _ => {
            let begin = excerpt(response);
            return anyhow!("it is not the gateway's flat xml, it begins with: {begin}: {error}");
        }
    };
    let begin = excerpt(around);
    anyhow!("other text stands {place} the document, cut it away: it begins with {begin:?}")
}
