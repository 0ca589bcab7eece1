//! `wxpay serve`.
#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "the comments are the help that the program prints, and that is not Markdown"
)]

mod merchants;
mod sockets;

use std::{
    env,
    fs::DirBuilder,
    net::SocketAddr,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use wxpay_agent::{Agent, AllowedHost, Fetcher, Options, Store, Token};
use wxpay_media::Transport;
use wxpay_sandbox::Sandbox;

use crate::{
    args::{GatewayArgs, TimeoutArgs},
    settings::Network,
    signals::Stop,
    terminal,
    values::{Rate, Seconds},
};
use sockets::{Sockets, notify};

/// Take pictures over HTTP from programs of any language on this machine, and upload them.
///
/// POST a picture to /v1/media, and the media id comes back. One process keeps the certificate, the
/// connections and the pace of all its callers; equal pictures are sent once. Over TCP a caller sends
/// the token of the token file: Authorization: Bearer. docs/serve.md has ten lines for each language.
#[derive(Debug, Args)]
#[command(
    after_help = "Settings of the merchant come from flags, else from the environment, as for \
        `wxpay upload`; or each merchant has a file in the folder of --merchants.\n\n\
        Exit status: 0 asked to stop, and all that was accepted is answered; 1 some of it is not; \
        2 wrong usage or configuration."
)]
pub(crate) struct ServeArgs {
    /// The address to listen on; port 0 takes any free one [default: 127.0.0.1:8479, unless there is
    /// --socket or systemd hands sockets over]
    #[arg(long, value_name = "ADDR", overrides_with = "listen")]
    listen: Option<SocketAddr>,

    /// Listen on addresses that other machines reach, too: then the pictures cross the network in clear
    #[arg(long, overrides_with = "allow_remote")]
    allow_remote: bool,

    /// A Unix socket to listen on; its permissions guard it, and no token is wanted there
    #[cfg(unix)]
    #[arg(long, value_name = "PATH", overrides_with = "socket")]
    socket: Option<PathBuf>,

    /// The permissions of the socket, in octal
    #[cfg(unix)]
    #[arg(long, value_name = "MODE", value_parser = mode, default_value = "600")]
    #[arg(requires = "socket", overrides_with = "socket_mode")]
    socket_mode: u32,

    /// The file with the token, made where there is none [default: token in the folder
    /// STATE_DIRECTORY, else wxpay/token in XDG_STATE_HOME, else in ~/.local/state]
    #[arg(long, value_name = "PATH", overrides_with = "token_file")]
    token_file: Option<PathBuf>,

    /// A further name under which it is called, beside its address and localhost; repeatable
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,

    /// A folder with a TOML file for each merchant, which is read again when it changes
    #[arg(long, value_name = "DIR", overrides_with = "merchants", conflicts_with_all = [
        "sandbox", "mch_id", "api_key_file", "cert", "key", "key_password_file", "p12",
        "p12_password_file", "sign_type", "endpoint", "region",
    ])]
    merchants: Option<PathBuf>,

    /// Keep in this file, made where there is none, which picture has which media id [default: in
    /// memory, until it ends]
    #[arg(long, value_name = "LEDGER", overrides_with = "ledger")]
    ledger: Option<PathBuf>,

    /// Take a URL in place of a picture where it is of this host, https and public; HOST:PORT for
    /// another port than 443; repeatable
    #[arg(long, value_name = "HOST")]
    allow_url: Vec<AllowedHost>,

    /// How many requests of a merchant may wait; more are answered with 503 at once
    #[arg(
        long,
        value_name = "N",
        default_value = "512",
        overrides_with = "queue"
    )]
    queue: NonZeroUsize,

    /// How long what was accepted may take when it is asked to stop
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "30",
        overrides_with = "grace"
    )]
    grace: Seconds,

    #[command(flatten)]
    gateway: GatewayArgs,

    /// Take only replies signed with the request's algorithm
    #[arg(long, overrides_with = "strict_reply_sign")]
    strict_reply_sign: bool,

    #[command(flatten)]
    timeouts: TimeoutArgs,

    /// How many further attempts a picture may take after its first, on whatever endpoint
    #[arg(
        long,
        value_name = "N",
        default_value = "2",
        overrides_with = "retries"
    )]
    retries: u32,

    /// How many uploads of a merchant may begin in a second, or off [env: WXPAY_RATE] [default: 10 to
    /// *.mch.weixin.qq.com, which is what WeChat Pay allows a merchant; off elsewhere]
    #[arg(long, value_name = "N", overrides_with = "rate")]
    rate: Option<Rate>,

    /// How many uploads of a merchant run at once
    #[arg(
        long,
        value_name = "N",
        default_value = "16",
        overrides_with = "concurrency"
    )]
    concurrency: NonZeroUsize,

    /// Upload to a gateway that runs inside this program; needs no credentials
    #[arg(long, overrides_with = "sandbox", conflicts_with_all = [
        "mch_id", "api_key_file", "cert", "key", "key_password_file", "p12", "p12_password_file",
        "endpoint", "region", "ca", "resolve", "proxy", "proxy_auth_file",
    ])]
    sandbox: bool,
}

