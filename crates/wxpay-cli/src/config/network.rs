//! The way to an endpoint: whom to trust, which proxy, which addresses.

use anyhow::{Context, bail};
use wxpay_media::{
    Roots,
    transport::{self, InvalidProxy, Proxy},
};

use crate::{
    args::{GatewayArgs, Override},
    settings::{self, Source},
};

/// What a transport is told beyond who calls.
#[derive(Debug)]
pub(crate) struct Network {
    roots: Roots,
    /// The authority that is trusted beside Mozilla's.
    pub(crate) ca: Option<Source>,
    pub(crate) proxy: Option<Proxy>,
    resolve: Vec<Override>,
}

impl Network {
    pub(crate) fn of(args: &GatewayArgs) -> anyhow::Result<Self> {
        let ca = settings::CA.find(args.ca.as_deref());
        Ok(Self {
            roots: roots(ca.as_ref())?,
            ca,
            proxy: proxy(args)?,
            resolve: args.resolve.clone(),
        })
    }

    /// To the sandbox inside this program: no proxy leads there.
    pub(crate) fn of_sandbox(ca_pem: &str) -> anyhow::Result<Self> {
        Ok(Self {
            roots: Roots::only_pem(ca_pem)?,
            ca: None,
            proxy: None,
            resolve: Vec::new(),
        })
    }

    pub(crate) fn apply(&self, mut builder: transport::Builder) -> transport::Builder {
        builder = builder.roots(self.roots.clone());
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.clone());
        }
        for Override {
            host,
            port,
            addresses,
        } in &self.resolve
        {
            builder = builder.resolve(host, *port, addresses.iter().copied());
        }
        builder
    }
}

fn roots(ca: Option<&Source>) -> anyhow::Result<Roots> {
    let roots = Roots::mozilla();
    match ca {
        None => Ok(roots),
        Some(ca) => roots.and_pem(&*ca.bytes()?).with_context(|| ca.to_string()),
    }
}

fn proxy(args: &GatewayArgs) -> anyhow::Result<Option<Proxy>> {
    let Some(uri) = &args.proxy else {
        return match Proxy::from_env() {
            Err(error @ InvalidProxy::Ambiguous) => Err(error)
                .context("HTTPS_PROXY or ALL_PROXY (or give --proxy with --proxy-auth-file)"),
            found => found.context("HTTPS_PROXY or ALL_PROXY"),
        };
    };
    if uri.contains('@') {
        bail!("--proxy holds a user name, which every user can read: give --proxy-auth-file");
    }
    let proxy = Proxy::new(uri).context("--proxy")?;
    let Some(source) = settings::PROXY_AUTH.find(args.proxy_auth_file.as_deref()) else {
        return Ok(Some(proxy));
    };
    let secret = source.line()?;
    let Some((user, password)) = secret.split_once(':') else {
        bail!("{source} is not of the form user:password");
    };
    Ok(Some(proxy.basic_auth(user, password)))
}
