//! Settings: the value of a flag, of the environment or by default, and which of them gave it.

mod file;
mod identity;

use std::{fmt, net::IpAddr, num::NonZeroU32, path::Path, str::FromStr, time::Duration};

use anyhow::{Context, bail};
use wxpay_media::{
    Endpoint, Endpoints, MerchantId, Region, Roots, SignType,
    transport::{Proxy, ProxyUriError, TransportBuilder},
};
use wxpay_sign::ApiKey;

use crate::args::GatewayArgs;

pub(crate) use file::{
    API_KEY, OTHER_KEY, TRY_KEY, may_hold_secret, read_file, read_to_end, variable,
};
pub(crate) use identity::{IdentityFiles, other_merchant};

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

/// The flag and the variable of a setting that is no secret.
pub(crate) type Names = (&'static str, &'static str);

const MCH_ID: Names = ("--mch-id", "WXPAY_MCH_ID");
const SIGN_TYPE: Names = ("--sign-type", "WXPAY_SIGN_TYPE");
const ENDPOINT: Names = ("--endpoint", "WXPAY_ENDPOINT");
pub(crate) const RATE: Names = ("--rate", "WXPAY_RATE");
pub(crate) const TIMEOUT: Names = ("--timeout", "WXPAY_TIMEOUT");
pub(crate) const CONNECT: Names = ("--connect-timeout", "WXPAY_CONNECT_TIMEOUT");
pub(crate) const STALL: Names = ("--stall-timeout", "WXPAY_STALL_TIMEOUT");
pub(crate) const RESPONSE: Names = ("--response-timeout", "WXPAY_RESPONSE_TIMEOUT");

/// The value of a flag, else of its variable.
pub(crate) fn find<T: FromStr<Err: fmt::Display>>(
    value: Option<T>,
    (flag, variable): Names,
) -> anyhow::Result<Option<Given<T>>> {
    if let Some(value) = value {
        return Ok(Some(Given::new(value, flag)));
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
        let given = find(self.mch_id.clone(), MCH_ID)?;
        match given {
            Some(Given { value, by }) if may_hold_secret(value.as_str()) => {
                bail!("{by} holds what looks like an API key; it wants the merchant id, a number")
            }
            given => Ok(given),
        }
    }

    pub(crate) fn sign_type(&self) -> anyhow::Result<Given<SignType>> {
        let found = find(self.sign_type, SIGN_TYPE)?;
        Ok(found.unwrap_or(Given::new(SignType::HmacSha256, "default")))
    }

    pub(crate) fn endpoints(&self) -> anyhow::Result<Given<Endpoints>> {
        let (flag, variable) = ENDPOINT;
        if let Some(region) = self.region {
            return Ok(Given::new(region.into(), "--region"));
        }
        let mut listed = Given::new(self.endpoint.clone(), flag);
        if listed.value.is_empty() {
            let text = text(variable)?.unwrap_or_default();
            let origins = text.split(',').map(str::trim).filter(|it| !it.is_empty());
            let endpoints = origins.map(|origin| {
                let shown = if may_hold_secret(origin) { "" } else { origin };
                let endpoint = origin.parse::<Endpoint>();
                endpoint.with_context(|| format!("{variable}: {shown}"))
            });
            listed = Given::new(endpoints.collect::<anyhow::Result<_>>()?, variable);
        }
        let Given { value, by } = listed;
        if value.is_empty() {
            return Ok(Given::new(Region::Mainland.into(), "default"));
        }
        let endpoints = Endpoints::new(value.into_iter().map(Into::into));
        Ok(Given::new(endpoints.context(by)?, by))
    }
}

/// `wx` and 16 hex digits: an app's id, where a merchant's is wanted.
pub(crate) fn is_app_id(id: &MerchantId) -> bool {
    let digits = id.as_str().strip_prefix("wx");
    digits.is_some_and(|it| it.len() == 16 && it.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

pub(crate) const APP_ID_ADVICE: &str = "give the merchant id, which is a number";

/// The way to an endpoint: trusted authorities, proxy, addresses.
#[derive(Debug)]
pub(crate) struct Network {
    roots: Roots,
    /// The authority that is trusted beside Mozilla's.
    pub(crate) ca: Option<file::Source>,
    pub(crate) proxy: Option<Given<Proxy>>,
    resolve: Vec<Override>,
}

impl Network {
    pub(crate) fn find(args: &GatewayArgs) -> anyhow::Result<Self> {
        let ca = file::CA.find(args.ca.as_deref());
        let mut roots = Roots::webpki();
        if let Some(ca) = &ca {
            let trusted = roots.with_pem(&*ca.bytes()?);
            roots = trusted.with_context(|| ca.to_string())?;
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

    pub(crate) fn apply_roots(&self, builder: TransportBuilder) -> TransportBuilder {
        builder.roots(self.roots.clone())
    }

    pub(crate) fn apply(&self, mut builder: TransportBuilder) -> TransportBuilder {
        builder = self.apply_roots(builder);
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
        let found = Proxy::from_env();
        let way_out = match found {
            Err(ProxyUriError::Ambiguous) => " (or give --proxy with --proxy-auth-file)",
            _ => "",
        };
        let found = found.with_context(|| format!("HTTPS_PROXY or ALL_PROXY{way_out}"))?;
        return Ok(found.map(|value| Given::new(value, "the environment")));
    };
    if uri.contains('@') {
        bail!("--proxy holds a user name, which every user can read: give --proxy-auth-file");
    }
    let mut value = Proxy::new(uri).context("--proxy")?;
    if let Some(source) = file::PROXY_AUTH.find(args.proxy_auth_file.as_deref()) {
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

impl Override {
    /// The host, the port, and its addresses.
    pub(crate) fn parts(&self) -> (&str, u16, Vec<IpAddr>) {
        (&self.host, self.port, self.addresses.clone())
    }
}

impl FromStr for Override {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let parse = || {
            let (host, rest) = text.split_once(':').filter(|(host, _)| !host.is_empty())?;
            let (port, addresses) = rest.split_once(':')?;
            let addresses = addresses.split(',').map(|address| {
                let address = address.trim();
                let inner = address
                    .strip_prefix('[')
                    .and_then(|it| it.strip_suffix(']'));
                inner.unwrap_or(address).parse().ok()
            });
            Some(Self {
                host: host.to_owned(),
                port: port.parse().ok()?,
                addresses: addresses.collect::<Option<_>>()?,
            })
        };
        parse().ok_or("the form is HOST:PORT:ADDR[,ADDR], such as gateway.test:443:127.0.0.1")
    }
}

/// A day is more than any upload needs, and keeps the clock's arithmetic far from its end.
const LONGEST: f64 = 86_400.0;

/// A time in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Duration);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = text.parse().ok().filter(|seconds| *seconds <= LONGEST);
        let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        // Less than a nanosecond rounds to nothing.
        let duration = duration.filter(|duration| !duration.is_zero());
        duration.map(Self).ok_or_else(|| {
            format!("a number of seconds above 0, at most {LONGEST}, such as 30 or 0.5")
        })
    }
}

/// Uploads a second; `None` for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate(pub(crate) Option<NonZeroU32>);

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text == "off" {
            return Ok(Self(None));
        }
        let number = text.parse().map(|number| Self(Some(number)));
        number.map_err(|_| "a whole number of uploads a second, at least 1, or off")
    }
}
