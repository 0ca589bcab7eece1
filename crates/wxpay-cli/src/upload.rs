//! `wxpay upload`.

mod dry_run;
mod ledger;
pub(crate) mod outcome;
mod picture;
mod queue;

use std::process::ExitCode;

use anyhow::{Context, bail};
use wxpay_agent::Settings;
use wxpay_media::{
    ApiKey, ClientBuilder, Endpoint, Endpoints, Identity, Merchant, MerchantId, SignType, Signing,
};
use wxpay_sandbox::Sandbox;

use crate::{
    args::{ClientArgs, GatewayArgs, UploadArgs},
    settings::{self, IdentityFiles, Network},
    signals::Stop,
    terminal::{self, OutputLost},
};
use outcome::{Failure, FileOutcome};

pub(crate) async fn run(args: UploadArgs) -> anyhow::Result<ExitCode> {
    let done = upload(&args).await;
    if let Err(error) = &done
        && args.json
        && !error.is::<OutputLost>()
    {
        // With --json every file has a line.
        for file in &args.files {
            let advice = "mend the settings, then upload again";
            let failure = Failure::new("config", format!("{error:#}"), advice);
            FileOutcome::failed(file, failure).print(true)?;
        }
    }
    Ok(terminal::exit_code(done?))
}

/// Returns true if every file is uploaded, and an error if none is tried.
async fn upload(args: &UploadArgs) -> anyhow::Result<bool> {
    let from_stdin = args.files.iter().filter(|file| picture::is_stdin(file));
    if from_stdin.count() > 1 {
        bail!("`-` can be given once: stdin holds one picture");
    }
    let mut stop = Stop::listen().context("cannot listen for signals")?;
    let sandbox = start_sandbox(args.client.sandbox).await?;
    let (merchant, endpoints, builder, _) =
        configure(&args.client, args.dry_run, sandbox.as_ref())?;
    let done = if args.dry_run {
        tokio::select! {
            done = dry_run::run(args, &merchant) => done?,
            _ = stop.asked() => false,
        }
    } else if let Some(path) = &args.ledger {
        let settings = Settings::new(merchant.id().clone(), builder.build()?, &endpoints);
        ledger::run(args, path, settings, &mut stop).await?
    } else {
        queue::run(args, &builder.build()?, &mut stop).await?
    };
    if let Some(sandbox) = sandbox {
        sandbox.shutdown().await;
    }
    Ok(done)
}

/// The gateway of `--sandbox`.
pub(crate) async fn start_sandbox(is_asked_for: bool) -> anyhow::Result<Option<Sandbox>> {
    if !is_asked_for {
        return Ok(None);
    }
    let sandbox = Sandbox::builder().start().await?;
    let meaning = "its media ids mean nothing to WeChat Pay";
    terminal::warn(&format!("sandbox at {}: {meaning}", sandbox.origin()));
    Ok(Some(sandbox))
}

/// The merchant, its endpoints, a client with all settings, and its identity, which a dry run does
/// not need.
pub(crate) fn configure(
    args: &ClientArgs,
    is_dry_run: bool,
    sandbox: Option<&Sandbox>,
) -> anyhow::Result<(Merchant, Endpoints, ClientBuilder, Option<Identity>)> {
    let (id, key, identity, endpoints, network) = match sandbox {
        Some(sandbox) => of_sandbox(sandbox)?,
        None => of_settings(&args.gateway, is_dry_run)?,
    };
    let signing = match args.gateway.sign_type()?.value {
        SignType::HmacSha256 => Signing::HmacSha256,
        // As in the API's own example, which names no sign type.
        SignType::Md5 => Signing::Md5Unnamed,
    };
    let merchant = Merchant::new(id, key)
        .signing(signing)
        .strict_response_sign(args.strict_reply_sign);
    let mut builder = ClientBuilder::from(merchant.clone())
        .endpoints(endpoints.clone())
        .max_retries(args.retries)
        .transport(|transport| network.apply(transport));
    if let Some(identity) = &identity {
        builder = builder.identity(identity.clone());
    }
    if let Some(given) = settings::find("--rate", args.rate)? {
        builder = builder.rate(given.value.0);
    }
    for (flag, value, set) in settings::TIMEOUTS {
        if let Some(given) = settings::find(flag, value(args))? {
            builder = builder.transport(|transport| set(transport, given.value.0));
        }
    }
    Ok((merchant, endpoints, builder, identity))
}

type Gateway = (MerchantId, ApiKey, Option<Identity>, Endpoints, Network);

fn of_settings(gateway: &GatewayArgs, is_dry_run: bool) -> anyhow::Result<Gateway> {
    let mch_id = gateway.mch_id()?.map(|given| given.value);
    let api_key = settings::api_key(gateway.api_key_file.as_deref())?;
    let files = IdentityFiles::find(gateway)?;
    // One error names all missing settings.
    let mut missing = Vec::new();
    missing.extend(mch_id.is_none().then(|| settings::HOW_MCH_ID.to_owned()));
    missing.extend(api_key.is_none().then(|| settings::API_KEY.how()));
    match &files {
        // A dry run checks an identity only if there is one.
        None if is_dry_run => {}
        None => missing.extend([
            settings::CERT.how() + " (or --p12, WXPAY_P12)",
            settings::KEY.how(),
        ]),
        Some(files) => missing.extend(files.missing()),
    }
    let (Some(id), Some(api_key), true) = (mch_id, api_key, missing.is_empty()) else {
        bail!(
            "missing {}\n  to try without credentials: wxpay upload --sandbox FILE",
            missing.join("\n  missing ")
        );
    };
    if let Some(advice) = settings::app_id_advice(&id) {
        terminal::warn(&format!("warning: {id} is an app id: {advice}"));
    }
    let identity = files.map(|files| files.load(Some(&id))).transpose()?;
    let other = identity.as_ref();
    if let Some(other) = other.and_then(|it| settings::other_merchant(it, &id)) {
        let difference = format!("the certificate is of merchant {other}, not of {id}");
        terminal::warn(&format!("warning: {difference}"));
    }
    let (endpoints, network) = (gateway.endpoints()?.value, Network::find(gateway)?);
    Ok((id, api_key.value, identity, endpoints, network))
}

fn of_sandbox(sandbox: &Sandbox) -> anyhow::Result<Gateway> {
    let credentials = sandbox.credentials();
    let id = MerchantId::new(credentials.mch_id())?;
    let identity = Identity::from_pem(credentials.cert_pem(), credentials.key_pem())?;
    let endpoint: Endpoint = sandbox.origin().parse()?;
    let network = Network::of_sandbox(credentials.ca_pem())?;
    let key = credentials.api_key().clone();
    Ok((id, key, Some(identity), endpoint.into(), network))
}
