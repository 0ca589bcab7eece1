//! `wxpay serve`.
#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "the comments are the help that the program prints, and that is not Markdown"
)]

use std::{
    env,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Args;
use wxpay_agent::{
    Agent, AllowedHost, Fetcher, Listener, Loaded, Merchants, Options, Settings, Store, Token,
    read_merchant,
};
use wxpay_media::{Transport, TransportBuilder};
use wxpay_sandbox::Sandbox;

use crate::{
    args::{GatewayArgs, TimeoutArgs, UploadArgs},
    exit_code,
    settings::{Network, Rate, Seconds, variable},
    signals::Stop,
    terminal, upload,
};

const PORT: u16 = 8479;

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
    let sandbox = match args.sandbox {
        true => Some(upload::start_sandbox().await?),
        false => None,
    };
    let store = match &args.ledger {
        Some(path) => Store::in_ledger(path)?,
        None => Store::in_memory(),
    };
    let merchants = merchants(&args, sandbox.as_ref())?;
    raise_limit_of_files();
    let listeners = listeners(&args).await?;
    let is_tcp = listeners.iter().any(|listener| listener.addr().is_some());
    let options = Options {
        token: is_tcp.then(|| token(&args)).transpose()?,
        hosts: args.host.clone(),
        fetcher: (!args.allow_url.is_empty())
            .then(|| fetcher(&args))
            .transpose()?,
        queue: args.queue.get(),
        grace: args.grace.0,
    };
    let agent = Agent::start(merchants, store, options).await?;
    let lines: Vec<_> = listeners
        .iter()
        .map(|it| format!("listening on {it}"))
        .collect();
    terminal::print(&lines.join("\n"))?;
    notify("READY=1");
    // From now on the grace bounds the end; a second signal forces it.
    stop.wait_without_bound();
    let asked = async {
        stop.asked().await;
        notify("STOPPING=1");
    };
    let is_answered = agent.serve(listeners, asked).await;
    if !is_answered {
        terminal::warn("warning: stopped before all that was accepted was answered");
    }
    if let Some(sandbox) = sandbox {
        sandbox.shutdown().await;
    }
    Ok(exit_code(is_answered))
}

/// The settings of a client, as `wxpay upload` has them.
fn client_args(args: &ServeArgs) -> UploadArgs {
    UploadArgs {
        files: Vec::new(),
        ledger: None,
        from: None,
        null: false,
        gateway: args.gateway.clone(),
        strict_reply_sign: args.strict_reply_sign,
        timeouts: args.timeouts.clone(),
        retries: args.retries,
        rate: args.rate,
        concurrency: args.concurrency,
        dry_run: false,
        json: false,
        sandbox: args.sandbox,
    }
}

fn merchants(args: &ServeArgs, sandbox: Option<&Sandbox>) -> anyhow::Result<Merchants> {
    let client_args = client_args(args);
    let concurrency = args.concurrency.get();
    let limited = move |transport: TransportBuilder| transport.concurrency(concurrency);
    if let Some(folder) = &args.merchants {
        let network = Network::find(&args.gateway)?;
        // What can be wrong with them is wrong now.
        let builder = wxpay_media::Client::builder("0".parse()?, "0".repeat(32).parse()?);
        drop(upload::tune(builder, &client_args, &network)?);
        return Ok(Merchants::folder(folder, move |file| {
            read_merchant(file, |builder| {
                let tuned = upload::tune(builder.clone(), &client_args, &network);
                tuned.unwrap_or(builder).transport(limited)
            })
        }));
    }
    let read = move |sandbox: Option<&Sandbox>| -> anyhow::Result<Settings> {
        let configured = upload::configure(&client_args, sandbox)?;
        let (merchant, endpoints, builder, identity) = configured;
        let client = builder.transport(limited).build()?;
        let settings = Settings::new(merchant.id().clone(), client, &endpoints);
        Ok(settings.not_after(identity.map(|identity| identity.not_after())))
    };
    if let Some(sandbox) = sandbox {
        let settings = read(Some(sandbox))?.region("sandbox");
        return Ok(Merchants::one(move || Loaded {
            files: Vec::new(),
            settings: Ok(settings.clone()),
        }));
    }
    let files = files(&args.gateway);
    Ok(Merchants::one(move || Loaded {
        files: files.clone(),
        settings: read(None).map_err(|error| format!("{error:#}")),
    }))
}

/// The files of the merchant's settings, to be read again when one has changed.
fn files(args: &GatewayArgs) -> Vec<PathBuf> {
    let flags = [
        &args.api_key_file,
        &args.cert,
        &args.key,
        &args.key_password_file,
        &args.p12,
        &args.p12_password_file,
        &args.ca,
    ];
    let variables = ["WXPAY_CERT", "WXPAY_KEY", "WXPAY_P12", "WXPAY_CA"];
    let variables = variables.iter().filter_map(|name| variable(name));
    let flags = flags.into_iter().flatten().cloned();
    flags.chain(variables.map(PathBuf::from)).collect()
}

fn fetcher(args: &ServeArgs) -> anyhow::Result<Fetcher> {
    // Its own way: neither the proxy nor the gateway's addresses.
    let gateway = GatewayArgs {
        resolve: Vec::new(),
        ..args.gateway.clone()
    };
    let network = Network::find(&gateway)?;
    let transport = network.apply_roots(Transport::builder());
    let mut fetcher = Fetcher::new(args.allow_url.clone(), transport);
    for to in &args.gateway.resolve {
        let (host, port, addresses) = to.parts();
        fetcher = fetcher.resolve(host, port, addresses);
    }
    Ok(fetcher)
}

async fn listeners(args: &ServeArgs) -> anyhow::Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    #[cfg(unix)]
    {
        let handed_over = wxpay_agent::activated();
        listeners.extend(handed_over.context("cannot use the sockets of LISTEN_FDS")?);
        if let Some(path) = &args.socket {
            let listener = Listener::unix(path, args.socket_mode);
            listeners
                .push(listener.with_context(|| format!("cannot listen on {}", path.display()))?);
        }
    }
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    let addr = args.listen.or(listeners.is_empty().then_some(usual));
    if let Some(addr) = addr {
        refuse_remote(args, addr)?;
        let listener = Listener::tcp(addr).await;
        listeners.insert(
            0,
            listener.with_context(|| format!("cannot listen on {addr}"))?,
        );
    }
    for addr in listeners.iter().filter_map(Listener::addr) {
        refuse_remote(args, addr)?;
    }
    Ok(listeners)
}

fn refuse_remote(args: &ServeArgs, addr: SocketAddr) -> anyhow::Result<()> {
    if !addr.ip().is_loopback() && !args.allow_remote {
        bail!("{addr} is reached by other machines: give a loopback address, or --allow-remote");
    }
    Ok(())
}

fn token(args: &ServeArgs) -> anyhow::Result<Token> {
    let path = token_file(args)?;
    let shown = terminal::one_line(&path.to_string_lossy());
    let token = Token::open(&path).with_context(|| format!("the token file {shown}"))?;
    terminal::warn(&format!("callers send the token in {shown}"));
    Ok(token)
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

fn notify(state: &str) {
    #[cfg(unix)]
    if let Err(error) = wxpay_agent::notify(state) {
        terminal::warn(&format!("warning: NOTIFY_SOCKET: {error}"));
    }
    #[cfg(not(unix))]
    let _ = state;
}
