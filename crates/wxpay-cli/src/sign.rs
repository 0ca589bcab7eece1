//! `wxpay sign`.

use std::{
    io::{self, IsTerminal},
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use wxpay_diagnose::Request;
use wxpay_sign::{ApiKey, Params, SignType};
use zeroize::Zeroizing;

use crate::{FAILED, args::SignArgs, settings, terminal};

pub(crate) fn run(args: &SignArgs) -> anyhow::Result<ExitCode> {
    if let Some(signature) = &args.expect {
        return explain(args, signature);
    }
    let params = Params::new(pairs(args))?;
    if args.canonical {
        let string = params.canonical().masked().to_string();
        // Another program hashes just these bytes.
        if io::stdout().is_terminal() {
            terminal::print(&string)?;
        } else {
            terminal::print_raw(&string)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let named = params.iter().find(|(name, _)| *name == "sign_type");
    let sign_type = args
        .sign_type
        .unwrap_or_else(|| named.map_or(SignType::Md5, |(_, value)| of_field(value)));
    let key = settings::require_api_key(args.api_key_file.as_deref())?;
    terminal::print(params.sign(sign_type, &key).as_str())?;
    Ok(ExitCode::SUCCESS)
}

fn pairs(args: &SignArgs) -> impl Iterator<Item = (&str, &str)> {
    let pairs = args.params.iter();
    pairs.map(|(name, value)| (name.as_str(), value.as_str()))
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

fn explain(args: &SignArgs, signature: &str) -> anyhow::Result<ExitCode> {
    let key = settings::require_api_key(args.api_key_file.as_deref())?;
    let other_keys: Vec<ApiKey> = args
        .try_key_file
        .iter()
        .filter_map(|file| settings::api_key(&settings::TRY_KEY, Some(file)).transpose())
        .map(|found| found.map(|(key, ..)| key))
        .collect::<anyhow::Result<_>>()?;
    let media = args.media.as_deref().map(Media::read).transpose()?;

    let mut request = Request::new(pairs(args));
    if let Some(sign_type) = args.sign_type {
        request = request.sign_type(sign_type);
    }
    if let Some(media) = &media {
        request = request.file_name(&media.name).content(&media.content);
    }
    let report = request.diagnose(&key, &other_keys, signature);
    terminal::print(&report.display(args.lang).to_string())?;
    Ok(if report.is_right() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    })
}

/// A picture that was sent, or whatever was in its place.
struct Media {
    name: String,
    content: Zeroizing<Vec<u8>>,
}

impl Media {
    /// Eight times what the gateway takes: a picture that is too large may have been signed too.
    const LARGEST: u64 = 16 * 1024 * 1024;

    fn read(file: &Path) -> anyhow::Result<Self> {
        let content = settings::read_file(file, Self::LARGEST)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.file_name().unwrap_or_default();
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            content,
        })
    }
}
