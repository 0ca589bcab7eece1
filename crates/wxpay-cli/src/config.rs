//! What a call needs to know, from flags, the environment, or the sandbox.

mod endpoints;
mod identity;
mod network;

use anyhow::{anyhow, bail};
use wxpay_media::{
    ApiKey, Builder, Client, Endpoints, Identity, Merchant, MerchantId, SignType, Signing,
};
use wxpay_sandbox::Sandbox;

use crate::{
    args::{self, GatewayArgs, Rate, UploadArgs},
    settings, terminal,
};

pub(crate) use endpoints::endpoints;
pub(crate) use identity::{IdentitySource, other_merchant};
pub(crate) use network::Network;

/// Everything but the pictures.
pub(crate) struct Config {
    pub(crate) merchant: Merchant,
    pub(crate) endpoints: Endpoints,
    /// Always there, except that a dry run can do without.
    identity: Option<Identity>,
    network: Network,
    rate: Option<Rate>,
}

impl Config {
    pub(crate) fn of_settings(args: &UploadArgs) -> anyhow::Result<Self> {
        let gateway = &args.gateway;
        let mch_id = mch_id(gateway)?;
        let api_key = settings::api_key(&settings::API_KEY, gateway.api_key_file.as_deref())?;
        let file = IdentitySource::find(gateway)?;
        // All that is missing at once: nobody wants to find out one by one.
        let mut missing = Vec::new();
        if mch_id.is_none() {
            missing.push("the merchant id: --mch-id or WXPAY_MCH_ID");
        }
        if api_key.is_none() {
            missing.push(settings::HOW_API_KEY);
        }
        // A dry run checks the identity where it is given, and sends nothing.
        match &file {
            None if args.dry_run => {}
            None => missing.extend([identity::CERT, identity::KEY]),
            Some(file) => missing.extend(file.missing()),
        }
        let (Some(mch_id), Some((api_key, ..)), true) = (mch_id, api_key, missing.is_empty())
        else {
            bail!(
                "missing {}\n  to try without credentials: wxpay upload --sandbox FILE",
                missing.join("\n  missing ")
            );
        };
        let identity = file.map(|file| file.load(Some(&mch_id))).transpose()?;
        if let Some(other) = identity.as_ref().and_then(|it| other_merchant(it, &mch_id)) {
            terminal::complain(&format!(
                "warning: the certificate is of merchant {other}, not of {mch_id}"
            ));
        }
        if is_app_id(&mch_id) {
            terminal::complain(&format!("warning: {mch_id} is an app id: {APP_ID_ADVICE}"));
        }
        Ok(Self {
            merchant: merchant(args, mch_id, api_key)?,
            endpoints: endpoints(gateway)?.0,
            identity,
            network: Network::of(gateway)?,
            rate: rate(args)?,
        })
    }

    pub(crate) fn of_sandbox(args: &UploadArgs, sandbox: &Sandbox) -> anyhow::Result<Self> {
        let credentials = sandbox.credentials();
        let id = MerchantId::new(credentials.mch_id())?;
        let identity = Identity::from_pem(credentials.cert_pem(), credentials.key_pem())?;
        let endpoint: wxpay_media::Endpoint = sandbox.origin().parse()?;
        Ok(Self {
            merchant: merchant(args, id, credentials.api_key().clone())?,
            endpoints: endpoint.into(),
            identity: Some(identity),
            network: Network::of_sandbox(credentials.ca_pem())?,
            rate: rate(args)?,
        })
    }

    pub(crate) fn client(self, args: &UploadArgs) -> anyhow::Result<Client> {
        let mut builder = Builder::from(self.merchant)
            .endpoints(self.endpoints)
            .timeout(args.timeout)
            .retries(args.retries)
            .transport(|transport| self.network.apply(transport));
        if let Some(identity) = self.identity {
            builder = builder.identity(identity);
        }
        if let Some(Rate(rate)) = self.rate {
            builder = builder.rate(rate);
        }
        Ok(builder.build()?)
    }
}

/// `wx` and 16 hex digits name an app, which has merchants.
pub(crate) fn is_app_id(id: &MerchantId) -> bool {
    let digits = id.as_str().strip_prefix("wx");
    digits.is_some_and(|it| it.len() == 16 && it.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

pub(crate) const APP_ID_ADVICE: &str =
    "give the merchant id, digits that the merchant platform shows";

/// The merchant id, where it is given.
pub(crate) fn mch_id(args: &GatewayArgs) -> anyhow::Result<Option<MerchantId>> {
    match &args.mch_id {
        Some(id) => Ok(Some(id.clone())),
        None => settings::parsed("WXPAY_MCH_ID"),
    }
}

pub(crate) fn sign_type(args: &GatewayArgs) -> anyhow::Result<SignType> {
    match args.sign_type {
        Some(sign_type) => Ok(sign_type),
        None => Ok(settings::parsed("WXPAY_SIGN_TYPE")?.unwrap_or(SignType::HmacSha256)),
    }
}

fn rate(args: &UploadArgs) -> anyhow::Result<Option<Rate>> {
    if args.rate.is_some() {
        return Ok(args.rate);
    }
    let text = settings::text("WXPAY_RATE")?;
    let rate = text.map(|text| args::rate(text.trim()));
    rate.transpose()
        .map_err(|wanted| anyhow!("WXPAY_RATE wants {wanted}"))
}

fn merchant(args: &UploadArgs, id: MerchantId, key: ApiKey) -> anyhow::Result<Merchant> {
    // MD5 as in the API's own example, which names no sign type.
    let signing = match sign_type(&args.gateway)? {
        SignType::HmacSha256 => Signing::HmacSha256,
        SignType::Md5 => Signing::Md5Unnamed,
    };
    Ok(Merchant::new(id, key)
        .signing(signing)
        .strict_reply_sign(args.strict_reply_sign))
}
