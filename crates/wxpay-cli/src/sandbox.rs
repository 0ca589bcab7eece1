//! `wxpay sandbox`.

mod folder;

use std::{
    fs::{self, File},
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    thread,
    time::UNIX_EPOCH,
};

use anyhow::{Context, bail};
use tempfile::TempPath;
use tokio::sync::oneshot;
use wxpay_diagnose::Lang;
use wxpay_media::Format;
use wxpay_sandbox::{Credentials, RecordedRequest, Sandbox, SandboxBuilder, StartError, Watch};
use wxpay_sign::{ContentMd5, Params, SignType};

use crate::{
    args::SandboxArgs,
    settings,
    signals::{Signal, Stop},
    terminal,
    values::Inspector,
};
use folder::{Folder, quote};

pub(crate) async fn run(args: SandboxArgs) -> anyhow::Result<ExitCode> {
    let mut stop = Stop::listen().context("cannot listen for signals")?;
    terminal::write_in_background();
    let folder = Folder::open(args.dir.as_deref())?;
    let ready_file = args.ready_file.as_deref();
    let _claimed = ready_file.map(claim).transpose()?;
    let lock = folder.lock()?;
    let keep = args.keep.as_deref().map(folder::make).transpose()?;
    let port = if args.command.is_empty() { 8443 } else { 0 };
    let listen = args.listen.unwrap_or((Ipv4Addr::LOCALHOST, port).into());
    let builder = Sandbox::builder()
        .listen(listen)
        .credentials(credentials(&args, &folder)?);
    let mut builder = args.host.iter().fold(builder, SandboxBuilder::host);
    for file in &args.other_key_file {
        builder = builder.other_key(settings::OTHER_KEY.by_flag(file).api_key()?);
    }
    let faults = args.fault.iter().cloned();
    builder = faults.fold(builder, SandboxBuilder::fault);
    let sandbox = start(builder, args.inspector)
        .await
        .with_context(|| format!("no sandbox at {listen}"))?;
    let lang = (!args.json).then_some(args.lang);
    let calls = tokio::spawn(print_calls(sandbox.watch(), lang, keep));
    folder.write(&sandbox)?;
    drop(lock);

    if let Some(path) = ready_file {
        let origin = format!("{}\n", sandbox.origin());
        let written = folder::replace(path, origin.as_bytes(), 0o644);
        written.with_context(|| format!("cannot write {}", path.display()))?;
    }
    let code = if let Some((program, arguments)) = args.command.split_first() {
        let variables = folder.variables(&sandbox);
        let mut command = Command::new(program);
        command.args(arguments);
        command.envs(variables.iter().map(|(name, value)| (name, value.as_str())));
        for name in folder::NO_PROXY {
            let more = settings::text(name)?.map_or(String::new(), |hosts| format!(",{hosts}"));
            command.env(name, folder::direct_hosts(&sandbox) + &more);
        }
        run_command(command, &mut stop).await?
    } else {
        introduce(&sandbox, &folder)?;
        stop.asked().await;
        ExitCode::SUCCESS
    };
    sandbox.shutdown().await;
    calls.await.context("the printing of calls has failed")?;
    Ok(code)
}

/// Starts the sandbox with its inspector: on a free port if none is asked for and the default one
/// is taken.
async fn start(builder: SandboxBuilder, asked: Option<Inspector>) -> Result<Sandbox, StartError> {
    let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let addr = match asked {
        Some(Inspector(None)) => return builder.start().await,
        Some(Inspector(Some(addr))) => addr,
        None => match builder.clone().inspector(loopback(8480)).start().await {
            Err(StartError::Inspector { .. }) => loopback(0),
            started => return started,
        },
    };
    builder.inspector(addr).start().await
}

/// The folder's credentials, or new ones, with the merchant id and key of the flags.
fn credentials(args: &SandboxArgs, folder: &Folder) -> anyhow::Result<Credentials> {
    let mut credentials = match (folder.credentials()?, &args.mch_id) {
        (Some(kept), Some(id)) if kept.mch_id() != id.as_str() => bail!(
            "{} holds the credentials of merchant {}: take another folder for {id}",
            folder.path.display(),
            kept.mch_id()
        ),
        (Some(kept), _) => kept,
        (None, Some(id)) => Credentials::generate_for(id.as_str())?,
        (None, None) => Credentials::generate()?,
    };
    // `WXPAY_API_KEY` is for clients.
    if let Some(file) = &args.api_key_file {
        let source = settings::API_KEY.by_flag(file);
        let changed = credentials.with_api_key(&source.line()?);
        credentials = changed.with_context(|| source.to_string())?;
    }
    Ok(credentials)
}

