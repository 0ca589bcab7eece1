//! The API v2 key: from a file or the environment, never from an argument, which every user of the
//! machine can read.

use std::path::Path;

use anyhow::{Context, anyhow};
use wxpay_sign::ApiKey;
use zeroize::Zeroizing;

use crate::settings;

const VARIABLE: &str = "WXPAY_API_KEY";

/// How to give the key, for messages.
pub(crate) const HOW: &str = "the API v2 key: --api-key-file or WXPAY_API_KEY";

/// The key from `--api-key-file`, else from the environment, where either is given.
pub(crate) fn find(file: Option<&Path>) -> anyhow::Result<Option<ApiKey>> {
    Ok(find_text(file)?.map(|(key, _)| key))
}

/// The key where there must be one.
pub(crate) fn require(file: Option<&Path>) -> anyhow::Result<ApiKey> {
    find(file)?.ok_or_else(|| anyhow!("missing {HOW}"))
}

/// The key and its text, for the sandbox, which has to write it down.
pub(crate) fn find_text(
    file: Option<&Path>,
) -> anyhow::Result<Option<(ApiKey, Zeroizing<String>)>> {
    let (text, place) = match file {
        Some(file) => (
            Some(read(file)?),
            format!("the API key in {}", file.display()),
        ),
        None => (
            settings::text(VARIABLE)?.map(Zeroizing::new),
            VARIABLE.to_owned(),
        ),
    };
    text.map(|text| {
        let key = ApiKey::new(text.as_str()).with_context(|| place.clone())?;
        Ok((key, text))
    })
    .transpose()
}

/// A file's one line; editors end it with a line end, which is not the key's.
fn read(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = Zeroizing::new(settings::read(file)?);
    let text = str::from_utf8(&text).map_err(|_| anyhow!("{} is not text", file.display()))?;
    Ok(Zeroizing::new(
        text.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}
