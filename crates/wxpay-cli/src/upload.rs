//! `wxpay upload`.

mod dry_run;
mod ledger;
pub(crate) mod outcome;
mod picture;
mod progress;
mod queue;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use wxpay_media::{
    ApiKey, Client, ClientBuilder, Endpoint, Endpoints, Identity, Merchant, MerchantId, SignType,
    Signing, transport::TransportBuilder,
};
use wxpay_sandbox::Sandbox;

use crate::{
    FAILED,
    args::{Rate, TimeoutArgs, UploadArgs},
    settings::{self, IdentitySetting, Network},
    signals::Stop,
    terminal,
};
use outcome::{Failure, Outcome};

pub(crate) async fn run(args: UploadArgs) -> anyhow::Result<ExitCode> {
    let mut stop = Stop::listen().context("cannot listen for signals")?;
    let sandbox = if args.sandbox {
        Some(start_sandbox().await?)
    } else {
        None
    };
    let config = match Config::find(&args, sandbox.as_ref()) {
        Ok(config) => config,
        Err(error) => {
            // With --json every file has a line.
            if args.json {
                let failure = Failure::config(&error);
                for file in &args.files {
                    Outcome::failed(file, failure.clone()).print(true)?;
                }
            }
            return Err(error);
        }
    };
    let done = if args.dry_run {
        tokio::select! {
            done = dry_run::run(&args, &config.merchant) => done?,
            _ = stop.asked() => false,
        }
    } else if let Some(path) = &args.ledger {
        let (merchant, endpoints) = (config.merchant.id(), &config.endpoints);
        let run = ledger::Run::open(&args, path, merchant, endpoints)?;
        let client = config.client(&args)?;
        run.upload(&args, &client, &mut stop).await?
    } else {
        let client = config.client(&args)?;
        queue::run(&args, &client, &mut stop).await?
    };
    if let Some(sandbox) = sandbox {
        sandbox.shutdown().await;
    }
    Ok(if done {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    })
}

async fn start_sandbox() -> anyhow::Result<Sandbox> {
    let sandbox = Sandbox::builder().start().await?;
    terminal::warn(&format!(
        "sandbox at {}: its media ids mean nothing to WeChat Pay",
        sandbox.origin()
    ));
    Ok(sandbox)
}

/// The settings of all uploads.
struct Config {
    merchant: Merchant,
    endpoints: Endpoints,
    /// Always there, except that a dry run can do without.
    identity: Option<Identity>,
    network: Network,
    rate: Option<Rate>,
    timeouts: Vec<(SetTimeout, Duration)>,
}

impl Config {
    fn find(args: &UploadArgs, sandbox: Option<&Sandbox>) -> anyhow::Result<Self> {
        let from_stdin = args.files.iter().filter(|file| picture::is_stdin(file));
        if from_stdin.count() > 1 {
            bail!("`-` can be given once: stdin holds one picture");
        }
        match sandbox {
            Some(sandbox) => Self::of_sandbox(args, sandbox),
            None => Self::of_settings(args),
        }
    }

    fn of_settings(args: &UploadArgs) -> anyhow::Result<Self> {
        let gateway = &args.gateway;
        let mch_id = gateway.mch_id()?.map(|given| given.value);
        let api_key = settings::api_key(gateway.api_key_file.as_deref())?;
        let files = IdentitySetting::find(gateway)?;
        // One error names all missing settings.
        let mut missing = Vec::new();
        if mch_id.is_none() {
            missing.push(settings::HOW_MCH_ID);
        }
        if api_key.is_none() {
            missing.push(settings::HOW_API_KEY);
        }
        // A dry run checks the identity where it is given, and sends nothing.
        match &files {
            None if args.dry_run => {}
            None => missing.extend([settings::HOW_CERT, settings::HOW_KEY]),
            Some(files) => missing.extend(files.missing()),
        }
        let (Some(id), Some(api_key), true) = (mch_id, api_key, missing.is_empty()) else {
            bail!(
                "missing {}\n  to try without credentials: wxpay upload --sandbox FILE",
                missing.join("\n  missing ")
            );
        };
        if settings::is_app_id(&id) {
            let advice = settings::APP_ID_ADVICE;
            terminal::warn(&format!("warning: {id} is an app id: {advice}"));
        }
        let identity = files.map(|files| files.load(Some(&id))).transpose()?;
        let other = identity.as_ref();
        if let Some(other) = other.and_then(|it| settings::other_merchant(it, &id)) {
            terminal::warn(&format!(
                "warning: the certificate is of merchant {other}, not of {id}"
            ));
        }
        Ok(Self {
            merchant: merchant(args, id, api_key.value)?,
            endpoints: gateway.endpoints()?.value,
            identity,
            network: Network::find(gateway)?,
            rate: rate(args)?,
            timeouts: timeouts(&args.timeouts)?,
        })
    }

