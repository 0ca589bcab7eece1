//! The arguments of `wxpay serve`.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use clap::Args;
use wxpay_agent::AllowedHost;

use super::gateway::{GatewayArgs, TimeoutArgs};
use crate::values::{Rate, Seconds};

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
    pub(crate) listen: Option<SocketAddr>,

    /// Listen on addresses that other machines reach, too: then the pictures cross the network in clear
    #[arg(long, overrides_with = "allow_remote")]
    pub(crate) allow_remote: bool,

    /// A Unix socket to listen on; its permissions guard it, and no token is wanted there
    #[cfg(unix)]
    #[arg(long, value_name = "PATH", overrides_with = "socket")]
    pub(crate) socket: Option<PathBuf>,

    /// The permissions of the socket, in octal
    #[cfg(unix)]
    #[arg(long, value_name = "MODE", value_parser = mode, default_value = "600")]
    #[arg(requires = "socket", overrides_with = "socket_mode")]
    pub(crate) socket_mode: u32,

    /// The file with the token, made where there is none [default: token in the folder
    /// STATE_DIRECTORY, else wxpay/token in XDG_STATE_HOME, else in ~/.local/state]
    #[arg(long, value_name = "PATH", overrides_with = "token_file")]
    pub(crate) token_file: Option<PathBuf>,

    /// A further name under which it is called, beside its address and localhost; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Vec<String>,

    /// A folder with a TOML file for each merchant, which is read again when it changes
    #[arg(long, value_name = "DIR", overrides_with = "merchants", conflicts_with_all = [
        "sandbox", "mch_id", "api_key_file", "cert", "key", "key_password_file", "p12",
        "p12_password_file", "sign_type", "endpoint", "region",
    ])]
    pub(crate) merchants: Option<PathBuf>,

    /// Keep in this file, made where there is none, which picture has which media id [default: in
    /// memory, until it ends]
    #[arg(long, value_name = "LEDGER", overrides_with = "ledger")]
    pub(crate) ledger: Option<PathBuf>,

    /// Take a URL in place of a picture where it is of this host, https and public; HOST:PORT for
    /// another port than 443; repeatable
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_url: Vec<AllowedHost>,

    /// How many requests of a merchant may wait; more are answered with 503 at once
    #[arg(long, value_name = "N", default_value = "512")]
    #[arg(overrides_with = "queue")]
    pub(crate) queue: NonZeroUsize,

    /// How long what was accepted may take when it is asked to stop
    #[arg(long, value_name = "SECONDS", default_value = "30")]
    #[arg(overrides_with = "grace")]
    pub(crate) grace: Seconds,

    #[command(flatten)]
    pub(crate) gateway: GatewayArgs,

    /// Take only replies signed with the request's algorithm
    #[arg(long, overrides_with = "strict_reply_sign")]
    pub(crate) strict_reply_sign: bool,

    #[command(flatten)]
    pub(crate) timeouts: TimeoutArgs,

    /// How many further attempts a picture may take after its first, on whatever endpoint
    #[arg(long, value_name = "N", default_value = "2")]
    #[arg(overrides_with = "retries")]
    pub(crate) retries: u32,

    /// How many uploads of a merchant may begin in a second, or off [env: WXPAY_RATE] [default: 10 to
    /// *.mch.weixin.qq.com, which is what WeChat Pay allows a merchant; off elsewhere]
    #[arg(long, value_name = "N", overrides_with = "rate")]
    pub(crate) rate: Option<Rate>,

    /// How many uploads of a merchant run at once
    #[arg(long, value_name = "N", default_value = "16")]
    #[arg(overrides_with = "concurrency")]
    pub(crate) concurrency: NonZeroUsize,

    /// Upload to a gateway that runs inside this program; needs no credentials
    #[arg(long, overrides_with = "sandbox", conflicts_with_all = [
        "mch_id", "api_key_file", "cert", "key", "key_password_file", "p12", "p12_password_file",
        "endpoint", "region", "ca", "resolve", "proxy", "proxy_auth_file",
    ])]
    pub(crate) sandbox: bool,
}

#[cfg(unix)]
fn mode(text: &str) -> Result<u32, &'static str> {
    let mode = u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o777);
    mode.ok_or("permissions are three octal digits, such as 660")
}
