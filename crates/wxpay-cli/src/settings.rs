//! Settings: the value of a flag, of the environment or by default, and which of them gave it.

mod source;

use std::{fmt, net::IpAddr, path::Path, str::FromStr};

use anyhow::{Context, anyhow, bail};
use wxpay_media::{
    Endpoint, Endpoints, Identity, IdentityError, MerchantId, Region, Roots, SignType,
    transport::{self, Proxy, ProxyUriError, identity::Form},
};
use wxpay_sign::ApiKey;

use crate::args::GatewayArgs;

pub(crate) use source::{
    API_KEY, OTHER_KEY, Source, TRY_KEY, may_hold_secret, read_file, variable,
};

/// The required settings, for messages.
pub(crate) const HOW_MCH_ID: &str = "the merchant id: --mch-id or WXPAY_MCH_ID";
pub(crate) const HOW_API_KEY: &str = "the API v2 key: --api-key-file or WXPAY_API_KEY";
pub(crate) const HOW_CERT: &str = "the certificate: --cert or WXPAY_CERT (or --p12, WXPAY_P12)";
pub(crate) const HOW_KEY: &str = "its private key: --key or WXPAY_KEY";

/// A value, and the flag or variable that gives it.
#[derive(Debug)]
pub(crate) struct Given<T> {
    pub(crate) value: T,
    pub(crate) by: &'static str,
}

impl<T> Given<T> {
    fn new(value: T, by: &'static str) -> Self {
        Self { value, by }
    }
}

/// The value of a flag, else of its variable.
pub(crate) fn find<T: FromStr<Err: fmt::Display>>(
    flag: Option<T>,
    flag_name: &'static str,
    variable: &'static str,
) -> anyhow::Result<Option<Given<T>>> {
    if let Some(value) = flag {
        return Ok(Some(Given::new(value, flag_name)));
    }
    match text(variable)?.map(|text| text.trim().parse()) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(Given::new(value, variable))),
        Some(Err(error)) => bail!("{variable}: {error}"),
    }
}

/// The text of a variable, where it is set.
pub(crate) fn text(name: &str) -> anyhow::Result<Option<String>> {
    let text = variable(name).map(|value| value.into_string().ok());
    text.map(|text| text.with_context(|| format!("{name} is not UTF-8")))
        .transpose()
}

/// The API v2 key of `--api-key-file`, else of the environment; never of an argument, which every user
/// of the machine can read.
pub(crate) fn api_key(flag: Option<&Path>) -> anyhow::Result<Option<Given<ApiKey>>> {
    let source = API_KEY.find(flag);
    let key = source.map(|source| Ok(Given::new(source.api_key()?, source.by)));
    key.transpose()
}

/// The same where there must be one.
pub(crate) fn require_api_key(flag: Option<&Path>) -> anyhow::Result<ApiKey> {
    let found = api_key(flag)?.with_context(|| format!("missing {HOW_API_KEY}"))?;
    Ok(found.value)
}

impl GatewayArgs {
    pub(crate) fn mch_id(&self) -> anyhow::Result<Option<Given<MerchantId>>> {
        let given = find(self.mch_id.clone(), "--mch-id", "WXPAY_MCH_ID")?;
        match given {
            Some(Given { value, by }) if may_hold_secret(value.as_str()) => {
                bail!("{by} holds what looks like an API key; it wants the merchant id, a number")
            }
            given => Ok(given),
        }
    }

    pub(crate) fn sign_type(&self) -> anyhow::Result<Given<SignType>> {
        let found = find(self.sign_type, "--sign-type", "WXPAY_SIGN_TYPE")?;
        Ok(found.unwrap_or(Given::new(SignType::HmacSha256, "default")))
    }

    pub(crate) fn endpoints(&self) -> anyhow::Result<Given<Endpoints>> {
        const VARIABLE: &str = "WXPAY_ENDPOINT";
        let named = |endpoints: Vec<Endpoint>, by| {
            let endpoints = Endpoints::new(endpoints.into_iter().map(Into::into));
            Ok(Given::new(endpoints.context(by)?, by))
        };
        if let Some(region) = self.region {
            return Ok(Given::new(region.into(), "--region"));
        }
        if !self.endpoint.is_empty() {
            return named(self.endpoint.clone(), "--endpoint");
        }
        let listed = text(VARIABLE)?.unwrap_or_default();
        let origins = listed.split(',').map(str::trim).filter(|it| !it.is_empty());
        let listed: Vec<Endpoint> = origins
            .map(|origin| {
                let shown = if may_hold_secret(origin) { "" } else { origin };
                origin
                    .parse()
                    .with_context(|| format!("{VARIABLE}: {shown}"))
            })
            .collect::<anyhow::Result<_>>()?;
        if listed.is_empty() {
            return Ok(Given::new(Region::Mainland.into(), "default"));
        }
        named(listed, VARIABLE)
    }
}

