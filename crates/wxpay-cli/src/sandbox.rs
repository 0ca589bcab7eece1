//! `wxpay sandbox`.

mod calls;
mod command;
mod curl;
mod folder;
mod inspector;

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::time::timeout;
use wxpay_sandbox::{Credentials, Sandbox};

use crate::{args::SandboxArgs, settings, signals::Stop, terminal};
use calls::Calls;
use folder::{Folder, quote};

pub(crate) use inspector::Inspector;

/// For the last calls to be told, where nobody takes what is told.
const LAST_WORDS: Duration = Duration::from_secs(1);

const PORT: u16 = 8443;

pub(crate) async fn run(args: SandboxArgs) -> anyhow::Result<ExitCode> {
    let mut stop = Stop::listen().context("cannot listen for signals")?;
    let folder = Folder::open(args.dir.as_deref())?;
    let ready = args.ready_file.as_deref().map(Ready::new).transpose()?;
    let lock = folder.lock()?;
    let calls = Calls::new(args.json, args.keep.as_deref())?;
    let port = if args.command.is_empty() { PORT } else { 0 };
    let listen = args
        .listen
        .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let mut builder = Sandbox::builder()
        .listen(listen)
        .credentials(credentials(&args, &folder)?);
    for host in &args.host {
        builder = builder.host(host);
    }
    for file in &args.other_key_file {
        if let Some((key, ..)) = settings::api_key(&settings::OTHER_KEY, Some(file))? {
            builder = builder.other_key(key);
        }
    }
    for fault in &args.fault {
        builder = builder.fault(fault.clone());
    }
    let sandbox = inspector::start(builder, args.inspector)
        .await
        .with_context(|| format!("no sandbox at {listen}"))?;
    let calls = tokio::spawn(calls.tell(sandbox.watch(), sandbox.pictures()));
    folder.write(&sandbox)?;
    drop(lock);

    if let Some(ready) = &ready {
        ready.write(&sandbox.origin())?;
    }
    let code = if args.command.is_empty() {
        introduce(&sandbox, &folder)?;
        stop.asked().await;
        ExitCode::SUCCESS
    } else {
        let mut variables = folder.variables(&sandbox).to_vec();
        for name in folder::NO_PROXY {
            let more = settings::text(name)?.map_or(String::new(), |hosts| format!(",{hosts}"));
            variables.push((name, (folder::direct_hosts(&sandbox) + &more).into()));
        }
        command::run(&args.command, &variables, &mut stop).await?
    };
    sandbox.shutdown().await;
    let _told = timeout(LAST_WORDS, calls).await;
    Ok(code)
}

/// Prints where it listens, and how to use it.
fn introduce(sandbox: &Sandbox, folder: &Folder) -> anyhow::Result<()> {
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
        curl::command(sandbox, folder)?
    ))?;
    Ok(())
}

/// The file that tells a script that all is ready. It is gone when this is dropped.
struct Ready<'a>(&'a Path);

impl<'a> Ready<'a> {
    /// Takes away what an earlier sandbox has left, and nothing else.
    fn new(path: &'a Path) -> anyhow::Result<Self> {
        const MOST: u64 = 1024;
        let left = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self(path)),
            Err(error) => Err(error),
            Ok(metadata) if metadata.is_file() => settings::read_file(path, MOST),
            Ok(_) => Err(io::Error::other("it is not a regular file")),
        };
        match left {
            Ok(left) if left.is_empty() || left.starts_with(b"https://") => {
                fs::remove_file(path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
                Ok(Self(path))
            }
            Ok(_) => bail!(
                "{} is there already, and not from a sandbox",
                path.display()
            ),
            Err(error) => Err(error).with_context(|| format!("cannot use {}", path.display())),
        }
    }

    /// In one step, so that nobody reads half of it.
    fn write(&self, origin: &str) -> anyhow::Result<()> {
        let folder = self.0.parent().filter(|it| !it.as_os_str().is_empty());
        let written = folder::replace(
            folder.unwrap_or(Path::new(".")),
            self.0,
            format!("{origin}\n").as_bytes(),
            0o644,
        );
        written.with_context(|| format!("cannot write {}", self.0.display()))
    }
}

impl Drop for Ready<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.0);
    }
}

/// The folder's credentials, where it has some; else new ones, with what the caller gives.
fn credentials(args: &SandboxArgs, folder: &Folder) -> anyhow::Result<Credentials> {
    // The variable is for clients: this is their gateway.
    let key = match &args.api_key_file {
        Some(file) => settings::api_key(&settings::API_KEY, Some(file))?,
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
    if let Some((_, text, _)) = key {
        credentials = credentials.with_api_key(&text)?;
    }
    Ok(credentials)
}
