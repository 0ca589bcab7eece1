//! A merchant's TOML file.

use std::{
    fs::{self, File},
    io::Read,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use wxpay_media::{
    ApiKey, ClientBuilder, Endpoint, Endpoints, Identity, Merchant, MerchantId, Region, Roots,
    SignType, Signing,
};
use zeroize::Zeroizing;

use crate::{merchant::Settings, merchants::Loaded};

/// The longest file that is read, in bytes: settings, keys and certificates have a few KB.
const MAX_LENGTH: u64 = 1024 * 1024;

const SETTINGS: &str = "mch_id, api_key_file, cert and key with key_password_file, or p12 with \
                        p12_password_file, sign_type, region or endpoint, rate, ca";

/// Files are named from the folder that the TOML file is in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    mch_id: MerchantId,
    api_key_file: PathBuf,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    key_password_file: Option<PathBuf>,
    p12: Option<PathBuf>,
    p12_password_file: Option<PathBuf>,
    ca: Option<PathBuf>,
    sign_type: Option<SignType>,
    region: Option<Region>,
    endpoint: Option<OneOrMany>,
    rate: Option<Rate>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Endpoint),
    Many(Vec<Endpoint>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Rate {
    PerSecond(NonZeroU32),
    Off(Off),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Off {
    Off,
}

/// The merchant of a TOML file. What is in no file, such as a proxy or timeouts, is changed by `tune`.
#[must_use]
pub fn read_merchant(file: &Path, tune: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Loaded {
    let mut files = vec![file.to_owned()];
    let settings = table(file).and_then(|table| {
        let mut reader = Reader {
            folder: file.parent().unwrap_or(Path::new("")),
            files: &mut files,
        };
        reader.settings(table, tune)
    });
    Loaded { files, settings }
}

/// The settings in a file. Of what is wrong the place is said, and nothing shown: it may be a secret.
fn table(file: &Path) -> Result<Table, String> {
    let content = read(file)?;
    let text = str::from_utf8(&content).map_err(|_| "it is not text in UTF-8")?;
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        let message = error.message();
        let missing = message.starts_with("missing field").then_some(message);
        let problem = missing.unwrap_or("something is no setting, or of another form");
        format!("line {line}: {problem}; the settings are {SETTINGS}")
    })
}

/// Reads the files that settings name, and keeps their paths, so that all of them are watched.
struct Reader<'a> {
    folder: &'a Path,
    files: &'a mut Vec<PathBuf>,
}

type Bytes = Zeroizing<Vec<u8>>;

impl Reader<'_> {
    fn settings(
        &mut self,
        table: Table,
        tune: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Settings, String> {
        let (id, mut file) = (table.mch_id, |name, path: Option<PathBuf>| {
            self.file(name, path)
        });
        // All of them before the first is used: each is watched, whichever is wrong.
        let api_key = file("api_key_file", Some(table.api_key_file));
        let [cert, key] = [file("cert", table.cert), file("key", table.key)];
        let key_password = file("key_password_file", table.key_password_file);
        let p12 = file("p12", table.p12);
        let p12_password = file("p12_password_file", table.p12_password_file);
        let ca = file("ca", table.ca);
        let api_key = line("api_key_file", api_key?)?.unwrap_or_default();
        let api_key = ApiKey::new(&*api_key).map_err(|error| format!("api_key_file: {error}"))?;
        let key_password = line("key_password_file", key_password?)?;
        let p12_password = line("p12_password_file", p12_password?)?;
        let identity = match (cert?, key?, p12?, key_password) {
            (None, None, Some(p12), None) => {
                let password = p12_password.as_ref().map_or(id.as_str(), |it| it.as_str());
                Identity::from_pkcs12(&*p12, password).map_err(|error| format!("p12: {error}"))
            }
            (Some(cert), Some(key), None, password) => match password {
                None => Identity::from_pem(&*cert, &*key),
                Some(password) => Identity::from_pem_encrypted(&*cert, &*key, &password),
            }
            .map_err(|error| format!("cert and key: {error}")),
            _ => Err("cert and key are wanted, or p12 alone".to_owned()),
        }?;
        let endpoints: Endpoints = match (table.region, table.endpoint) {
            (region, None) => region.unwrap_or(Region::Mainland).into(),
            (None, Some(OneOrMany::One(endpoint))) => endpoint.into(),
            (None, Some(OneOrMany::Many(endpoints))) => {
                let endpoints = Endpoints::new(endpoints.into_iter().map(Into::into));
                endpoints.map_err(|error| format!("endpoint: {error}"))?
            }
            (Some(_), Some(_)) => return Err("region or endpoint is wanted, not both".to_owned()),
        };
        let signing = match table.sign_type {
            // As in the API's own example, which names no sign type.
            Some(SignType::Md5) => Signing::Md5Unnamed,
            _ => Signing::HmacSha256,
        };
        let end = identity.not_after();
        let merchant = Merchant::new(id.clone(), api_key).signing(signing);
        let mut builder = tune(merchant.into())
            .identity(identity)
            .endpoints(endpoints.clone());
        if let Some(ca) = ca? {
            let roots = Roots::webpki().with_pem(&*ca);
            builder = builder.roots(roots.map_err(|error| format!("ca: {error}"))?);
        }
        builder = match table.rate {
            None => builder,
            Some(Rate::PerSecond(rate)) => builder.rate(rate),
            Some(Rate::Off(_)) => builder.rate(None),
        };
        let client = builder.build().map_err(|error| error.to_string())?;
        Ok(Settings::new(id, client, &endpoints).not_after(end))
    }

    /// The content of the file that a setting names. The path is not shown: it may be the secret itself.
    fn file(&mut self, name: &str, path: Option<PathBuf>) -> Result<Option<Bytes>, String> {
        let Some(path) = path.map(|path| self.folder.join(path)) else {
            return Ok(None);
        };
        let content = read(&path).map_err(|error| format!("{name}: {error}"));
        self.files.push(path);
        content.map(Some)
    }
}

/// A regular file, without the byte order mark that some editors put before a text.
fn read(path: &Path) -> Result<Bytes, String> {
    let unreadable = |error| format!("the file cannot be read: {error}");
    let metadata = fs::metadata(path).map_err(unreadable)?;
    // To open a pipe could wait forever.
    if !metadata.is_file() || metadata.len() > MAX_LENGTH {
        return Err("it is not a regular file of at most 1 MiB".to_owned());
    }
    // The final capacity at once: a vector that grows leaves copies that are not wiped.
    let mut content = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_LENGTH)
        .read_to_end(&mut content)
        .map_err(unreadable)?;
    match &**content {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err("it is in UTF-16: save it as UTF-8".to_owned()),
        [0xef, 0xbb, 0xbf, ..] => Ok(Zeroizing::new(content[3..].to_vec())),
        _ => Ok(content),
    }
}

/// The one line of a key or password, without the line end of an editor.
fn line(name: &str, content: Option<Bytes>) -> Result<Option<Zeroizing<String>>, String> {
    let text = content.as_deref().map(|content| str::from_utf8(content));
    let text = text
        .transpose()
        .map_err(|_| format!("{name}: it is not text in UTF-8"))?;
    Ok(text.map(|text| Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
}
