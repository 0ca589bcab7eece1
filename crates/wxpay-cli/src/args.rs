//! The command line.
#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    reason = "the comments are the help that the program prints, and that is not Markdown"
)]

mod gateway;
mod serve;

use std::{ffi::OsString, net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use clap::{
    ArgGroup, Args, Parser, Subcommand,
    builder::{OsStringValueParser, TypedValueParser},
};
use clap_complete::Shell;
use wxpay_diagnose::Lang;
use wxpay_media::{MerchantId, SignType};
use wxpay_sandbox::Fault;

use crate::values::{Inspector, Seconds, file, md5, pair};
pub(crate) use gateway::{ClientArgs, GatewayArgs};
pub(crate) use serve::ServeArgs;

/// Upload pictures of certificates to WeChat Pay, and try it on this machine first.
#[derive(Debug, Parser)]
#[command(
    name = "wxpay",
    version,
    after_help = "Exit status: 0 done, 1 something failed, 2 wrong usage or configuration.\n\n\
        Try it without credentials: wxpay upload --sandbox licence.jpg\n\n\
        Put `--` before files whose names you have not chosen: wxpay upload -- *"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Say on stderr what happens; twice for more. Never a key, a signature or a picture
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
    /// Print what a shell needs to complete the words of this program.
    ///
    /// For bash: wxpay completions bash > ~/.local/share/bash-completion/completions/wxpay
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write a page for man(1) of each command into a folder, for packages.
    #[command(hide = true)]
    Man {
        /// An existing folder
        dir: PathBuf,
    },
}

/// Upload pictures and print their media ids, in the order of the files.
///
/// A line for each file: `MEDIA_ID  PATH` on stdout, or what is wrong on stderr. Files are
/// independent: one that fails does not stop the others. Every success is verified: a response
/// that the gateway has not signed is a failure.
#[derive(Debug, Clone, Args)]
#[command(
    override_usage = "wxpay upload [OPTIONS] [--] <FILE>...",
    after_help = "Settings come from flags, else from the environment; the API key never \
        from an argument. Put `--` before files whose names you have not chosen: wxpay upload -- *\n\n\
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

    /// Remember in LEDGER what is done, and do only the rest; FILE may then be a folder, too
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) ledger: Option<PathBuf>,

    /// Upload the files in this list, too, a path a line; `-` reads stdin
    #[arg(long, value_name = "LIST", requires = "ledger")]
    pub(crate) from: Option<PathBuf>,

    /// The paths in the list end in NUL, as those of `find -print0`
    #[arg(short = '0', long, requires = "from", overrides_with = "null")]
    pub(crate) null: bool,

    #[command(flatten)]
    pub(crate) client: ClientArgs,

    /// How many uploads run at once
    #[arg(long, value_name = "N", default_value = "4")]
    #[arg(overrides_with = "concurrency")]
    pub(crate) concurrency: NonZeroUsize,

    /// Check the pictures, print hash, canonical string and form fields, and send nothing
    #[arg(long, overrides_with = "dry_run")]
    pub(crate) dry_run: bool,

    /// Print one JSON object a line
    #[arg(long, overrides_with = "json")]
    pub(crate) json: bool,
}

/// Look into the ledger of `wxpay upload --ledger`, also while it is in use.
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Count the files of each merchant: uploaded, refused, failed
    Status {
        /// The ledger
        ledger: PathBuf,
    },
    /// Print a row for each file, by path
    Export {
        /// The ledger
        ledger: PathBuf,

        /// Print CSV, with `'` before what a spreadsheet takes for a formula: the default
        #[arg(long, conflicts_with = "json", overrides_with = "csv")]
        csv: bool,

        /// Print the JSON objects of `wxpay upload --json`, with `uploaded_at`
        #[arg(long, overrides_with = "json")]
        json: bool,
    },
    /// Forget files, so that the next run sends them again, with all files that have the same bytes
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

        /// Pictures that were uploaded more than so many days ago
        #[arg(long, value_name = "DAYS", group = "what")]
        older_than: Option<u32>,
    },
}

/// Look at everything that can be wrong before the first upload.
///
/// A line for each check: `ok`, `warning`, `failed`, `unknown` where the answer does not tell, or
/// `skipped` where something before it has failed; then what was found, and what to do. It sends an
/// empty call, which the gateway refuses, and no picture. It never prints a secret.
#[derive(Debug, Args)]
#[command(
    after_help = "Settings come from flags, else from the environment, as for `wxpay upload`.\n\n\
        Exit status: 0 an upload would work, 1 something has to be mended, 2 wrong usage."
)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) gateway: GatewayArgs,

    /// How long each step on the way to an endpoint may take
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    #[arg(overrides_with = "timeout")]
    pub(crate) timeout: Seconds,

    /// Print one JSON object a line: check, status, detail, advice
    #[arg(long, overrides_with = "json")]
    pub(crate) json: bool,
}

