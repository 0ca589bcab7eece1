//! The common arguments of `upload`, `serve` and `doctor`.

use std::path::PathBuf;

use clap::Args;
use wxpay_media::{Endpoint, MerchantId, Region, SignType};

use crate::values::{Rate, Resolve, Seconds, number, resolve};

/// The settings of a client of the gateway, in `upload` and `serve`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ClientArgs {
    #[command(flatten)]
    pub(crate) gateway: GatewayArgs,

    /// Accept only responses signed with the request's algorithm
    #[arg(long, overrides_with = "strict_reply_sign")]
    pub(crate) strict_reply_sign: bool,

    /// Timeout of a file, with all its attempts [env: WXPAY_TIMEOUT] [default: none]
    #[arg(long, value_name = "SECONDS", overrides_with = "timeout")]
    #[arg(allow_negative_numbers = true)]
    pub(crate) timeout: Option<Seconds>,

    /// Timeout of name look-up, TCP, proxy and TLS [env: WXPAY_CONNECT_TIMEOUT] [default: 10]
    #[arg(long, value_name = "SECONDS", overrides_with = "connect_timeout")]
    #[arg(allow_negative_numbers = true)]
    pub(crate) connect_timeout: Option<Seconds>,

    /// Time after which an upload without progress is cut [env: WXPAY_STALL_TIMEOUT] [default: 30]
    #[arg(long, value_name = "SECONDS", overrides_with = "stall_timeout")]
    #[arg(allow_negative_numbers = true)]
    pub(crate) stall_timeout: Option<Seconds>,

    /// Timeout of the answer after the whole upload [env: WXPAY_RESPONSE_TIMEOUT] [default: 30]
    #[arg(long, value_name = "SECONDS", overrides_with = "response_timeout")]
    #[arg(allow_negative_numbers = true)]
    pub(crate) response_timeout: Option<Seconds>,

    /// Maximum number of further attempts for a picture, over all endpoints
    #[arg(long, value_name = "N", default_value = "2")]
    #[arg(overrides_with = "retries", value_parser = number, allow_negative_numbers = true)]
    pub(crate) retries: u32,

    /// Uploads per second and merchant, or off [env: WXPAY_RATE]
    /// [default: 10 to WeChat Pay, else off]
    #[arg(long, value_name = "N", overrides_with = "rate")]
    #[arg(allow_negative_numbers = true)]
    pub(crate) rate: Option<Rate>,

    /// Upload to a gateway that runs inside this program; needs no credentials
    #[arg(long, overrides_with = "sandbox", conflicts_with_all = [
        "mch_id", "api_key_file", "cert", "key", "key_password_file", "p12", "p12_password_file",
        "endpoint", "region", "ca", "resolve", "proxy", "proxy_auth_file",
    ])]
    pub(crate) sandbox: bool,
}

/// The settings of merchant, endpoints and network.
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

    /// Certificate and key in one file, apiclient_cert.p12 [env: WXPAY_P12 or WXPAY_P12_BASE64]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cert", "key"])]
    pub(crate) p12: Option<PathBuf>,

    /// File with the password of --p12 [env: WXPAY_P12_PASSWORD holds it]
    /// [default: the merchant id]
    #[arg(long, value_name = "PATH")]
    pub(crate) p12_password_file: Option<PathBuf>,

    /// Signature algorithm, md5 or hmac-sha256 [env: WXPAY_SIGN_TYPE] [default: hmac-sha256]
    #[arg(long, value_name = "TYPE", overrides_with = "sign_type")]
    pub(crate) sign_type: Option<SignType>,

    /// Endpoint, https://host[:port]; repeated, a backup [env: WXPAY_ENDPOINT, with commas]
    #[arg(long, value_name = "ORIGIN", conflicts_with = "region")]
    pub(crate) endpoint: Vec<Endpoint>,

    /// Endpoint and backup of mainland (the default), global, hongkong, us or europe
    #[arg(long)]
    pub(crate) region: Option<Region>,

    /// Authority to trust for the server, in addition to Mozilla's [env: WXPAY_CA]
    #[arg(long, value_name = "PEM")]
    pub(crate) ca: Option<PathBuf>,

    /// Addresses for HOST:PORT instead of a name look-up; repeatable
    #[arg(long, value_name = "HOST:PORT:ADDR[,ADDR]", value_parser = resolve)]
    pub(crate) resolve: Vec<Resolve>,

    /// HTTP proxy, http://host:port [env: HTTPS_PROXY, except for the hosts in NO_PROXY]
    #[arg(long, value_name = "URI")]
    pub(crate) proxy: Option<String>,

    /// File with `user:password` for --proxy, since every user can read arguments
    #[arg(long, value_name = "PATH", requires = "proxy")]
    pub(crate) proxy_auth_file: Option<PathBuf>,
}
