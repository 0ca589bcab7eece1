//! The flags that say who uploads, and where to.

use std::{net::IpAddr, path::PathBuf, str::FromStr};

use clap::Args;
use wxpay_media::{Endpoint, MerchantId, Region, SignType};

/// What `upload` and `doctor` have in common.
#[derive(Debug, Clone, Args)]
pub(crate) struct GatewayArgs {
    /// Merchant id [env: WXPAY_MCH_ID]
    #[arg(long, value_name = "ID")]
    pub(crate) mch_id: Option<MerchantId>,

    /// File with the API v2 key, 32 letters and digits [env: WXPAY_API_KEY holds the key itself]
    #[arg(long, value_name = "PATH")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// The merchant's API certificate, apiclient_cert.pem [env: WXPAY_CERT, or
    /// WXPAY_CERT_PEM holds its text]
    #[arg(long, value_name = "PEM")]
    pub(crate) cert: Option<PathBuf>,

    /// Its private key, apiclient_key.pem [env: WXPAY_KEY, or WXPAY_KEY_PEM holds
    /// its text]
    #[arg(long, value_name = "PEM")]
    pub(crate) key: Option<PathBuf>,

    /// File with the password of an encrypted private key [env: WXPAY_KEY_PASSWORD holds it itself]
    #[arg(long, value_name = "PATH")]
    pub(crate) key_password_file: Option<PathBuf>,

    /// Certificate and key in one file, apiclient_cert.p12, in place of both [env: WXPAY_P12,
    /// or WXPAY_P12_BASE64 holds it in base64]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cert", "key"])]
    pub(crate) p12: Option<PathBuf>,

    /// File with its password [env: WXPAY_P12_PASSWORD holds it itself] [default: the merchant id]
    #[arg(long, value_name = "PATH")]
    pub(crate) p12_password_file: Option<PathBuf>,

    /// How to sign: md5 or hmac-sha256 [env: WXPAY_SIGN_TYPE] [default: hmac-sha256]
    #[arg(long, value_name = "TYPE", overrides_with = "sign_type")]
    pub(crate) sign_type: Option<SignType>,

    /// A gateway, https://host[:port]; given again: what stands in for the one before
    /// [env: WXPAY_ENDPOINT, comma-separated] [default: those of --region mainland]
    #[arg(long, value_name = "ORIGIN", conflicts_with = "region")]
    pub(crate) endpoint: Vec<Endpoint>,

    /// The gateways of a region, with their backup: mainland, global, hongkong, us or europe
    #[arg(long, value_name = "REGION")]
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

    /// File with `user:password` for --proxy; a password in an argument would be seen by every user
    #[arg(long, value_name = "PATH", requires = "proxy")]
    pub(crate) proxy_auth_file: Option<PathBuf>,
}

/// Where a name leads, in the form that curl's `--resolve` has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Override {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) addresses: Vec<IpAddr>,
}

impl FromStr for Override {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "the form is HOST:PORT:ADDR[,ADDR], such as gateway.test:443:127.0.0.1";
        let mut parts = text.splitn(3, ':');
        let (Some(host), Some(port), Some(addresses)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(FORM);
        };
        let address = |text: &str| {
            let text = text.trim();
            let bare = text
                .strip_prefix('[')
                .and_then(|text| text.strip_suffix(']'));
            bare.unwrap_or(text).parse().map_err(|_| FORM)
        };
        if host.is_empty() {
            return Err(FORM);
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.parse().map_err(|_| FORM)?,
            addresses: addresses
                .split(',')
                .map(address)
                .collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_written_as_for_curl() {
        let one: Override = "gateway.test:443:127.0.0.1,[::1]".parse().unwrap();
        assert_eq!((one.host.as_str(), one.port), ("gateway.test", 443));
        assert_eq!(one.addresses.len(), 2);
        assert_eq!("a:1:::1".parse::<Override>().unwrap().addresses.len(), 1);
        for wrong in [
            "",
            "a",
            "a:443",
            "a:443:",
            "a:443:b",
            ":443:127.0.0.1",
            "a:b:127.0.0.1",
        ] {
            assert!(wrong.parse::<Override>().is_err(), "{wrong}");
        }
    }
}
