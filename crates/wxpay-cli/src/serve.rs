//! `wxpay serve`.

mod merchants;
mod sockets;

use std::{
    fs::DirBuilder,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use wxpay_agent::{Agent, Fetcher, Options, Store, Token};
use wxpay_media::Transport;

use crate::{
    args::ServeArgs,
    settings::{Network, variable},
    signals::Stop,
    terminal, upload,
};
use sockets::{Sockets, notify};

pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let mut stop = Stop::listen().context("cannot listen for signals")?;
    terminal::write_in_background();
    let sandbox = upload::start_sandbox(args.client.sandbox).await?;
    let store = match &args.ledger {
        Some(path) => Store::in_ledger(path)?,
        None => Store::in_memory(),
    };
    let merchants = merchants::merchants(&args, sandbox.as_ref())?;
    raise_limit_of_files();
    let sockets = Sockets::open(&args).await?;
    let is_tcp = sockets.listeners.iter().any(|it| it.addr().is_some());
    let token = is_tcp.then(|| token(&args)).transpose()?;
    let (token_file, token) = token.unzip();
    let is_by_url = !args.allow_url.is_empty();
    let options = Options {
        token,
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
    notify("READY=1");
    // From now on `--grace` bounds the end, and a second signal forces it.
    stop.wait_without_bound();
    let asked = async {
        stop.asked().await;
        notify("STOPPING=1");
    };
    let is_answered = agent.serve(sockets.listeners, asked).await;
    if !is_answered {
        terminal::warn("warning: stopped before every accepted request was answered");
    }
    if let Some(sandbox) = sandbox {
        sandbox.shutdown().await;
    }
    Ok(terminal::exit_code(is_answered))
}

fn fetcher(args: &ServeArgs) -> anyhow::Result<Fetcher> {
    let roots = Network::find(&args.client.gateway)?.roots;
    let transport = Transport::builder().roots(roots);
    let mut fetcher = Fetcher::new(args.allow_url.clone(), transport);
    for (host, port, addresses) in &args.client.gateway.resolve {
        fetcher = fetcher.resolve(host, *port, addresses.clone());
    }
    Ok(fetcher)
}

/// The token, in the file of the flag, else in a private folder, which is created if missing.
fn token(args: &ServeArgs) -> anyhow::Result<(PathBuf, Token)> {
    let folder = |name, below| Some(Path::new(&variable(name)?).join(below));
    let usual = || {
        folder("STATE_DIRECTORY", "token")
            .or_else(|| folder("XDG_STATE_HOME", "wxpay/token"))
            .or_else(|| folder("HOME", ".local/state/wxpay/token"))
            .or_else(|| folder("LOCALAPPDATA", "wxpay/token"))
    };
    let path = args.token_file.clone().or_else(usual);
    let path = path.context("missing the place of the token: --token-file")?;
    if args.token_file.is_none() {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let folder = path.parent().unwrap_or(Path::new("."));
        let made = builder.recursive(true).create(folder);
        made.with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let token = Token::open(&path);
    let token = token.with_context(|| format!("the token file {}", path.display()))?;
    Ok((path, token))
}

/// Raises the limit of file descriptors, often 1,024: each connection takes one.
fn raise_limit_of_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // If that is not allowed, fewer connections are accepted.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}
