//! Settings: the value of a flag, of a variable or the default, with its origin.

mod file;
mod identity;

use std::{fmt, path::Path, str::FromStr, time::Duration};

use anyhow::{Context, bail};
use wxpay_media::{
    Endpoint, Endpoints, MerchantId, Region, Roots, SignType,
    transport::{Proxy, ProxyUriError, TransportBuilder},
};
use wxpay_sign::ApiKey;

use crate::{
    args::{ClientArgs, GatewayArgs},
    values::{Resolve, Seconds},
};

pub(crate) use file::{
    API_KEY, CERT, KEY, LINE_END, OTHER_KEY, TRY_KEY, may_hold_secret, read_file, read_to_end,
    utf8, variable,
};
pub(crate) use identity::{IdentityFiles, other_merchant};

/// The ways to give the merchant id, for messages.
pub(crate) const HOW_MCH_ID: &str = "the merchant id: --mch-id or WXPAY_MCH_ID";

/// A value with the flag or variable that gives it.
#[derive(Debug)]
pub(crate) struct Given<T> {
    pub(crate) value: T,
    pub(crate) by: String,
}

impl<T> Given<T> {
    fn new(value: T, by: &str) -> Self {
        let by = by.to_owned();
        Self { value, by }
    }
}

type Timeout = fn(&ClientArgs) -> Option<Seconds>;
type SetTimeout = fn(TransportBuilder, Duration) -> TransportBuilder;

/// The timeouts. Their defaults are the library's.
#[rustfmt::skip] // a row a line
pub(crate) const TIMEOUTS: [(&str, Timeout, SetTimeout); 4] = [
    ("--timeout", |it| it.timeout, TransportBuilder::timeout),
    ("--connect-timeout", |it| it.connect_timeout, TransportBuilder::connect_timeout),
    ("--stall-timeout", |it| it.stall_timeout, TransportBuilder::stall_timeout),
    ("--response-timeout", |it| it.response_timeout, TransportBuilder::response_timeout),
];

/// The value of a flag, else of its variable: of `--mch-id` it is `WXPAY_MCH_ID`.
pub(crate) fn find<T: FromStr<Err: fmt::Display>>(
    flag: &str,
    value: Option<T>,
) -> anyhow::Result<Option<Given<T>>> {
    if let Some(value) = value {
        return Ok(Some(Given::new(value, flag)));
    }
    let name = flag.trim_start_matches('-').to_uppercase();
    let variable = format!("WXPAY_{}", name.replace('-', "_"));
    match text(&variable)?.map(|text| text.trim().parse()) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(Given::new(value, &variable))),
        Some(Err(error)) => bail!("{variable}: {error}"),
    }
}

/// The text of a variable that is set.
pub(crate) fn text(name: &str) -> anyhow::Result<Option<String>> {
    let text = variable(name).map(|value| value.into_string().ok());
    text.map(|text| text.with_context(|| format!("{name} is not UTF-8")))
        .transpose()
}

/// The API v2 key of `--api-key-file`, else of the environment. Every user can read arguments.
pub(crate) fn api_key(flag: Option<&Path>) -> anyhow::Result<Option<Given<ApiKey>>> {
    let key = |source: file::Source| Ok(Given::new(source.api_key()?, source.by));
    API_KEY.find(flag).map(key).transpose()
}

/// The API v2 key, or an error if there is none.
pub(crate) fn require_api_key(flag: Option<&Path>) -> anyhow::Result<ApiKey> {
    let found = api_key(flag)?.with_context(|| format!("missing {}", API_KEY.how()))?;
    Ok(found.value)
}

impl GatewayArgs {
    pub(crate) fn mch_id(&self) -> anyhow::Result<Option<Given<MerchantId>>> {
        let given = find("--mch-id", self.mch_id.clone())?;
        if let Some(Given { value, by }) = &given
            && may_hold_secret(value.as_str())
        {
            bail!("{by} holds what looks like an API key; it wants the merchant id, a number");
        }
        Ok(given)
    }

    pub(crate) fn sign_type(&self) -> anyhow::Result<Given<SignType>> {
        let found = find("--sign-type", self.sign_type)?;
        Ok(found.unwrap_or(Given::new(SignType::HmacSha256, "default")))
    }

    pub(crate) fn endpoints(&self) -> anyhow::Result<Given<Endpoints>> {
        if let Some(region) = self.region {
            return Ok(Given::new(region.into(), "--region"));
        }
        let (mut listed, mut by) = (self.endpoint.clone(), "--endpoint");
        if listed.is_empty() {
            by = "WXPAY_ENDPOINT";
            let text = text(by)?.unwrap_or_default();
            for origin in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
                let shown = if may_hold_secret(origin) { "" } else { origin };
                let endpoint = origin.parse::<Endpoint>();
                listed.push(endpoint.with_context(|| format!("{by}: {shown}"))?);
            }
            if listed.is_empty() && text.contains(',') {
                bail!("{by} holds no endpoint, only commas");
            }
        }
        if listed.is_empty() {
            return Ok(Given::new(Region::Mainland.into(), "default"));
        }
        let endpoints = Endpoints::new(listed.into_iter().map(Into::into));
        Ok(Given::new(endpoints.context(by)?, by))
    }
}

/// Advice about a merchant id that is an app id, `wx` and 16 hex digits.
pub(crate) fn app_id_advice(id: &MerchantId) -> Option<&'static str> {
    let digits = id.as_str().strip_prefix("wx")?;
    let is_app_id = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_app_id.then_some("give the merchant id, which is a number")
}

/// The route to an endpoint: trusted authorities, proxy, addresses.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) roots: Roots,
    /// The authority that is trusted in addition to Mozilla's.
    pub(crate) ca: Option<file::Source>,
    pub(crate) proxy: Option<Given<Proxy>>,
    resolve: Vec<Resolve>,
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

    /// The route to the sandbox inside this program, without a proxy.
    pub(crate) fn of_sandbox(ca_pem: &str) -> anyhow::Result<Self> {
        Ok(Self {
            roots: Roots::empty().with_pem(ca_pem)?,
            ca: None,
            proxy: None,
            resolve: Vec::new(),
        })
    }

    pub(crate) fn apply(&self, mut builder: TransportBuilder) -> TransportBuilder {
        builder = builder.roots(self.roots.clone());
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.value.clone());
        }
        for (host, port, addresses) in &self.resolve {
            builder = builder.resolve(host, *port, addresses.iter().copied());
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
