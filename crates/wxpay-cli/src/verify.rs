//! `wxpay verify`.

use std::{
    error::Error,
    fs::File,
    io::{self, Read},
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use wxpay_media::GatewayError;
use wxpay_sign::{ApiKey, Params, SignType};
use wxpay_xml::Fields;

use crate::{FAILED, args::VerifyArgs, settings, terminal};

/// No response is as long; a wrong file should not fill the memory.
const LONGEST: u64 = 1024 * 1024;

pub(crate) fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let key = settings::require_api_key(args.api_key_file.as_deref())?;
    let response =
        read(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    match verify(&response, args.sign_type, &key) {
        Ok(sign_type) => {
            terminal::print(&format!("valid: signed with {sign_type}"))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let why = terminal::one_line(&terminal::root_cause(error.as_ref()));
            terminal::warn(&format!("not valid: {why}"));
            Ok(ExitCode::from(FAILED))
        }
    }
}

fn verify(
    response: &[u8],
    only: Option<SignType>,
    key: &ApiKey,
) -> Result<SignType, Box<dyn Error>> {
    let parsed = Fields::parse(response);
    let sign = parsed.as_ref().ok().and_then(|fields| fields.get("sign"));
    if let Some(refusal) = GatewayError::read(response).filter(|_| sign.is_none_or(str::is_empty)) {
        return Err(format!("it is a refusal, which needs no signature: {refusal}").into());
    }
    let fields = parsed.map_err(|error| match text_before(response) {
        Some(text) => format!("other text stands before the document, cut it away: {text}").into(),
        None => Box::<dyn Error>::from(error),
    })?;
    let params = Params::new(fields.iter())?;
    Ok(match only {
        Some(sign_type) => {
            params.verify_strict(sign_type, key)?;
            sign_type
        }
        None => params.verify(key)?,
    })
}

/// The beginning of what stands before the document, such as the headers that `curl -i` prints.
fn text_before(response: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(response);
    let start = text.find("<?xml").or_else(|| text.find("<xml"))?;
    let before = text[..start].trim_start_matches('\u{feff}');
    let first = before
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())?;
    Some(format!(
        "it begins with {:?}",
        first.chars().take(60).collect::<String>()
    ))
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        io::stdin().take(LONGEST).read_to_end(&mut bytes)?;
    } else {
        File::open(file)?.take(LONGEST).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
