//! `wxpay sandbox`.

mod calls;
mod curl;
mod folder;
mod inspector;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use tokio::time::timeout;
use wxpay_sandbox::{Credentials, Sandbox};

use crate::{args::SandboxArgs, key, signals::Stop, terminal};
use calls::Calls;
use folder::{Folder, quote};

pub(crate) use inspector::Inspector;

/// For the last calls to be told, where nobody takes what is told.
const LAST_WORDS: Duration = Duration::from_secs(1);

pub(crate) async fn run(args: SandboxArgs) -> anyhow::Result<ExitCode> {
    let mut stop = Stop::listen().context("cannot listen for signals")?;
    let folder = Folder::open(args.dir.as_deref())?;
    let lock = folder.lock()?;
    let calls = Calls::new(args.json, args.keep.as_deref())?;
    let mut builder = Sandbox::builder()
        .listen(args.listen)
        .credentials(credentials(&args, &folder)?);
    for host in &args.host {
        builder = builder.host(host);
    }
    for file in &args.other_key_file {
        if let Some(key) = key::find(Some(file))? {
            builder = builder.other_key(key);
        }
    }
    for fault in &args.fault {
        builder = builder.fault(fault.clone());
    }
    let sandbox = inspector::start(builder, args.inspector)
        .await
        .with_context(|| format!("no sandbox at {}", args.listen))?;
    let calls = tokio::spawn(calls.tell(sandbox.watch(), sandbox.pictures()));
    folder.write(&sandbox)?;
    drop(lock);

    let env = folder.file("env");
    let inspector = sandbox.inspector_addr();
    let inspector = inspector.map(|addr| format!("inspector on http://{addr}\n"));
    terminal::print(&format!(
        "listening on https://{}\n\
         {}\
         credentials in {}\n\n\
         with wxpay:\n  . {} && wxpay upload licence.jpg\n\n\
         with curl:\n{}\n",
        sandbox.addr(),
        inspector.unwrap_or_default(),
        folder.path().display(),
        quote(&env.to_string_lossy()),
        curl::command(&sandbox, &folder)?
    ))?;

    stop.asked().await;
    sandbox.shutdown().await;
    let _told = timeout(LAST_WORDS, calls).await;
    Ok(ExitCode::SUCCESS)
}

/// The folder's credentials, where it has some; else new ones, with what the caller gives.
fn credentials(args: &SandboxArgs, folder: &Folder) -> anyhow::Result<Credentials> {
    let key = match &args.api_key_file {
        Some(file) => key::find_text(Some(file))?.map(|(_, text)| text),
        None => None,
    };
    let mut credentials = match (folder.credentials()?, &args.mch_id) {
        (Some(kept), Some(id)) if kept.mch_id() != id.as_str() => bail!(
            "{} holds the credentials of merchant {}: take another folder for {id}",
            folder.path().display(),
            kept.mch_id()
        ),
        (Some(kept), _) => kept,
        (None, Some(id)) => Credentials::generate_for(id.as_str())?,
        (None, None) => Credentials::generate()?,
    };
    if let Some(key) = key {
        credentials = credentials.with_api_key(&key)?;
    }
    Ok(credentials)
}