    fn of_sandbox(args: &UploadArgs, sandbox: &Sandbox) -> anyhow::Result<Self> {
        let credentials = sandbox.credentials();
        let id = MerchantId::new(credentials.mch_id())?;
        let identity = Identity::from_pem(credentials.cert_pem(), credentials.key_pem())?;
        let endpoint: Endpoint = sandbox.origin().parse()?;
        Ok(Self {
            merchant: merchant(args, id, credentials.api_key().clone())?,
            endpoints: endpoint.into(),
            identity: Some(identity),
            network: Network::of_sandbox(credentials.ca_pem())?,
            rate: rate(args)?,
            timeouts: timeouts(&args.timeouts)?,
        })
    }

    fn client(self, args: &UploadArgs) -> anyhow::Result<Client> {
        let mut builder = ClientBuilder::from(self.merchant)
            .endpoints(self.endpoints)
            .max_retries(args.retries)
            .transport(|transport| {
                let transport = self.network.apply(transport);
                let set = |transport, (set, timeout): (SetTimeout, _)| set(transport, timeout);
                self.timeouts.into_iter().fold(transport, set)
            });
        if let Some(identity) = self.identity {
            builder = builder.identity(identity);
        }
        if let Some(Rate(rate)) = self.rate {
            builder = builder.rate(rate);
        }
        Ok(builder.build()?)
    }
}

fn merchant(args: &UploadArgs, id: MerchantId, key: ApiKey) -> anyhow::Result<Merchant> {
    // MD5 as in the API's own example, which names no sign type.
    let signing = match args.gateway.sign_type()?.value {
        SignType::HmacSha256 => Signing::HmacSha256,
        SignType::Md5 => Signing::Md5Unnamed,
    };
    Ok(Merchant::new(id, key)
        .signing(signing)
        .strict_response_sign(args.strict_reply_sign))
}

fn rate(args: &UploadArgs) -> anyhow::Result<Option<Rate>> {
    let rate = settings::find(args.rate, "--rate", "WXPAY_RATE")?;
    Ok(rate.map(|given| given.value))
}

type SetTimeout = fn(TransportBuilder, Duration) -> TransportBuilder;

/// The timeouts that are given; the others are the library's.
fn timeouts(args: &TimeoutArgs) -> anyhow::Result<Vec<(SetTimeout, Duration)>> {
    let settings: [(_, _, _, SetTimeout); 4] = [
        (
            args.timeout,
            "--timeout",
            "WXPAY_TIMEOUT",
            TransportBuilder::timeout,
        ),
        (
            args.connect_timeout,
            "--connect-timeout",
            "WXPAY_CONNECT_TIMEOUT",
            TransportBuilder::connect_timeout,
        ),
        (
            args.stall_timeout,
            "--stall-timeout",
            "WXPAY_STALL_TIMEOUT",
            TransportBuilder::stall_timeout,
        ),
        (
            args.response_timeout,
            "--response-timeout",
            "WXPAY_RESPONSE_TIMEOUT",
            TransportBuilder::response_timeout,
        ),
    ];
    let mut timeouts = Vec::new();
    for (flag, flag_name, variable, set) in settings {
        let found = settings::find(flag, flag_name, variable)?;
        timeouts.extend(found.map(|given| (set, given.value.0)));
    }
    Ok(timeouts)
}
