//! A merchant's TOML file.

use std::{
    fmt,
    fs::{self, File},
    io::Read,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::Arc,
};

use toml::{Table, Value};
use wxpay_media::{
    ApiKey, ClientBuilder, Endpoint, Endpoints, Identity, Merchant, MerchantId, Region, Roots,
    SignType, Signing,
};
use zeroize::Zeroizing;

use crate::{
    merchant::Settings,
    merchants::{Source, named},
};

/// The longest file that is read, in bytes: settings, keys and certificates have a few KB.
const MAX_LENGTH: u64 = 1024 * 1024;

/// The settings, for the message about one that is none.
const SETTINGS: &str = "mch_id, api_key_file, cert, key, key_password_file, p12, p12_password_file, \
                        sign_type, endpoint, region, rate, ca";

/// Changes each client before a file's own settings do: authorities, a proxy, timeouts, a rate.
#[derive(Clone)]
pub struct ClientDefaults(Arc<dyn Fn(ClientBuilder) -> ClientBuilder + Send + Sync>);

impl ClientDefaults {
    /// Defaults by this function.
    pub fn new(change: impl Fn(ClientBuilder) -> ClientBuilder + Send + Sync + 'static) -> Self {
        Self(Arc::new(change))
    }
}

impl fmt::Debug for ClientDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientDefaults(…)")
    }
}

/// The merchant of a file, called as the file is.
pub(crate) fn source(file: &Path, defaults: &ClientDefaults) -> Source {
    let name = file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let (file, defaults) = (file.to_owned(), defaults.clone());
    named(name, Source::new(move || load(&file, &defaults)))
}

fn load(file: &Path, defaults: &ClientDefaults) -> (Vec<PathBuf>, Result<Settings, String>) {
    let mut reader = Reader {
        table: Table::new(),
        folder: file.parent().unwrap_or(Path::new("")).to_owned(),
        files: vec![file.to_owned()],
    };
    let settings = reader.settings(file, defaults);
    (reader.files, settings)
}

/// Takes settings out of a table, and the files that they name.
struct Reader {
    table: Table,
    /// Relative names are of the folder of the file.
    folder: PathBuf,
    files: Vec<PathBuf>,
}

