//! How a client is described before it is built.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use wxpay_transport::{self as transport, Identity, Roots, Transport};

use crate::{Client, Endpoint, Endpoints, Merchant, Signing, reply};

/// A reply is a few hundred bytes; this is what `wxpay-xml` takes at most.
pub(super) const REPLY_LIMIT: usize = 64 * 1024;

/// What WeChat Pay allows a merchant, in uploads a second; the source is in `docs/protocol.md`.
const RATE: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// Describes a [`Client`].
///
/// | setting | default |
/// |---|---|
/// | [`endpoint`](Self::endpoint), [`endpoints`](Self::endpoints) | mainland China and its backup |
/// | [`signing`](Self::signing) | HMAC-SHA256 |
/// | [`strict_reply_sign`](Self::strict_reply_sign) | off |
/// | [`identity`](Self::identity) | none, which the gateway refuses |
/// | [`roots`](Self::roots) | Mozilla's |
/// | [`timeout`](Self::timeout) | none: an upload that moves is not cut |
/// | [`retries`](Self::retries) | 2 |
/// | [`rate`](Self::rate) | 10 uploads a second to WeChat Pay's hosts, no limit elsewhere |
/// | [`transport`](Self::transport) | whatever else a transport can be told |
///
/// ```
/// use std::time::Duration;
/// use wxpay_media::{ApiKey, Client, Endpoint, MerchantId, Signing};
///
/// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let client = Client::builder(MerchantId::new("1900000109")?, key)
///     .endpoint(Endpoint::HONG_KONG.parse()?)
///     .signing(Signing::Md5Unnamed)
///     .timeout(Duration::from_secs(10))
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    merchant: Merchant,
    endpoints: Endpoints,
    transport: transport::TransportBuilder,
    /// None of the caller's: what the endpoints are known to allow.
    rate: Option<Option<NonZeroU32>>,
}

/// For a merchant that the pure functions are used with, too.
impl From<Merchant> for Builder {
    fn from(merchant: Merchant) -> Self {
        let transport = Transport::builder()
            .max_response_bytes(REPLY_LIMIT)
            .max_retries(2)
            .classifier(reply::judgement);
        Self {
            merchant,
            endpoints: Endpoints::default(),
            transport,
            rate: None,
        }
    }
}

impl Builder {
    /// The one gateway to upload to, with nothing to stand in for it.
    ///
    /// ```
    /// use wxpay_media::{ApiKey, Client, MerchantId};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let client = Client::builder(MerchantId::new("1900000109")?, key)
    ///     .endpoint("https://127.0.0.1:8443".parse()?) // a sandbox
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn endpoint(self, endpoint: Endpoint) -> Self {
        self.endpoints(endpoint.into())
    }