#[cfg(unix)]
fn mode(text: &str) -> Result<u32, &'static str> {
    let mode = u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o777);
    mode.ok_or("permissions are three octal digits, such as 660")
}

pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let mut stop = Stop::listen().context("cannot listen for signals")?;
    terminal::write_in_background();
    let mut sandbox = None;
    if args.sandbox {
        let started = sandbox.insert(Sandbox::builder().start().await?);
        let origin = started.origin();
        terminal::warn(&format!(
            "sandbox at {origin}: its media ids mean nothing to WeChat Pay"
        ));
    }
    let store = match &args.ledger {
        Some(path) => Store::in_ledger(path)?,
        None => Store::in_memory(),
    };
    let merchants = merchants::merchants(&args, sandbox.as_ref())?;
    raise_limit_of_files();
    let sockets = Sockets::open(&args).await?;
    let is_tcp = sockets.listeners.iter().any(|it| it.addr().is_some());
    let token_file = is_tcp.then(|| token_file(&args)).transpose()?;
    let is_by_url = !args.allow_url.is_empty();
    let options = Options {
        token: token_file
            .as_deref()
            .map(|path| token(&args, path))
            .transpose()?,
        hosts: args.host.clone(),
        fetcher: is_by_url.then(|| fetcher(&args)).transpose()?,
        queue: args.queue.get(),
        grace: args.grace.0,
    };
    let agent = Agent::start(merchants, store, options).await?;
    if let Some(token_file) = token_file {
        let shown = terminal::one_line(&token_file.to_string_lossy());
        terminal::warn(&format!("callers send the token in {shown}"));
    }
    terminal::print(&sockets.shown.join("\n"))?;
    tell_systemd("READY=1");
    // From now on the grace bounds the end; a second signal forces it.
    stop.wait_without_bound();
    let asked = async {
        stop.asked().await;
        tell_systemd("STOPPING=1");
    };
    let is_answered = agent.serve(sockets.listeners, asked).await;
    if !is_answered {
        terminal::warn("warning: stopped before all that was accepted was answered");
    }
    if let Some(sandbox) = sandbox {
        sandbox.shutdown().await;
    }
    Ok(terminal::exit_code(is_answered))
}

fn fetcher(args: &ServeArgs) -> anyhow::Result<Fetcher> {
    let roots = Network::find(&args.gateway)?.roots;
    let transport = Transport::builder().roots(roots);
    let mut fetcher = Fetcher::new(args.allow_url.clone(), transport);
    for to in &args.gateway.resolve {
        fetcher = fetcher.resolve(&to.host, to.port, to.addresses.clone());
    }
    Ok(fetcher)
}

fn token(args: &ServeArgs, path: &Path) -> anyhow::Result<Token> {
    if args.token_file.is_none() {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let folder = path.parent().unwrap_or(Path::new("."));
        let made = builder.recursive(true).create(folder);
        made.with_context(|| format!("cannot make {}", folder.display()))?;
    }
    Token::open(path).with_context(|| format!("the token file {}", path.display()))
}

fn token_file(args: &ServeArgs) -> anyhow::Result<PathBuf> {
    if let Some(path) = &args.token_file {
        return Ok(path.clone());
    }
    let folder = |name: &str, below: &str| {
        let folder = env::var_os(name).filter(|it| !it.is_empty())?;
        Some(Path::new(&folder).join(below))
    };
    folder("STATE_DIRECTORY", "token")
        .or_else(|| folder("XDG_STATE_HOME", "wxpay/token"))
        .or_else(|| folder("HOME", ".local/state/wxpay/token"))
        .or_else(|| folder("LOCALAPPDATA", "wxpay/token"))
        .context("missing the place of the token: --token-file")
}

/// A connection takes a file descriptor, and many systems begin with 1,024.
fn raise_limit_of_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // Where that is not allowed, fewer connections are taken.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

fn tell_systemd(state: &str) {
    if let Err(error) = notify(state) {
        terminal::warn(&format!("warning: NOTIFY_SOCKET: {error}"));
    }
}
