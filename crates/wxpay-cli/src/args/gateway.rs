//! What `upload`, `serve` and `doctor` have in common.

use std::path::PathBuf;

use clap::Args;
use wxpay_media::{Endpoint, MerchantId, Region, SignType};

use crate::values::{Override, Seconds};

/// How long an upload waits for what. A line that is slow, but moves, is never cut.
#[derive(Debug, Clone, Args)]
pub(crate) struct TimeoutArgs {
    /// How long a file may take, with all its attempts [env: WXPAY_TIMEOUT] [default: no bound]
    #[arg(long, value_name = "SECONDS", overrides_with = "timeout")]
    pub(crate) timeout: Option<Seconds>,

    /// How long name, TCP, proxy and TLS may take [env: WXPAY_CONNECT_TIMEOUT] [default: 10]
    #[arg(long, value_name = "SECONDS", overrides_with = "connect_timeout")]
    pub(crate) connect_timeout: Option<Seconds>,

    /// How long an upload may stand still [env: WXPAY_STALL_TIMEOUT] [default: 30]
    #[arg(long, value_name = "SECONDS", overrides_with = "stall_timeout")]
    pub(crate) stall_timeout: Option<Seconds>,

    /// How long the answer to a whole upload may take [env: WXPAY_RESPONSE_TIMEOUT] [default: 30]
    #[arg(long, value_name = "SECONDS", overrides_with = "response_timeout")]
    pub(crate) response_timeout: Option<Seconds>,
}

/// What `upload` and `doctor` have in common.
#[derive(Debug, Clone, Args)]
pub(crate) struct GatewayArgs {
    /// Merchant id [env: WXPAY_MCH_ID]
    #[arg(long, value_name = "ID")]
    pub(crate) mch_id: Option<MerchantId>,

    /// File with the API v2 key, 32 letters and digits [env: WXPAY_API_KEY holds the key itself]
    #[arg(long, value_name = "PATH")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// The merchant's apiclient_cert.pem [env: WXPAY_CERT, or its text in WXPAY_CERT_PEM]
    #[arg(long, value_name = "PEM")]
    pub(crate) cert: Option<PathBuf>,

    /// Its private key, apiclient_key.pem [env: WXPAY_KEY, or its text in WXPAY_KEY_PEM]
    #[arg(long, value_name = "PEM")]
    pub(crate) key: Option<PathBuf>,

    /// File with the password of an encrypted key [env: WXPAY_KEY_PASSWORD holds it itself]
    #[arg(long, value_name = "PATH")]
    pub(crate) key_password_file: Option<PathBuf>,

    /// Both in one, apiclient_cert.p12 [env: WXPAY_P12, or in base64 WXPAY_P12_BASE64]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cert", "key"])]
    pub(crate) p12: Option<PathBuf>,

    /// File with its password [env: WXPAY_P12_PASSWORD holds it itself] [default: the merchant id]
    #[arg(long, value_name = "PATH")]
    pub(crate) p12_password_file: Option<PathBuf>,

    /// How to sign: md5 or hmac-sha256 [env: WXPAY_SIGN_TYPE] [default: hmac-sha256]
    #[arg(long, value_name = "TYPE", overrides_with = "sign_type")]
    pub(crate) sign_type: Option<SignType>,

    /// A gateway, https://host[:port]; given again, its backup [env: WXPAY_ENDPOINT, with commas]
    #[arg(long, value_name = "ORIGIN", conflicts_with = "region")]
    pub(crate) endpoint: Vec<Endpoint>,

    /// Gateway and backup of mainland (the default), global, hongkong, us or europe
    #[arg(long)]
    pub(crate) region: Option<Region>,

    /// Trust this authority for the server too, beside Mozilla's [env: WXPAY_CA]
    #[arg(long, value_name = "PEM")]
    pub(crate) ca: Option<PathBuf>,

    /// Connect to these addresses for HOST:PORT, and ask no name server; repeatable
    #[arg(long, value_name = "HOST:PORT:ADDR[,ADDR]")]
    pub(crate) resolve: Vec<Override>,

    /// Go through this proxy, http://host:port [env: HTTPS_PROXY, but for the hosts in NO_PROXY]
    #[arg(long, value_name = "URI")]
    pub(crate) proxy: Option<String>,

    /// File with `user:password` for --proxy, for every user can read arguments
    #[arg(long, value_name = "PATH", requires = "proxy")]
    pub(crate) proxy_auth_file: Option<PathBuf>,
}
