//! The arguments of `wxpay serve`.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use clap::Args;
use wxpay_agent::AllowedHost;

use super::gateway::ClientArgs;
use crate::values::Seconds;

/// Upload pictures that programs on this machine send over HTTP, in any language.
///
/// POST a picture to /v1/media; the response has its media id. All callers share the certificate, the
/// connections and the rate limit, and equal pictures are uploaded once. Over TCP a caller sends the
/// token of the token file: Authorization: Bearer. docs/serve.md has an example for each language.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Settings of the merchant come from flags, else from the environment, as for \
        `wxpay upload`; or each merchant has a file in the folder of --merchants.\n\n\
        Exit status: 0 stopped, and every accepted request is answered; 1 some are not; \
        2 wrong usage or configuration."
)]
pub(crate) struct ServeArgs {
    /// Address to listen on; port 0 is any free one [default: 127.0.0.1:8479, unless there is --socket
    /// or systemd hands sockets over]
    #[arg(long, value_name = "ADDR", overrides_with = "listen")]
    pub(crate) listen: Option<SocketAddr>,

    /// Allow addresses that other machines reach; pictures then cross the network unencrypted
    #[arg(long, overrides_with = "allow_remote")]
    pub(crate) allow_remote: bool,

    /// Unix socket to listen on; it is guarded by its permissions and needs no token
    #[cfg(unix)]
    #[arg(long, value_name = "PATH", overrides_with = "socket")]
    pub(crate) socket: Option<PathBuf>,

    /// Permissions of the socket, in octal
    #[cfg(unix)]
    #[arg(long, value_name = "MODE", value_parser = mode, default_value = "600")]
    #[arg(requires = "socket", overrides_with = "socket_mode")]
    pub(crate) socket_mode: u32,

    /// File with the token, created if missing [default: token in the folder STATE_DIRECTORY, else
    /// wxpay/token in XDG_STATE_HOME, else in ~/.local/state]
    #[arg(long, value_name = "PATH", overrides_with = "token_file")]
    pub(crate) token_file: Option<PathBuf>,

    /// Another name in URLs of callers, in addition to its address and localhost; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Vec<String>,

    /// Folder with a TOML file for each merchant; a changed file is read again
    #[arg(long, value_name = "DIR", overrides_with = "merchants", conflicts_with_all = [
        "sandbox", "mch_id", "api_key_file", "cert", "key", "key_password_file", "p12",
        "p12_password_file", "sign_type", "endpoint", "region",
    ])]
    pub(crate) merchants: Option<PathBuf>,

    /// File for the media ids of pictures, created if missing [default: only in memory]
    #[arg(long, value_name = "LEDGER", overrides_with = "ledger")]
    pub(crate) ledger: Option<PathBuf>,

    /// Host of https URLs that are accepted instead of pictures, if its address is public; HOST:PORT
    /// for another port than 443; repeatable
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_url: Vec<AllowedHost>,

    /// Maximum number of waiting requests of a merchant; others are answered with 503
    #[arg(long, value_name = "N", default_value = "512")]
    #[arg(overrides_with = "queue")]
    pub(crate) queue: NonZeroUsize,

    /// Time for accepted requests after a signal to stop
    #[arg(long, value_name = "SECONDS", default_value = "30")]
    #[arg(overrides_with = "grace")]
    pub(crate) grace: Seconds,

    #[command(flatten)]
    pub(crate) client: ClientArgs,

    /// Maximum number of simultaneous uploads of a merchant
    #[arg(long, value_name = "N", default_value = "16")]
    #[arg(overrides_with = "concurrency")]
    pub(crate) concurrency: NonZeroUsize,
}

#[cfg(unix)]
fn mode(text: &str) -> Result<u32, &'static str> {
    let mode = u32::from_str_radix(text, 8).ok();
    let mode = mode.filter(|mode| *mode <= 0o777);
    mode.ok_or("permissions are three octal digits, such as 660")
}
