//! The command line.
#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    reason = "the comments are the printed help, which is not Markdown"
)]

mod gateway;

use std::{ffi::OsString, net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use clap::{
    ArgGroup, Args, Parser, Subcommand,
    builder::{NonEmptyStringValueParser, OsStringValueParser, TypedValueParser},
};
use clap_complete::Shell;
use wxpay_agent::AllowedHost;
use wxpay_diagnose::Lang;
use wxpay_media::{MerchantId, SignType};
use wxpay_sandbox::Fault;

use crate::values::{Inspector, Seconds, count, file, md5, number, pair};
pub(crate) use gateway::{ClientArgs, GatewayArgs};

/// Upload pictures of certificates to WeChat Pay, or to a gateway on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "wxpay",
    version,
    after_help = "Exit status: 0 done, 1 something failed, 2 wrong usage or configuration.\n\n\
        Try it without credentials: wxpay upload --sandbox licence.jpg\n\n\
        Put `--` before files whose names others have chosen: wxpay upload -- *"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Log to stderr; twice for more. The log never has a key, a signature or a picture
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Upload(Box<UploadArgs>),
    #[command(subcommand)]
    Ledger(LedgerCommand),
    Doctor(Box<DoctorArgs>),
    Sandbox(SandboxArgs),
    Serve(Box<ServeArgs>),
    Sign(SignArgs),
    Verify(VerifyArgs),
    /// Print a script by which a shell completes commands and options.
    ///
    /// For bash: wxpay completions bash > ~/.local/share/bash-completion/completions/wxpay
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write a man page for each command into a folder, for packages.
    #[command(hide = true)]
    Man {
        /// An existing folder
        dir: PathBuf,
    },
}

/// Upload pictures and print their media ids, in the order of the files.
///
/// It prints `MEDIA_ID  PATH` on stdout for each file, or the error on stderr. A file that fails
/// does not stop the others. A response that the gateway has not signed is a failure.
#[derive(Debug, Clone, Args)]
#[command(
    override_usage = "wxpay upload [OPTIONS] [--] <FILE>...",
    after_help = "Settings come from flags, else from the environment; the API key never \
        from an argument. Put `--` before files whose names others have chosen: wxpay upload -- *\n\n\
        Exit status: 0 all uploaded, 1 some file failed, 2 wrong usage or configuration."
)]
pub(crate) struct UploadArgs {
    /// Pictures: JPEG, PNG or BMP under 2 MiB, whatever their extension; `-` reads one from stdin
    #[arg(
        required_unless_present = "from",
        value_name = "FILE",
        value_parser = OsStringValueParser::new().try_map(file)
    )]
    pub(crate) files: Vec<PathBuf>,

    /// Keep in LEDGER what is done, and upload only the rest; FILE may then also be a folder
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) ledger: Option<PathBuf>,

    /// Also upload the files in this list, one path a line; `-` reads stdin
    #[arg(long, value_name = "LIST", requires = "ledger")]
    pub(crate) from: Option<PathBuf>,

    /// Paths in the list end in NUL, as `find -print0` writes them
    #[arg(short = '0', long, requires = "from", overrides_with = "null")]
    pub(crate) null: bool,

    #[command(flatten)]
    pub(crate) client: ClientArgs,

    /// Maximum number of simultaneous uploads
    #[arg(long, value_name = "N", default_value = "4")]
    #[arg(overrides_with = "concurrency", value_parser = count, allow_negative_numbers = true)]
    pub(crate) concurrency: NonZeroUsize,

    /// Check the pictures and print hash, canonical string and form fields; send nothing
    #[arg(long, overrides_with = "dry_run")]
    pub(crate) dry_run: bool,

    /// Print a JSON object for each file, one a line
    #[arg(long, overrides_with = "json")]
    pub(crate) json: bool,
}