    /// The gateways to upload to: the first, and while that cannot be reached the next.
    ///
    /// ```
    /// use wxpay_media::{ApiKey, Client, Endpoints, MerchantId, Region};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let client = Client::builder(MerchantId::new("1900000109")?, key)
    ///     .endpoints(Endpoints::from(Region::Global))
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.endpoints = endpoints;
        self
    }

    /// How requests are signed.
    ///
    /// ```
    /// use wxpay_media::{ApiKey, Client, MerchantId, Signing};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// // As in the API's own example: MD5, and no `sign_type`.
    /// let client = Client::builder(MerchantId::new("1900000109")?, key)
    ///     .signing(Signing::Md5Unnamed)
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn signing(mut self, signing: Signing) -> Self {
        self.merchant = self.merchant.signing(signing);
        self
    }

    /// Whether replies must be signed with the request's algorithm; see
    /// [`Merchant::strict_reply_sign`].
    ///
    /// ```
    /// use wxpay_media::{ApiKey, Client, MerchantId};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let client = Client::builder(MerchantId::new("1900000109")?, key)
    ///     .strict_reply_sign(true) // a reply signed with MD5 is then refused
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn strict_reply_sign(mut self, strict: bool) -> Self {
        self.merchant = self.merchant.strict_reply_sign(strict);
        self
    }

    /// The merchant's API certificate and its key.
    ///
    /// ```no_run
    /// use wxpay_media::{ApiKey, Client, Identity, MerchantId};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let certificate = std::fs::read("apiclient_cert.pem")?;
    /// let client = Client::builder(MerchantId::new("1900000109")?, key)
    ///     .identity(Identity::from_pem(certificate, std::fs::read("apiclient_key.pem")?)?)
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn identity(mut self, identity: Identity) -> Self {
        self.transport = self.transport.identity(identity);
        self
    }

    /// Whom the gateway's certificate must lead to.
    ///
    /// ```no_run
    /// use wxpay_media::{ApiKey, Client, MerchantId, Roots};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// // A sandbox is vouched for by its own authority, and by no other.
    /// let roots = Roots::empty().with_pem(std::fs::read("sandbox/ca.pem")?)?;
    /// let client = Client::builder(MerchantId::new("1900000109")?, key).roots(roots).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn roots(mut self, roots: Roots) -> Self {
        self.transport = self.transport.roots(roots);
        self
    }

    /// How long one upload may take, with all its attempts, connecting and the whole reply included.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wxpay_media::{ApiKey, Client, MerchantId};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// // Someone waits in front of a form.
    /// let client = Client::builder(MerchantId::new("1900000109")?, key)
    ///     .timeout(Duration::from_secs(5))
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.transport = self.transport.timeout(timeout);
        self
    }

    /// How many further attempts an upload may take after its first, on whatever endpoint.
    ///
    /// Repeated are failures of the network, pages with a status from 500 on, `SYSTEMERROR` and
    /// `FREQUENCY_LIMITED`; the last makes all uploads of this client slower for a while. A queue that
    /// repeats on its own sets 0, and asks [`Error::disposition`](crate::Error::disposition).
    ///
    /// ```
    /// use wxpay_media::{ApiKey, Client, MerchantId};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// // A queue will come back to the picture.
    /// let client = Client::builder(MerchantId::new("1900000109")?, key).retries(0).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retries(mut self, retries: u32) -> Self {
        self.transport = self.transport.max_retries(retries);
        self
    }

    /// How many uploads may begin in a second, over all clones; with `None` there is no limit.
    ///
    /// By default there are ten to WeChat Pay's own hosts (`*.mch.weixin.qq.com`), which is what it
    /// allows a merchant, and no limit elsewhere. When the gateway asks to slow down, all uploads of the
    /// client become slower for a while, whatever this is.
    ///
    /// ```
    /// use std::num::NonZeroU32;
    /// use wxpay_media::{ApiKey, Client, MerchantId};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// // Two programs upload for this merchant.
    /// let client = Client::builder(MerchantId::new("1900000109")?, key)
    ///     .rate(NonZeroU32::new(5))
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rate(mut self, per_second: impl Into<Option<NonZeroU32>>) -> Self {
        self.rate = Some(per_second.into());
        self
    }

    /// Changes the transport below in any other way that it can be: a proxy, an identity that is
    /// renewed, limits.
    ///
    /// ```
    /// use wxpay_media::{ApiKey, Client, MerchantId};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let client = Client::builder(MerchantId::new("1900000109")?, key)
    ///     .transport(|transport| transport.concurrency(16))
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transport(
        mut self,
        change: impl FnOnce(transport::TransportBuilder) -> transport::TransportBuilder,
    ) -> Self {
        self.transport = change(self.transport);
        self
    }

    /// Builds the client over a [`Transport`].
    ///
    /// Only there with a crypto provider: feature `ring` (on by default) or `aws-lc-rs`.
    ///
    /// # Errors
    ///
    /// [`BuildError`](crate::BuildError) when an added root certificate cannot be used.
    ///
    /// ```
    /// use wxpay_media::{ApiKey, Client, MerchantId};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// // Nothing is connected yet, so an endpoint that nobody serves is no error here.
    /// let client = Client::builder(MerchantId::new("1900000109")?, key)
    ///     .endpoint("https://127.0.0.1:1".parse()?)
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    pub fn build(self) -> Result<Client, crate::BuildError> {
        let endpoints = self.endpoints.for_transport();
        let mut transport = self.transport.clone().endpoints(endpoints);
        let is_known = || self.endpoints.iter().any(Endpoint::is_wechat_pay);
        if let Some(rate) = self.rate.unwrap_or_else(|| is_known().then_some(RATE)) {
            transport = transport.max_rate(rate);
        }
        Ok(self.service(transport.build()?))
    }

    /// Builds the client over a service of the caller's: another transport, one with layers around
    /// it, or a fake one.
    ///
    /// Identity, roots, timeout, retries and every endpoint but the first are then that service's own
    /// business; what was set here is not used.
    ///
    /// ```
    /// use wxpay_media::{ApiKey, Client, MerchantId, Transport};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let transport = Transport::builder().concurrency(8).build()?;
    /// let client = Client::builder(MerchantId::new("1900000109")?, key).service(transport);
    /// # let _: Client = client;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn service<S>(self, service: S) -> Client<S> {
        Client {
            service,
            endpoints: self.endpoints,
            merchant: Arc::new(self.merchant),
        }
    }
}
