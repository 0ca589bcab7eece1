//! Endpoints and regions of the gateway.

use std::{fmt, num::NonZeroU16, str::FromStr};

use http::{
    Uri,
    uri::{Authority, PathAndQuery, Scheme},
};

const API: &str = "api.mch.weixin.qq.com";
const API_HK: &str = "apihk.mch.weixin.qq.com";

/// The origin of a gateway: `https://host` or `https://host:port`. The default is mainland China's.
///
/// ```
/// use wxpay_media::{Endpoint, ParseEndpointError};
///
/// let sandbox: Endpoint = "https://127.0.0.1:8443".parse()?;
/// assert_eq!(sandbox.to_string(), "https://127.0.0.1:8443");
/// assert_eq!("http://127.0.0.1".parse::<Endpoint>(), Err(ParseEndpointError::NotHttps));
/// # Ok::<(), ParseEndpointError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(Authority);

impl Endpoint {
    /// The address that pictures are posted to.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "the three parts always make a uri"
    )]
    pub fn upload_uri(&self) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTPS);
        parts.authority = Some(self.0.clone());
        parts.path_and_query = Some(PathAndQuery::from_static("/secapi/mch/uploadmedia"));
        Uri::from_parts(parts).expect("scheme, authority and path make a uri")
    }

    /// The endpoints of a list, in its order.
    #[cfg(feature = "transport")]
    pub fn of(endpoints: &wxpay_transport::Endpoints) -> impl Iterator<Item = Self> {
        endpoints.iter().cloned().map(Self)
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self(Authority::from_static(API))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.0)
    }
}

impl From<Endpoint> for Authority {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.0
    }
}

#[cfg(feature = "transport")]
impl From<Endpoint> for wxpay_transport::Endpoints {
    fn from(endpoint: Endpoint) -> Self {
        Self::new([endpoint.0]).expect("an endpoint is a host and a port")
    }
}

#[cfg(feature = "transport")]
impl From<Region> for wxpay_transport::Endpoints {
    fn from(region: Region) -> Self {
        let authorities = region.endpoints().map(Authority::from);
        Self::new(authorities).expect("the gateway's own hosts are valid")
    }
}

impl FromStr for Endpoint {
    type Err = ParseEndpointError;

    fn from_str(text: &str) -> Result<Self, ParseEndpointError> {
        let uri: Uri = text.parse().map_err(|_| ParseEndpointError::NotAnOrigin)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(ParseEndpointError::NotAnOrigin);
        };
        if scheme != &Scheme::HTTPS {
            return Err(ParseEndpointError::NotHttps);
        }
        // `http` drops a fragment from the uri, so it is looked for in the text.
        if uri.path() != "/" || uri.query().is_some() || text.contains('#') {
            return Err(ParseEndpointError::Path);
        }
        let port = authority.as_str().rsplit_once(':').map(|(_, port)| port);
        // `parse` takes a sign.
        let is_port = |port: &str| !port.starts_with('+') && port.parse::<NonZeroU16>().is_ok();
        let is_numbered = port.is_none_or(|port| port.ends_with(']') || is_port(port));
        if authority.host().is_empty() || authority.as_str().contains('@') || !is_numbered {
            return Err(ParseEndpointError::NotAnOrigin);
        }
        Ok(Self(authority.clone()))
    }
}

/// A text is no [`Endpoint`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseEndpointError {
    /// Not of the form `https://host[:port]`.
    #[error("an endpoint has the form `https://host[:port]`")]
    NotAnOrigin,
    /// Another scheme than https: pictures of certificates are never sent unencrypted.
    #[error("an endpoint starts with `https://`")]
    NotHttps,
    /// It has a path or a query; this crate adds the path of the upload.
    #[error("an endpoint has no path: give only `https://host[:port]`")]
    Path,
}

/// A part of the world with its own endpoints of the gateway.
///
/// Uploads go to the region in which the merchant was enrolled. The pairs of an endpoint and its
/// backup are those of the API's page on connectivity.
///
/// ```
/// use wxpay_media::Region;
///
/// assert_eq!("hongkong".parse(), Ok(Region::HongKong));
/// let origins: Vec<_> = Region::Global.endpoints().map(|it| it.to_string()).collect();
/// assert_eq!(origins, ["https://apihk.mch.weixin.qq.com", "https://api.mch.weixin.qq.com"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// `mainland`: mainland China, `api` with its backup in another city, `api2`.
    Mainland,
    /// `global`: everywhere else, `apihk` with `api` as its backup.
    Global,
    /// `hongkong`: `apihk` alone.
    HongKong,
    /// `us`: America, `apius` alone.
    Us,
    /// `europe`: `apieu` alone.
    Europe,
}

impl Region {
    /// Every region.
    pub const ALL: &'static [Self] = &[
        Self::Mainland,
        Self::Global,
        Self::HongKong,
        Self::Us,
        Self::Europe,
    ];

    /// The region's name in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().0
    }

    /// Its endpoints, in order of preference.
    pub fn endpoints(self) -> impl Iterator<Item = Endpoint> {
        let hosts = self.row().1.iter();
        hosts.map(|host| Endpoint(Authority::from_static(host)))
    }

    fn row(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Mainland => ("mainland", &[API, "api2.mch.weixin.qq.com"]),
            Self::Global => ("global", &[API_HK, API]),
            Self::HongKong => ("hongkong", &[API_HK]),
            Self::Us => ("us", &["apius.mch.weixin.qq.com"]),
            Self::Europe => ("europe", &["apieu.mch.weixin.qq.com"]),
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Region {
    type Err = ParseRegionError;

    fn from_str(text: &str) -> Result<Self, ParseRegionError> {
        let found = Self::ALL.iter().find(|region| region.as_str() == text);
        found.copied().ok_or(ParseRegionError)
    }
}

/// A text names no [`Region`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a region is one of `mainland`, `global`, `hongkong`, `us`, `europe`")]
pub struct ParseRegionError;
