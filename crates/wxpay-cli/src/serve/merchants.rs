//! The merchants of `wxpay serve`: one from flags and environment, or a TOML file for each.

use std::{
    num::NonZeroU32,
    ops::Range,
    path::{Path, PathBuf},
};

use anyhow::{anyhow, bail};
use serde::Deserialize;
use toml::Spanned;
use wxpay_agent::{Loaded, Merchants, Settings, WatchedFile};
use wxpay_media::{Endpoint, MerchantId, Region, SignType};
use wxpay_sandbox::Sandbox;

use crate::{
    args::{GatewayArgs, ServeArgs},
    settings::{LINE_END, read_file, utf8, variable},
    upload,
    values::Rate,
};

/// The settings in a file, named as the flags are. Flags and environment give the others. Paths are
/// relative to the folder of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    mch_id: MerchantId,
    api_key_file: String,
    cert: Option<String>,
    key: Option<String>,
    key_password_file: Option<String>,
    p12: Option<String>,
    p12_password_file: Option<String>,
    sign_type: Option<SignType>,
    region: Option<Region>,
    endpoint: Option<Spanned<OneOrMany>>,
    ca: Option<String>,
    rate: Option<RateOrOff>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Endpoint),
    Many(Vec<Endpoint>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RateOrOff {
    Rate(NonZeroU32),
    Off(Off),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Off {
    Off,
}

const SETTINGS: &str = "mch_id, api_key_file, cert and key with key_password_file, or p12 with \
                        p12_password_file, sign_type, region or endpoint, ca, rate";

pub(super) fn merchants(args: &ServeArgs, sandbox: Option<&Sandbox>) -> anyhow::Result<Merchants> {
    let owned = args.clone();
    if let Some(folder) = &args.merchants {
        let load = move |file: &Path| of_file(file, owned.clone());
        return Ok(Merchants::folder(folder, load));
    }
    if sandbox.is_none() {
        return Ok(Merchants::one(move || load(&owned)));
    }
    let mut settings = settings(args, sandbox)?;
    "sandbox".clone_into(&mut settings.region);
    Ok(Merchants::one(move || Loaded {
        files: Vec::new(),
        settings: Ok(settings.clone()),
    }))
}

fn settings(args: &ServeArgs, sandbox: Option<&Sandbox>) -> anyhow::Result<Settings> {
    let (merchant, endpoints, builder, identity) = upload::configure(&args.client, false, sandbox)?;
    let at_once = args.concurrency.get();
    let client = builder
        .transport(|transport| transport.concurrency(at_once))
        .build()?;
    let mut settings = Settings::new(merchant.id().clone(), client, &endpoints);
    settings.not_after = identity.map(|identity| identity.not_after());
    Ok(settings)
}

fn load(args: &ServeArgs) -> Loaded {
    Loaded {
        files: files(&args.client.gateway),
        settings: settings(args, None).map_err(|error| format!("{error:#}")),
    }
}

/// The files of the merchant's settings, which are read again when one changes.
fn files(args: &GatewayArgs) -> Vec<WatchedFile> {
    let flags = [
        &args.api_key_file,
        &args.cert,
        &args.key,
        &args.key_password_file,
        &args.p12,
        &args.p12_password_file,
        &args.ca,
    ];
    let variables = ["WXPAY_CERT", "WXPAY_KEY", "WXPAY_P12", "WXPAY_CA"];
    let variables = variables.iter().filter_map(|name| variable(name));
    let flags = flags.into_iter().flatten().cloned();
    let files = flags.chain(variables.map(PathBuf::from));
    // A pipe, such as `<(pass show wxpay)`, can be read only once.
    let files = files.filter(|it| it.is_file() || !it.exists());
    files.map(WatchedFile::new).collect()
}

/// The merchant of a file, which is watched too.
fn of_file(file: &Path, mut args: ServeArgs) -> Loaded {
    let mut files = vec![WatchedFile::new(file)];
    let settings = match table(file) {
        Ok(table) => {
            table.apply(file.parent().unwrap_or(Path::new("")), &mut args);
            let loaded = load(&args);
            files.extend(loaded.files);
            loaded.settings
        }
        Err(error) => Err(format!("{error:#}")),
    };
    Loaded { files, settings }
}

/// The settings in a file. An error names its line and shows nothing of it, since that may be a
/// secret.
fn table(file: &Path) -> anyhow::Result<Table> {
    let mut content = read_file(file, 1)?;
    utf8(&mut content)?;
    let text = str::from_utf8(&content)?;
    let line = |span: Option<Range<usize>>| {
        let before = span.and_then(|span| text.get(..span.start));
        before.map_or(1, |before| before.matches('\n').count() + 1)
    };
    let table: Table = toml::from_str(text).map_err(|error| {
        let line = line(error.span());
        let message = error.message();
        let missing = message.starts_with("missing field").then_some(message);
        let problem = missing.unwrap_or("something is no setting, or of another form");
        anyhow!("line {line}: {problem}; the settings are {SETTINGS}")
    })?;
    if let (Some(_), Some(endpoint)) = (table.region, &table.endpoint) {
        let line = line(Some(endpoint.span()));
        bail!("line {line}: `endpoint` beside `region`: take one of them away");
    }
    Ok(table)
}

impl Table {
    fn apply(self, folder: &Path, args: &mut ServeArgs) {
        let gateway = &mut args.client.gateway;
        let path = |path: Option<String>| Some(folder.join(path?.trim_end_matches(LINE_END)));
        gateway.api_key_file = path(Some(self.api_key_file));
        gateway.cert = path(self.cert);
        gateway.key = path(self.key);
        gateway.key_password_file = path(self.key_password_file);
        gateway.p12 = path(self.p12);
        gateway.p12_password_file = path(self.p12_password_file);
        gateway.ca = path(self.ca).or(gateway.ca.take());
        gateway.mch_id = Some(self.mch_id);
        gateway.sign_type = self.sign_type;
        gateway.region = self.region;
        gateway.endpoint = match self.endpoint.map(Spanned::into_inner) {
            None => Vec::new(),
            Some(OneOrMany::One(endpoint)) => vec![endpoint],
            Some(OneOrMany::Many(endpoints)) => endpoints,
        };
        args.client.rate = match self.rate {
            None => args.client.rate,
            Some(RateOrOff::Rate(rate)) => Some(Rate(Some(rate))),
            Some(RateOrOff::Off(_)) => Some(Rate(None)),
        };
    }
}