/// Read or change the ledger of `wxpay upload --ledger`, also while it is in use.
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Count the files of each merchant: uploaded, refused, failed
    Status {
        /// The ledger
        ledger: PathBuf,
    },
    /// Print a row for each file, sorted by path
    Export {
        /// The ledger
        ledger: PathBuf,

        /// Print CSV, the default, with `'` before text that a spreadsheet would compute
        #[arg(long, conflicts_with = "json", overrides_with = "csv")]
        csv: bool,

        /// Print the JSON objects of `wxpay upload --json`, with `uploaded_at`
        #[arg(long, overrides_with = "json")]
        json: bool,
    },
    /// Forget files and all others with the same bytes, so that the next run sends them again
    #[command(group = ArgGroup::new("what").required(true))]
    Forget {
        /// The ledger
        ledger: PathBuf,

        /// This file
        #[arg(long, group = "what")]
        path: Option<PathBuf>,

        /// The picture with this MD5, 32 hex digits
        #[arg(long, value_name = "MD5", group = "what", value_parser = md5)]
        hash: Option<String>,

        /// Pictures that were uploaded more than DAYS days ago
        #[arg(long, value_name = "DAYS", group = "what", value_parser = number)]
        #[arg(allow_negative_numbers = true)]
        older_than: Option<u32>,
    },
}

/// Check settings, certificate and endpoints before the first upload.
///
/// It prints a line for each check: `ok`, `warning`, `failed`, `unknown` if the answer does not
/// show it, or `skipped` after an earlier failure; then the finding, and advice. It sends an empty
/// call, which the gateway refuses, and no picture. It never prints a secret.
#[derive(Debug, Args)]
#[command(
    after_help = "Settings come from flags, else from the environment, as for `wxpay upload`.\n\n\
        Exit status: 0 an upload would work, 1 a check failed, 2 wrong usage."
)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) gateway: GatewayArgs,

    /// Timeout of each step on the way to an endpoint
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    #[arg(overrides_with = "timeout", allow_negative_numbers = true)]
    pub(crate) timeout: Seconds,

    /// Print one JSON object a line: check, status, detail, advice
    #[arg(long, overrides_with = "json")]
    pub(crate) json: bool,
}

/// Run a local gateway that keeps every rule of the real one, until Ctrl-C.
///
/// It writes the files that a client needs into DIR: `ca.pem`, `apiclient_cert.pem`,
/// `apiclient_key.pem`, `api_key.txt`, and `env` with the WXPAY_ variables of `wxpay upload`.
/// Another start on the same DIR keeps the credentials.
///
/// With `-- COMMAND` it runs the command with these variables, ends when the command ends, and
/// returns its exit status: wxpay sandbox -- pytest
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Address to listen on; port 0 is any free one [default: 127.0.0.1:8443, with COMMAND port 0]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,

    /// Folder for the credentials [default: a temporary one, removed at the end]
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,

    /// Your own merchant id
    #[arg(long, value_name = "ID")]
    pub(crate) mch_id: Option<MerchantId>,

    /// File with your own API v2 key
    #[arg(long, value_name = "PATH")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Another name or address in the server's certificate; repeatable
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) host: Vec<String>,

    /// Fault to inject, such as system-error,next=2 (see docs/sandbox.md); repeatable
    #[arg(long)]
    pub(crate) fault: Vec<Fault>,

    /// Address of the page that shows the calls, or off [default: 127.0.0.1:8480, or a free port]
    #[arg(long, value_name = "ADDR")]
    pub(crate) inspector: Option<Inspector>,

    /// File with another key: the sandbox says if a client has signed with it; repeatable
    #[arg(long, value_name = "PATH")]
    pub(crate) other_key_file: Vec<PathBuf>,

    /// Print each call on stderr as a line of JSON
    #[arg(long, overrides_with = "json")]
    pub(crate) json: bool,

    /// Language of the explanations of calls, en or zh
    #[arg(long, default_value = "en")]
    pub(crate) lang: Lang,

    /// Folder in which to keep each call, as JSON, and its picture [default: none]
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,

    /// File for scripts, written with the address when the sandbox is ready, removed at the end
    #[arg(long, value_name = "PATH")]
    pub(crate) ready_file: Option<PathBuf>,

    /// Command to run while the sandbox is up, instead of waiting for Ctrl-C
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// Upload pictures that programs on this machine send over HTTP, in any language.
///
/// POST a picture to /v1/media; the response has its media id. All callers share the certificate,
/// the connections and the rate limit, and equal pictures are uploaded once. Over TCP a caller
/// sends the token of the token file: Authorization: Bearer. docs/serve.md has an example for each
/// language.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Settings of the merchant come from flags, else from the environment, as for \
        `wxpay upload`; or each merchant has a file in the folder of --merchants.\n\n\
        Exit status: 0 stopped, and every accepted request is answered; 1 some are not; \
        2 wrong usage or configuration."
)]
pub(crate) struct ServeArgs {
    /// Address to listen on; port 0 is any free one [default: 127.0.0.1:8479, unless there is
    /// --socket or systemd hands sockets over]
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
    #[arg(long, value_name = "MODE", value_parser = crate::values::mode, default_value = "600")]
    #[arg(requires = "socket", overrides_with = "socket_mode")]
    pub(crate) socket_mode: u32,

