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
    let token_file = is_tcp.then(|| token_file(&args)).transpose()?;
    let token = token_file.as_deref().map(|path| token(&args, path));
    let is_by_url = !args.allow_url.is_empty();
    let options = Options {
        token: token.transpose()?,
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
    for to in &args.client.gateway.resolve {
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
    let folder = |name, below| Some(Path::new(&variable(name)?).join(below));
    folder("STATE_DIRECTORY", "token")
        .or_else(|| folder("XDG_STATE_HOME", "wxpay/token"))
        .or_else(|| folder("HOME", ".local/state/wxpay/token"))
        .or_else(|| folder("LOCALAPPDATA", "wxpay/token"))
        .context("missing the place of the token: --token-file")
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