/// `wx` and 16 hex digits: an app's id, where a merchant's is wanted.
pub(crate) fn is_app_id(id: &MerchantId) -> bool {
    let digits = id.as_str().strip_prefix("wx");
    digits.is_some_and(|it| it.len() == 16 && it.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

pub(crate) const APP_ID_ADVICE: &str = "give the merchant id, which is a number";

/// The merchant's certificate and key: where they are, and under which password.
#[derive(Debug)]
pub(crate) enum IdentitySetting {
    /// A PEM pair, of which one may be missing.
    Pem {
        cert: Option<Source>,
        key: Option<Source>,
        password: Option<Source>,
    },
    /// One PKCS#12 file; its password is the merchant id unless given.
    Pkcs12 {
        file: Source,
        password: Option<Source>,
    },
}

impl IdentitySetting {
    /// The files of the flags, else of the paths in the environment, else the texts there; of a pair each
    /// by itself.
    ///
    /// Both kinds from one place are an error: the choice would be a guess.
    pub(crate) fn find(args: &GatewayArgs) -> anyhow::Result<Option<Self>> {
        let cert = source::CERT.find(args.cert.as_deref());
        let key = source::KEY.find(args.key.as_deref());
        let p12 = source::P12.find(args.p12.as_deref());
        let pem = [&cert, &key]
            .into_iter()
            .flatten()
            .min_by_key(|it| it.place);
        Ok(match (pem, p12) {
            (None, None) => None,
            (Some(pem), Some(p12)) if pem.place == p12.place => bail!(
                "both a PEM pair ({}) and a PKCS#12 file ({}) are given: take one of them away",
                pem.by,
                p12.by
            ),
            (pem, Some(file)) if pem.is_none_or(|pem| file.place < pem.place) => {
                let password = source::P12_PASSWORD.find(args.p12_password_file.as_deref());
                Some(Self::Pkcs12 { file, password })
            }
            _ => Some(Self::Pem {
                cert,
                key,
                password: source::KEY_PASSWORD.find(args.key_password_file.as_deref()),
            }),
        })
    }

    /// How to give the part that is still missing.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        match self {
            Self::Pem { cert: None, .. } => Some(HOW_CERT),
            Self::Pem { key: None, .. } => Some(HOW_KEY),
            _ => None,
        }
    }

    /// Reads it. The merchant id is the password of a PKCS#12 file that has none of its own.
    pub(crate) fn load(&self, mch_id: Option<&MerchantId>) -> anyhow::Result<Identity> {
        self.read(mch_id)?.map_err(|error| match self.hint(&error) {
            Some(hint) => anyhow!("{self}: {error}; {hint}"),
            None => anyhow!("{self}: {error}"),
        })
    }

    /// The same, with errors of the identity itself apart from files that cannot be read.
    pub(crate) fn read(
        &self,
        mch_id: Option<&MerchantId>,
    ) -> anyhow::Result<Result<Identity, IdentityError>> {
        let own = |password: &Option<Source>| password.as_ref().map(Source::line).transpose();
        match self {
            Self::Pem {
                cert,
                key,
                password,
            } => {
                let cert = cert.as_ref().context(HOW_CERT)?.bytes()?;
                let key = key.as_ref().context(HOW_KEY)?.bytes()?;
                Ok(match own(password)? {
                    None => Identity::from_pem(&*cert, &*key),
                    Some(password) => Identity::from_pem_encrypted(&*cert, &*key, &password),
                })
            }
            Self::Pkcs12 { file, password } => {
                let (bytes, password) = (file.bytes()?, own(password)?);
                let id = mch_id.map(MerchantId::as_str);
                let password = password.as_ref().map(|password| password.as_str()).or(id);
                let password = password.context("the merchant id, its password, is missing")?;
                Ok(Identity::from_pkcs12(&*bytes, password))
            }
        }
    }

    /// The settings that mend it.
    pub(crate) fn hint(&self, error: &IdentityError) -> Option<&'static str> {
        use IdentityError::{PasswordMissing, WrongForm, WrongPassword};

        Some(match (self, error) {
            (Self::Pkcs12 { password: None, .. }, WrongPassword { .. }) => {
                "its password is the id of the merchant that it was made for, which may be another: \
                 --p12-password-file"
            }
            (_, PasswordMissing) => "by --key-password-file or WXPAY_KEY_PASSWORD",
            (_, WrongForm { found, .. }) => match (self, found) {
                (Self::Pem { .. }, Form::Pkcs12) => {
                    "by --p12 or WXPAY_P12, in place of --cert and --key"
                }
                (Self::Pkcs12 { .. }, Form::Certificate | Form::PrivateKey) => {
                    "by --cert and --key, in place of --p12"
                }
                _ => return None,
            },
            _ => return None,
        })
    }
}