/// Run a local gateway that keeps every rule of the real one, until Ctrl-C.
///
/// It writes into DIR what a client needs: `ca.pem`, `apiclient_cert.pem`, `apiclient_key.pem`,
/// `api_key.txt`, and `env` with the WXPAY_ variables of `wxpay upload`. Started again on the same
/// DIR it keeps the credentials.
///
/// With `-- COMMAND` it runs the command with these variables set, and ends with it and with its
/// exit status: wxpay sandbox -- pytest
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Where to listen; port 0 is any free one [default: 127.0.0.1:8443, with COMMAND port 0]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,

    /// Where to keep the credentials [default: a temporary folder, removed at the end]
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,

    /// Your own merchant id
    #[arg(long, value_name = "ID")]
    pub(crate) mch_id: Option<MerchantId>,

    /// File with your own API v2 key
    #[arg(long, value_name = "PATH")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// A further name or address in the server's certificate; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Vec<String>,

    /// Something to go wrong, as system-error,next=2 (see docs/sandbox.md); repeatable
    #[arg(long)]
    pub(crate) fault: Vec<Fault>,

    /// Where the page with the calls listens, or off [default: 127.0.0.1:8480, or a free port]
    #[arg(long, value_name = "ADDR")]
    pub(crate) inspector: Option<Inspector>,

    /// File with another key, to be told where a client has signed with it; repeatable
    #[arg(long, value_name = "PATH")]
    pub(crate) other_key_file: Vec<PathBuf>,

    /// Print each call on stderr as a line of JSON
    #[arg(long, overrides_with = "json")]
    pub(crate) json: bool,

    /// The language in which calls are explained, en or zh
    #[arg(long, default_value = "en")]
    pub(crate) lang: Lang,

    /// Where to keep each call, as JSON, and its picture [default: nowhere]
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,

    /// Write the address into this file when all is ready, and remove it at the end, for scripts
    #[arg(long, value_name = "PATH")]
    pub(crate) ready_file: Option<PathBuf>,

    /// Run this while the sandbox is up, in place of waiting for Ctrl-C
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// Print the signature over parameters, or find out why one is wrong.
///
/// Empty values and a parameter `sign` are left out, as the API wants it.
///
/// With `--explain --expect SIGN` give every field as it was sent, in sending order, `sign_type`
/// too where it was sent. The well-known mistakes are tried, alone and two together, and the one
/// that gives SIGN is named. Exit status then: 0 SIGN is right, 1 it is not, 2 wrong usage or
/// configuration.
#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// The parameters, in any order
    #[arg(required = true, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) params: Vec<(String, String)>,

    /// md5 or hmac-sha256 [default: what the parameter `sign_type` says, else md5]
    #[arg(long, value_name = "TYPE", overrides_with = "sign_type")]
    pub(crate) sign_type: Option<SignType>,

    /// File with the API v2 key [env: WXPAY_API_KEY holds the key itself]
    #[arg(long, value_name = "PATH")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Print the string that is signed, with the key masked, and sign nothing
    #[arg(long, overrides_with = "canonical")]
    pub(crate) canonical: bool,

    /// Say whether the signature of --expect is right, and if not why
    #[arg(long, requires = "expect", conflicts_with = "canonical")]
    #[arg(overrides_with = "explain")]
    pub(crate) explain: bool,

    /// The signature that was sent, for --explain
    #[arg(long, value_name = "SIGN", requires = "explain")]
    pub(crate) expect: Option<String>,

    /// File with another key to try, an earlier one or the API v3 key, for --explain; repeatable
    #[arg(long, value_name = "PATH", requires = "explain")]
    pub(crate) try_key_file: Vec<PathBuf>,

    /// The picture that was sent: its name or its bytes may have been signed, for --explain
    #[arg(long, value_name = "FILE", requires = "explain")]
    pub(crate) media: Option<PathBuf>,

    /// The language of the explanation, en or zh
    #[arg(long, requires = "explain", default_value = "en")]
    pub(crate) lang: Lang,
}

/// Check the signature of a response.
///
/// Exit status: 0 it holds, 1 it does not (or there is none, or this is no response), 2 the file or
/// the key cannot be read.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The response's XML; `-` reads stdin
    pub(crate) file: PathBuf,

    /// Take only md5, or only hmac-sha256 [default: what the signature's length says]
    #[arg(long, value_name = "TYPE", overrides_with = "sign_type")]
    pub(crate) sign_type: Option<SignType>,

    /// File with the API v2 key [env: WXPAY_API_KEY holds the key itself]
    #[arg(long, value_name = "PATH")]
    pub(crate) api_key_file: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
