//! `wxpay upload`.

mod dry_run;
mod outcome;
mod picture;
mod progress;
mod queue;

use std::process::ExitCode;

use anyhow::{Context, bail};
use wxpay_sandbox::Sandbox;

use crate::{FAILED, args::UploadArgs, config::Config, signals::Stop, terminal};
use outcome::{Failure, Outcome};

pub(crate) async fn run(args: UploadArgs) -> anyhow::Result<ExitCode> {
    let mut stop = Stop::listen().context("cannot listen for signals")?;
    let sandbox = if args.sandbox {
        Some(start_sandbox().await?)
    } else {
        None
    };
    let config = match prepare(&args, sandbox.as_ref()) {
        Ok(config) => config,
        Err(error) => {
            // Whoever reads JSON gets an answer for every file, too.
            if args.json {
                let failure = Failure::config(&error);
                for file in &args.files {
                    let outcome = Outcome::failed(file, failure.clone());
                    outcome.print(true)?;
                }
            }
            return Err(error);
        }
    };
    let done = if args.dry_run {
        tokio::select! {
            done = dry_run::run(&args, &config) => done?,
            _ = stop.asked() => false,
        }
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

fn prepare(args: &UploadArgs, sandbox: Option<&Sandbox>) -> anyhow::Result<Config> {
    if args
        .files
        .iter()
        .filter(|file| picture::is_stdin(file))
        .count()
        > 1
    {
        bail!("`-` can be given once: stdin holds one picture");
    }
    match sandbox {
        Some(sandbox) => Config::of_sandbox(args, sandbox),
        None => Config::of_settings(args),
    }
}

async fn start_sandbox() -> anyhow::Result<Sandbox> {
    let sandbox = Sandbox::builder().start().await?;
    terminal::complain(&format!(
        "sandbox at {}: its media ids mean nothing to WeChat Pay",
        sandbox.origin()
    ));
    Ok(sandbox)
}