/// Prints the addresses, and the curl command of the API's page (MD5, no `sign_type`) with this
/// sandbox's values.
fn introduce(sandbox: &Sandbox, folder: &Folder) -> anyhow::Result<()> {
    let inspector = sandbox.inspector_addr();
    let inspector = inspector.map(|addr| format!("inspector on http://{addr}\n"));
    let credentials = sandbox.credentials();
    let mch_id = credentials.mch_id();
    let hash = ContentMd5::of(folder::SAMPLE);
    let params = Params::new([("mch_id", mch_id), ("media_hash", hash.as_str())])?;
    let sign = params.sign(SignType::Md5, credentials.api_key());
    // curl itself reads `file:password` and `file;type=…`.
    let [cert, sample] =
        ["apiclient_cert.pem", "sample.png"].map(|name| folder.file(name).replace('\\', r"\\"));
    let (cert, sample) = (cert.replace(':', r"\:"), sample.replace('"', r#"\""#));
    terminal::print(&format!(
        "listening on https://{}\n\
         {}\
         credentials in {}\n\n\
         with wxpay:\n  . {} && wxpay upload licence.jpg\n\n\
         with curl:\n\
         curl --noproxy '*' --cacert {} --cert {} --key {} -F mch_id={mch_id} -F media_hash={hash} \
         -F sign={sign} -F {} {}/secapi/mch/uploadmedia\n",
        sandbox.addr(),
        inspector.unwrap_or_default(),
        folder.path.display(),
        quote(&folder.file("env")),
        quote(&folder.file("ca.pem")),
        quote(&cert),
        quote(&folder.file("apiclient_key.pem")),
        quote(&format!("media=@\"{sample}\"")),
        sandbox.origin(),
    ))?;
    Ok(())
}

/// Runs a command, passes the first signal on to it, and returns its exit status.
async fn run_command(mut command: Command, stop: &mut Stop) -> anyhow::Result<ExitCode> {
    let spawned = command.spawn();
    let mut child = spawned.with_context(|| format!("cannot run {:?}", command.get_program()))?;
    // The command may take its time to end.
    stop.wait_without_bound();
    let process = child.id();
    let (end, mut ended) = oneshot::channel();
    thread::spawn(move || end.send(child.wait()));
    let status = tokio::select! {
        status = &mut ended => status,
        signal = stop.asked() => {
            pass_on(signal, process);
            ended.await
        }
    };
    let status = status.context("the thread that waits for the command has ended")??;
    let code = status.code();
    // As in a shell: 128 and the number of the signal that ended the command.
    #[cfg(unix)]
    let code = code.or_else(|| Some(128 + std::os::unix::process::ExitStatusExt::signal(&status)?));
    let code = code.and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(terminal::FAILED)))
}

/// Passes a signal on to the command, except Ctrl-C, which a terminal sends to both.
#[cfg(unix)]
fn pass_on(signal: Signal, process: u32) {
    use std::io::IsTerminal;

    use rustix::process::{Pid, kill_process};

    let is_of_terminal = signal == Signal::INT && io::stdin().is_terminal();
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    if let Some(process) = process.filter(|_| !is_of_terminal) {
        let _ = kill_process(process, signal);
    }
}

/// The console sends Ctrl-C to the command itself.
#[cfg(windows)]
fn pass_on(_signal: Signal, _process: u32) {}

/// Prints each call, in this language or as JSON, and keeps it in the folder, until the sandbox
/// ends.
async fn print_calls(mut calls: Watch, lang: Option<Lang>, folder: Option<PathBuf>) {
    while let Some(call) = calls.next().await {
        // Lazy: a call as JSON is long.
        let json = || terminal::escape_json(&serde_json::to_string(&*call).unwrap_or_default());
        terminal::warn(&lang.map_or_else(json, |lang| call.display(lang).to_string()));
        if let Some(folder) = &folder
            && let Err(error) = keep(folder, &call, &json(), calls.media(call.number).as_deref())
        {
            let message = format!("cannot keep a call in {}: {error}", folder.display());
            terminal::warn(&terminal::one_line(&message));
        }
    }
}

/// Writes the call and its picture, under names that do not depend on the client.
fn keep(folder: &Path, call: &RecordedRequest, json: &str, media: Option<&[u8]>) -> io::Result<()> {
    let since = call.time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let format = media.and_then(Format::detect);
    let extension = format.map_or("bin", |format| format.extensions()[0]);
    // A picture of a certificate is private.
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for (extension, content) in [("json", Some(json.as_bytes())), (extension, media)] {
        let name = format!("{}-{}.{extension}", since.as_millis(), call.number);
        if let Some(content) = content {
            options.open(folder.join(name))?.write_all(content)?;
        }
    }
    Ok(())
}

/// Claims the file that shows a script that the sandbox is ready; an earlier sandbox's is replaced.
/// Removed on drop.
fn claim(path: &Path) -> anyhow::Result<TempPath> {
    let shown = path.display();
    match settings::read_file(path, 1) {
        Ok(left) if left.starts_with(b"https://") => {
            fs::remove_file(path).with_context(|| format!("cannot remove {shown}"))?;
        }
        Ok(_) => bail!("{shown} is there already, and not from a sandbox"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot use {shown}")),
    }
    TempPath::try_from_path(path).with_context(|| format!("cannot use {shown}"))
}
