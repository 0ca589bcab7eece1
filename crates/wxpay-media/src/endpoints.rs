//! Where the gateway is, with what stands in for it.

mod region;

use std::fmt;

use wxpay_transport::{self as transport, EndpointsError};

use crate::Endpoint;

pub use region::{Region, UnknownRegion};

/// The endpoints that may serve an upload, in order of preference; at least one.
///
/// The first is the primary. The others stand in for it while it cannot be reached, and no longer:
/// see [`Transport`](crate::Transport) for the rule. One [`Endpoint`] alone makes a list of one,
/// without failover; a [`Region`] makes the list that the API's pages advise.
///
/// ```
/// use wxpay_media::{Endpoint, Endpoints, Region};
///
/// let mainland = Endpoints::from(Region::Mainland);
/// assert_eq!(mainland.to_string(), "https://api.mch.weixin.qq.com,https://api2.mch.weixin.qq.com");
///
/// let sandbox: Endpoint = "https://127.0.0.1:8443".parse()?;
/// assert_eq!(Endpoints::from(sandbox.clone()).primary(), &sandbox);
/// # Ok::<(), wxpay_media::InvalidEndpoint>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints(Vec<Endpoint>);

impl Endpoints {
    /// The endpoints in this order; one that is named again counts once.
    ///
    /// # Errors
    ///
    /// [`EndpointsError`] when there is none, or more than eight.
    ///
    /// ```
    /// use wxpay_media::{Endpoint, Endpoints, EndpointsError};
    ///
    /// let hong_kong: Endpoint = Endpoint::HONG_KONG.parse()?;
    /// let both = Endpoints::new([hong_kong.clone(), Endpoint::default(), hong_kong])?;
    /// assert_eq!(both.iter().count(), 2);
    /// assert_eq!(Endpoints::new([]), Err(EndpointsError::Empty));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(endpoints: impl IntoIterator<Item = Endpoint>) -> Result<Self, EndpointsError> {
        let authorities = endpoints.into_iter().map(|endpoint| endpoint.0);
        let endpoints = transport::Endpoints::new(authorities)?;
        Ok(Self(endpoints.iter().cloned().map(Endpoint).collect()))
    }

    /// The one that uploads go to while all is well.
    ///
    /// ```
    /// use wxpay_media::{Endpoint, Endpoints};
    ///
    /// assert_eq!(Endpoints::default().primary().to_string(), Endpoint::MAINLAND);
    /// ```
    #[must_use]
    pub fn primary(&self) -> &Endpoint {
        &self.0[0]
    }

    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    pub(crate) fn for_transport(&self) -> transport::Endpoints {
        let authorities = self.iter().map(|endpoint| endpoint.0.clone());
        transport::Endpoints::new(authorities).expect("the list was taken before")
    }

    /// All of them, the primary first.
    ///
    /// ```
    /// use wxpay_media::{Endpoint, Endpoints, Region};
    ///
    /// let global = Endpoints::from(Region::Global);
    /// let origins: Vec<_> = global.iter().map(ToString::to_string).collect();
    /// assert_eq!(origins, [Endpoint::HONG_KONG, Endpoint::MAINLAND]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.iter()
    }
}

/// Mainland China: its host and the backup of it.
impl Default for Endpoints {
    fn default() -> Self {
        Region::Mainland.into()
    }
}

impl From<Endpoint> for Endpoints {
    fn from(endpoint: Endpoint) -> Self {
        Self(vec![endpoint])
    }
}

impl From<Region> for Endpoints {
    fn from(region: Region) -> Self {
        let origins = region.origins().iter();
        Self(
            origins
                .map(|origin| origin.parse().expect("the gateway's own origins are valid"))
                .collect(),
        )
    }
}

/// Separated by commas, as the program's `WXPAY_ENDPOINT` has them.
impl fmt::Display for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, endpoint) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{endpoint}")?;
        }
        Ok(())
    }
}