impl Reader {
    fn settings(&mut self, file: &Path, defaults: &ClientDefaults) -> Result<Settings, String> {
        self.table = table(file)?;
        let id = self.text("mch_id")?.ok_or("mch_id is missing")?;
        let id = MerchantId::new(id).map_err(|error| format!("mch_id: {error}"))?;
        // All files first, so that each of them is watched, whichever is wrong.
        let [key, cert, cert_key, key_password, p12, p12_password, ca] = [
            "api_key_file",
            "cert",
            "key",
            "key_password_file",
            "p12",
            "p12_password_file",
            "ca",
        ]
        .map(|name| self.file(name));
        let signing = self.signing()?;
        let endpoints = self.endpoints()?;
        let rate = self.rate()?;
        if let Some(name) = self.table.keys().next() {
            return Err(format!(
                "`{}` is no setting: there are {SETTINGS}",
                shown(name)
            ));
        }
        let key = line("api_key_file", key?)?.ok_or("api_key_file is missing")?;
        let key = ApiKey::new(&*key).map_err(|error| format!("api_key_file: {error}"))?;
        let (cert, cert_key, p12) = (cert?, cert_key?, p12?);
        let key_password = line("key_password_file", key_password?)?;
        let p12_password = line("p12_password_file", p12_password?)?;
        let identity = match (cert, cert_key, p12) {
            (None, None, Some(p12)) => {
                let password = p12_password.as_deref().map_or(id.as_str(), |it| it);
                Identity::from_pkcs12(&*p12, password).map_err(|error| format!("p12: {error}"))
            }
            (Some(cert), Some(key), None) => match key_password {
                None => Identity::from_pem(&*cert, &*key),
                Some(password) => Identity::from_pem_encrypted(&*cert, &*key, &password),
            }
            .map_err(|error| format!("cert and key: {error}")),
            _ => Err("it wants cert and key, or p12 alone".to_owned()),
        }?;
        let not_after = identity.not_after();
        let merchant = Merchant::new(id.clone(), key).signing(signing);
        let mut builder = (defaults.0)(ClientBuilder::from(merchant)).identity(identity);
        if let Some(ca) = ca? {
            let roots = Roots::webpki().with_pem(&*ca);
            builder = builder.roots(roots.map_err(|error| format!("ca: {error}"))?);
        }
        if let Some(rate) = rate {
            builder = builder.rate(rate);
        }
        let client = builder.endpoints(endpoints.clone()).build();
        let client = client.map_err(|error| error.to_string())?;
        Ok(Settings::new(id, client, &endpoints).not_after(not_after))
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.table.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            // A merchant id looks like a number.
            Some(Value::Integer(number)) if name == "mch_id" => Ok(Some(number.to_string())),
            Some(_) => Err(format!("{name} wants a text in quotes")),
        }
    }

    /// The content of the file that a setting names. The name is not repeated: it may be the secret itself.
    fn file(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        let Some(path) = self.text(name)? else {
            return Ok(None);
        };
        let path = self.folder.join(path);
        let content = read(&path).map_err(|error| format!("{name} names no file: {error}"));
        self.files.push(path);
        Ok(Some(content?))
    }

    fn signing(&mut self) -> Result<Signing, String> {
        let Some(text) = self.text("sign_type")? else {
            return Ok(Signing::default());
        };
        match text.parse() {
            Ok(SignType::HmacSha256) => Ok(Signing::HmacSha256),
            // As in the API's own example, which names no sign type.
            Ok(SignType::Md5) => Ok(Signing::Md5Unnamed),
            Err(error) => Err(format!("sign_type: {error}")),
        }
    }

    fn endpoints(&mut self) -> Result<Endpoints, String> {
        let region = self.text("region")?;
        let listed = match self.table.remove("endpoint") {
            None => Vec::new(),
            Some(Value::Array(list)) => list,
            Some(one) => vec![one],
        };
        let mut endpoints = Vec::new();
        for value in &listed {
            let text = value
                .as_str()
                .ok_or("endpoint wants a text in quotes, or a list of them")?;
            let endpoint: Endpoint = text.parse().map_err(|error| format!("endpoint: {error}"))?;
            endpoints.push(endpoint);
        }
        match region {
            Some(_) if !endpoints.is_empty() => Err("it wants endpoint or region, not both".into()),
            Some(region) => {
                let region = region.parse::<Region>();
                Ok(region.map_err(|error| format!("region: {error}"))?.into())
            }
            None if endpoints.is_empty() => Ok(Region::Mainland.into()),
            None => Endpoints::new(endpoints.into_iter().map(Into::into))
                .map_err(|error| format!("endpoint: {error}")),
        }
    }

    /// None where nothing is said.
    fn rate(&mut self) -> Result<Option<Option<NonZeroU32>>, String> {
        match self.table.remove("rate") {
            None => Ok(None),
            Some(Value::String(off)) if off == "off" => Ok(Some(None)),
            Some(value) => {
                let number = value.as_integer().and_then(|it| u32::try_from(it).ok());
                let number = number.and_then(NonZeroU32::new);
                number.map(|it| Some(Some(it))).ok_or_else(|| {
                    "rate wants a whole number of uploads a second, at least 1, or \"off\"".into()
                })
            }
        }
    }
}

/// The settings in a file. Of what is wrong the place is said, and no line is shown: it may hold a secret.
fn table(file: &Path) -> Result<Table, String> {
    let text = read(file).map_err(|error| format!("cannot be read: {error}"))?;
    let text = str::from_utf8(&text).map_err(|_| "it is not text in UTF-8")?;
    text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        format!("line {line} is not TOML")
    })
}

/// The name of a setting, but for one that is not spelt as settings are: it may be a secret.
fn shown(name: &str) -> &str {
    let is_word = name
        .bytes()
        .all(|byte| byte == b'_' || byte.is_ascii_lowercase());
    if is_word && name.len() < 24 {
        name
    } else {
        "(not shown)"
    }
}

/// A regular file, without the byte order mark that some editors put before a text.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    // To open a pipe could wait forever.
    if !metadata.is_file() || metadata.len() > MAX_LENGTH {
        return Err("not a regular file of at most 1 MiB".to_owned());
    }
    // The final capacity at once: a vector that grows leaves copies that are not wiped.
    let mut content = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    let file = File::open(path).map_err(|error| error.to_string())?;
    let read = file.take(MAX_LENGTH).read_to_end(&mut content);
    read.map_err(|error| error.to_string())?;
    if content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff") {
        return Err("it is in UTF-16: save it as UTF-8".to_owned());
    }
    if content.starts_with("\u{feff}".as_bytes()) {
        content.drain(.."\u{feff}".len());
    }
    Ok(content)
}

/// The one line of a key or password, without the line end of an editor.
fn line(
    name: &str,
    content: Option<Zeroizing<Vec<u8>>>,
) -> Result<Option<Zeroizing<String>>, String> {
    let Some(content) = content else {
        return Ok(None);
    };
    let text = str::from_utf8(&content).map_err(|_| format!("{name} is not text in UTF-8"))?;
    Ok(Some(Zeroizing::new(
        text.trim_end_matches(['\r', '\n']).to_owned(),
    )))
}
