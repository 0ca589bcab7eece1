//! Where the gateway is.

use std::{fmt, str::FromStr};

use http::{
    Uri,
    uri::{Authority, PathAndQuery, Scheme},
};

/// The path of the upload, the same on every host.
const PATH: &str = "/secapi/mch/uploadmedia";

/// The origin of a gateway: `https://host` or `https://host:port`.
///
/// The API's pages name four regions and one backup; see [`MAINLAND`](Self::MAINLAND) and its
/// neighbours. Uploads are served by the region that the merchant was enrolled in.
///
/// ```
/// use wxpay_media::{Endpoint, InvalidEndpoint};
///
/// let sandbox: Endpoint = "https://127.0.0.1:8443".parse()?;
/// assert_eq!(sandbox.to_string(), "https://127.0.0.1:8443");
/// assert_eq!("http://127.0.0.1".parse::<Endpoint>(), Err(InvalidEndpoint::NotHttps));
/// # Ok::<(), InvalidEndpoint>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(pub(crate) Authority);

impl Endpoint {
    /// Mainland China, the default: `api.mch.weixin.qq.com`.
    pub const MAINLAND: &'static str = "https://api.mch.weixin.qq.com";
    /// The backup of mainland China in another city: `api2.mch.weixin.qq.com`.
    pub const MAINLAND_BACKUP: &'static str = "https://api2.mch.weixin.qq.com";
    /// Everywhere but mainland China: `apihk.mch.weixin.qq.com`.
    pub const HONG_KONG: &'static str = "https://apihk.mch.weixin.qq.com";
    /// America: `apius.mch.weixin.qq.com`.
    pub const US: &'static str = "https://apius.mch.weixin.qq.com";
    /// Europe: `apieu.mch.weixin.qq.com`.
    pub const EUROPE: &'static str = "https://apieu.mch.weixin.qq.com";

    /// The address that pictures are posted to.
    ///
    /// ```
    /// use wxpay_media::Endpoint;
    ///
    /// let uri = Endpoint::default().upload_uri();
    /// assert_eq!(uri, "https://api.mch.weixin.qq.com/secapi/mch/uploadmedia");
    /// ```
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "the three parts always make a uri"
    )]
    pub fn upload_uri(&self) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTPS);
        parts.authority = Some(self.0.clone());
        parts.path_and_query = Some(PathAndQuery::from_static(PATH));
        Uri::from_parts(parts).expect("scheme, authority and path make a uri")
    }

    /// Whether it is one of WeChat Pay's own hosts.
    pub(crate) fn is_wechat_pay(&self) -> bool {
        const DOMAIN: &str = ".mch.weixin.qq.com";
        let host = self.0.host().trim_end_matches('.').to_ascii_lowercase();
        host.ends_with(DOMAIN)
    }
}

/// The mainland's host.
impl Default for Endpoint {
    fn default() -> Self {
        Self::MAINLAND
            .parse()
            .expect("the gateway's own origin is valid")
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.0)
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let uri: Uri = text.parse().map_err(|_| InvalidEndpoint::NotAnOrigin)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(InvalidEndpoint::NotAnOrigin);
        };
        if scheme != &Scheme::HTTPS {
            return Err(InvalidEndpoint::NotHttps);
        }
        // `http` keeps a fragment from showing in the uri, so it is looked for in the text.
        if uri.path() != "/" || uri.query().is_some() || text.contains('#') {
            return Err(InvalidEndpoint::Path);
        }
        let port = authority.as_str().rsplit_once(':').map(|(_, port)| port);
        let numbered = port.is_none_or(|port| port.ends_with(']') || is_port(port));
        if authority.host().is_empty() || authority.as_str().contains('@') || !numbered {
            return Err(InvalidEndpoint::NotAnOrigin);
        }
        Ok(Self(authority.clone()))
    }
}

/// A number that can be connected to, without the sign that `parse` would take.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Why a text is not an [`Endpoint`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEndpoint {
    /// Not of the form `https://host[:port]`.
    #[error("an endpoint has the form `https://host[:port]`")]
    NotAnOrigin,
    /// Another scheme than https: pictures of certificates are never sent in the clear.
    #[error("an endpoint starts with `https://`")]
    NotHttps,
    /// It has a path or a query; the path of the upload is added by this crate.
    #[error("an endpoint has no path: give only `https://host[:port]`")]
    Path,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateways_own_hosts_are_known() {
        for (origin, is_own) in [
            (Endpoint::MAINLAND, true),
            (Endpoint::MAINLAND_BACKUP, true),
            (Endpoint::HONG_KONG, true),
            ("https://API.mch.weixin.qq.com:443", true),
            ("https://api.mch.weixin.qq.com.", true),
            ("https://mch.weixin.qq.com", false),
            ("https://amch.weixin.qq.com", false),
            ("https://api.mch.weixin.qq.com.test", false),
            ("https://127.0.0.1:8443", false),
        ] {
            let endpoint: Endpoint = origin.parse().unwrap();
            assert_eq!(endpoint.is_wechat_pay(), is_own, "{origin}");
        }
    }
}