    /// File with the token, created if missing [default: token in the folder STATE_DIRECTORY, else
    /// wxpay/token in XDG_STATE_HOME, else in ~/.local/state]
    #[arg(long, value_name = "PATH", overrides_with = "token_file")]
    pub(crate) token_file: Option<PathBuf>,

    /// Another name in URLs of callers, in addition to its address and localhost; repeatable
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
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

    /// Host of https URLs that are accepted instead of pictures, if its address is public;
    /// HOST:PORT for another port than 443; repeatable
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_url: Vec<AllowedHost>,

    /// Maximum number of waiting requests of a merchant; others are answered with 503
    #[arg(long, value_name = "N", default_value = "512")]
    #[arg(overrides_with = "queue", value_parser = count, allow_negative_numbers = true)]
    pub(crate) queue: NonZeroUsize,

    /// Time for accepted requests after a signal to stop
    #[arg(long, value_name = "SECONDS", default_value = "30")]
    #[arg(overrides_with = "grace", allow_negative_numbers = true)]
    pub(crate) grace: Seconds,

    #[command(flatten)]
    pub(crate) client: ClientArgs,

    /// Maximum number of simultaneous uploads of a merchant
    #[arg(long, value_name = "N", default_value = "16")]
    #[arg(overrides_with = "concurrency", value_parser = count, allow_negative_numbers = true)]
    pub(crate) concurrency: NonZeroUsize,
}

/// Print the signature over parameters, or explain why a signature is wrong.
///
/// Empty values and a parameter `sign` are left out, as the API requires.
///
/// With `--explain --expect SIGN` give every field as it was sent, in sending order, including
/// `sign_type` if it was sent. The well-known mistakes are tried, alone and in pairs, and the one
/// that gives SIGN is named. Exit status then: 0 SIGN is right, 1 it is wrong, 2 wrong usage or
/// configuration.
#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// The parameters, in any order
    #[arg(required = true, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) params: Vec<(String, String)>,

    /// md5 or hmac-sha256 [default: the parameter `sign_type`, else md5]
    #[arg(long, value_name = "TYPE", overrides_with = "sign_type")]
    pub(crate) sign_type: Option<SignType>,

    /// File with the API v2 key [env: WXPAY_API_KEY holds the key itself]
    #[arg(long, value_name = "PATH")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Print the string to be signed, with the key masked, instead of the signature
    #[arg(long, overrides_with = "canonical")]
    pub(crate) canonical: bool,

    /// Say whether the signature of --expect is right, and if not, why
    #[arg(long, requires = "expect", conflicts_with = "canonical")]
    #[arg(overrides_with = "explain")]
    pub(crate) explain: bool,

    /// The signature that was sent, for --explain
    #[arg(long, value_name = "SIGN", requires = "explain")]
    pub(crate) expect: Option<String>,

    /// File with another key to try, an earlier one or the API v3 key, for --explain; repeatable
    #[arg(long, value_name = "PATH", requires = "explain")]
    pub(crate) try_key_file: Vec<PathBuf>,

    /// The picture that was sent, for --explain: some clients sign its name or its bytes by mistake
    #[arg(long, value_name = "FILE", requires = "explain")]
    pub(crate) media: Option<PathBuf>,

    /// The language of the explanation, en or zh
    #[arg(long, requires = "explain", default_value = "en")]
    pub(crate) lang: Lang,
}

/// Check the signature of a response.
///
/// Exit status: 0 the signature is right, 1 it is wrong or missing, or the file is no response, 2
/// the file or the key cannot be read.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// File with the XML of the response; `-` reads stdin
    pub(crate) file: PathBuf,

    /// Accept only md5, or only hmac-sha256 [default: by the length of the signature]
    #[arg(long, value_name = "TYPE", overrides_with = "sign_type")]
    pub(crate) sign_type: Option<SignType>,

    /// File with the API v2 key [env: WXPAY_API_KEY holds the key itself]
    #[arg(long, value_name = "PATH")]
    pub(crate) api_key_file: Option<PathBuf>,
}