impl fmt::Display for IdentitySetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |source: &Option<Source>| {
            let source = source.as_ref();
            source.map_or("(missing)".to_owned(), ToString::to_string)
        };
        match self {
            Self::Pem {
                cert,
                key,
                password,
            } => {
                write!(
                    f,
                    "the certificate {} with the key {}",
                    shown(cert),
                    shown(key)
                )?;
                password
                    .iter()
                    .try_for_each(|_| f.write_str(" and its password"))
            }
            Self::Pkcs12 {
                file,
                password: None,
            } => {
                write!(
                    f,
                    "the PKCS#12 file {file} with the merchant id as password"
                )
            }
            Self::Pkcs12 { file, .. } => {
                write!(f, "the PKCS#12 file {file} with a password of its own")
            }
        }
    }
}

/// The merchant that the certificate is of, where that is another one: the merchant platform writes the
/// merchant id into the common name.
pub(crate) fn other_merchant<'a>(identity: &'a Identity, id: &MerchantId) -> Option<&'a str> {
    let name = identity.common_name()?;
    (name != id.as_str() && MerchantId::new(name).is_ok()).then_some(name)
}

/// The way to an endpoint: trusted authorities, proxy, addresses.
#[derive(Debug)]
pub(crate) struct Network {
    roots: Roots,
    /// The authority that is trusted beside Mozilla's.
    pub(crate) ca: Option<Source>,
    pub(crate) proxy: Option<Given<Proxy>>,
    resolve: Vec<Override>,
}

impl Network {
    pub(crate) fn find(args: &GatewayArgs) -> anyhow::Result<Self> {
        let ca = source::CA.find(args.ca.as_deref());
        let mut roots = Roots::webpki();
        if let Some(ca) = &ca {
            roots = roots
                .with_pem(&*ca.bytes()?)
                .with_context(|| ca.to_string())?;
        }
        Ok(Self {
            roots,
            ca,
            proxy: proxy(args)?,
            resolve: args.resolve.clone(),
        })
    }

    /// The way to the sandbox inside this program: without a proxy.
    pub(crate) fn of_sandbox(ca_pem: &str) -> anyhow::Result<Self> {
        Ok(Self {
            roots: Roots::empty().with_pem(ca_pem)?,
            ca: None,
            proxy: None,
            resolve: Vec::new(),
        })
    }

    pub(crate) fn apply(
        &self,
        mut builder: transport::TransportBuilder,
    ) -> transport::TransportBuilder {
        builder = builder.roots(self.roots.clone());
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.value.clone());
        }
        for to in &self.resolve {
            builder = builder.resolve(&to.host, to.port, to.addresses.iter().copied());
        }
        builder
    }
}

fn proxy(args: &GatewayArgs) -> anyhow::Result<Option<Given<Proxy>>> {
    let Some(uri) = &args.proxy else {
        let found = match Proxy::from_env() {
            Err(error @ ProxyUriError::Ambiguous) => Err(error)
                .context("HTTPS_PROXY or ALL_PROXY (or give --proxy with --proxy-auth-file)"),
            found => found.context("HTTPS_PROXY or ALL_PROXY"),
        }?;
        return Ok(found.map(|value| Given::new(value, "the environment")));
    };
    if uri.contains('@') {
        bail!("--proxy holds a user name, which every user can read: give --proxy-auth-file");
    }
    let mut value = Proxy::new(uri).context("--proxy")?;
    if let Some(source) = source::PROXY_AUTH.find(args.proxy_auth_file.as_deref()) {
        let secret = source.line()?;
        let Some((user, password)) = secret.split_once(':') else {
            bail!("{source} is not of the form user:password");
        };
        value = value.basic_auth(user, password);
    }
    Ok(Some(Given::new(value, "--proxy")))
}

/// The addresses of a name, in the form of curl's `--resolve`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Override {
    host: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl FromStr for Override {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "the form is HOST:PORT:ADDR[,ADDR], such as gateway.test:443:127.0.0.1";
        let address = |text: &str| {
            let text = text.trim();
            let inner = text
                .strip_prefix('[')
                .and_then(|text| text.strip_suffix(']'));
            inner.unwrap_or(text).parse().map_err(|_| FORM)
        };
        let (host, rest) = text.split_once(':').ok_or(FORM)?;
        let (port, addresses) = rest.split_once(':').ok_or(FORM)?;
        if host.is_empty() {
            return Err(FORM);
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.parse().map_err(|_| FORM)?,
            addresses: addresses
                .split(',')
                .map(address)
                .collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_written_as_for_curl() {
        let one: Override = "gateway.test:443:127.0.0.1,[::1]".parse().unwrap();
        assert_eq!((one.host.as_str(), one.port), ("gateway.test", 443));
        assert_eq!(one.addresses.len(), 2);
        assert_eq!("a:1:::1".parse::<Override>().unwrap().addresses.len(), 1);
        for wrong in [
            "",
            "a",
            "a:443",
            "a:443:",
            "a:443:b",
            ":443:127.0.0.1",
            "a:b:127.0.0.1",
        ] {
            assert!(wrong.parse::<Override>().is_err(), "{wrong}");
        }
    }
}
