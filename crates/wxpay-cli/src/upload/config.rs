//! What an upload needs to know, from flags, the environment, or the sandbox.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use wxpay_media::{Endpoint, Identity, Merchant, MerchantId, Roots, SignType, Signing};
use wxpay_sandbox::Sandbox;

use crate::{args::UploadArgs, key, settings, terminal};

/// Everything but the pictures.
pub(super) struct Config {
    pub(super) merchant: Merchant,
    pub(super) endpoint: Endpoint,
    /// Always there, except that a dry run can do without.
    pub(super) identity: Option<Identity>,
    pub(super) roots: Roots,
    pub(super) timeout: Duration,
}

impl Config {
    pub(super) fn of_settings(args: &UploadArgs) -> anyhow::Result<Self> {
        let mch_id = match &args.mch_id {
            Some(id) => Some(id.clone()),
            None => settings::parsed::<MerchantId>("WXPAY_MCH_ID")?,
        };
        let api_key = key::find(args.api_key_file.as_deref())?;
        let cert = settings::path(args.cert.clone(), "WXPAY_CERT");
        let key = settings::path(args.key.clone(), "WXPAY_KEY");

        // All that is missing at once: nobody wants to find out one by one.
        let mut missing = Vec::new();
        if mch_id.is_none() {
            missing.push("the merchant id: --mch-id or WXPAY_MCH_ID");
        }
        if api_key.is_none() {
            missing.push(key::HOW);
        }
        // A dry run checks the pair where it is given, and sends nothing.
        let anonymous = args.dry_run && cert.is_none() && key.is_none();
        if cert.is_none() && !anonymous {
            missing.push("the certificate: --cert or WXPAY_CERT");
        }
        if key.is_none() && !anonymous {
            missing.push("its private key: --key or WXPAY_KEY");
        }
        let (Some(mch_id), Some(api_key), true) = (mch_id, api_key, missing.is_empty()) else {
            bail!(
                "missing {}\n  to try without credentials: wxpay upload --sandbox FILE",
                missing.join("\n  missing ")
            );
        };
        Ok(Self {
            merchant: merchant(args, Merchant::new(mch_id, api_key))?,
            endpoint: endpoint(args)?,
            identity: cert
                .zip(key)
                .map(|(cert, key)| identity(&cert, &key))
                .transpose()?,
            roots: roots(settings::path(args.ca.clone(), "WXPAY_CA"))?,
            timeout: args.timeout,
        })
    }

    pub(super) fn of_sandbox(args: &UploadArgs, sandbox: &Sandbox) -> anyhow::Result<Self> {
        let credentials = sandbox.credentials();
        let id = MerchantId::new(credentials.mch_id())?;
        let key = credentials.api_key().clone();
        Ok(Self {
            merchant: merchant(args, Merchant::new(id, key))?,
            endpoint: sandbox.origin().parse()?,
            identity: Some(Identity::from_pem(
                credentials.cert_pem(),
                credentials.key_pem(),
            )?),
            roots: Roots::only_pem(credentials.ca_pem())?,
            timeout: args.timeout,
        })
    }
}

fn merchant(args: &UploadArgs, merchant: Merchant) -> anyhow::Result<Merchant> {
    let sign_type = match args.sign_type {
        Some(sign_type) => sign_type,
        None => settings::parsed("WXPAY_SIGN_TYPE")?.unwrap_or(SignType::HmacSha256),
    };
    // MD5 as in the API's own example, which names no sign type.
    let signing = match sign_type {
        SignType::HmacSha256 => Signing::HmacSha256,
        SignType::Md5 => Signing::Md5Unnamed,
    };
    Ok(merchant
        .signing(signing)
        .strict_reply_sign(args.strict_reply_sign))
}

fn endpoint(args: &UploadArgs) -> anyhow::Result<Endpoint> {
    let mut endpoints = args.endpoint.clone();
    if endpoints.is_empty() {
        let listed = settings::text("WXPAY_ENDPOINT")?.unwrap_or_default();
        endpoints = listed
            .split(',')
            .map(str::trim)
            .filter(|origin| !origin.is_empty())
            .map(|origin| {
                origin
                    .parse()
                    .with_context(|| format!("WXPAY_ENDPOINT: {origin}"))
            })
            .collect::<Result<_, _>>()?;
    }
    if endpoints.len() > 1 {
        terminal::complain(&format!(
            "warning: only the first endpoint is used: {}",
            endpoints[0]
        ));
    }
    Ok(endpoints.into_iter().next().unwrap_or_default())
}

fn identity(cert: &Path, key: &Path) -> anyhow::Result<Identity> {
    Identity::from_pem(settings::read(cert)?, settings::read(key)?).with_context(|| {
        format!(
            "the certificate {} with the key {}",
            cert.display(),
            key.display()
        )
    })
}

fn roots(ca: Option<PathBuf>) -> anyhow::Result<Roots> {
    let roots = Roots::mozilla();
    match ca {
        None => Ok(roots),
        Some(ca) => roots
            .and_pem(settings::read(&ca)?)
            .with_context(|| ca.display().to_string()),
    }
}
