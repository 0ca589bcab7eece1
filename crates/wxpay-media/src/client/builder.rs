//! How a client is described before it is built.

use std::{sync::Arc, time::Duration};

use wxpay_transport::{Identity, Roots, Transport};

use crate::{Client, Endpoint, Merchant, Signing};

/// A reply is a few hundred bytes; this is what `wxpay-xml` takes at most.
const REPLY_LIMIT: usize = 64 * 1024;

/// Describes a [`Client`].
///
/// | setting | default |
/// |---|---|
/// | [`endpoint`](Self::endpoint) | mainland China |
/// | [`signing`](Self::signing) | HMAC-SHA256 |
/// | [`strict_reply_sign`](Self::strict_reply_sign) | off |
/// | [`identity`](Self::identity) | none, which the gateway refuses |
/// | [`roots`](Self::roots) | Mozilla's |
/// | [`timeout`](Self::timeout) | 30 s |
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
    endpoint: Endpoint,
    transport: wxpay_transport::Builder,
}

/// For a merchant that the pure functions are used with, too.
impl From<Merchant> for Builder {
    fn from(merchant: Merchant) -> Self {
        let transport = Transport::builder().reply_limit(REPLY_LIMIT);
        Self {
            merchant,
            endpoint: Endpoint::default(),
            transport,
        }
    }
}

impl Builder {
    /// The gateway to upload to.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// How requests are signed.
    pub fn signing(mut self, signing: Signing) -> Self {
        self.merchant = self.merchant.signing(signing);
        self
    }

    /// Whether replies must be signed with the request's algorithm; see
    /// [`Merchant::strict_reply_sign`].
    pub fn strict_reply_sign(mut self, strict: bool) -> Self {
        self.merchant = self.merchant.strict_reply_sign(strict);
        self
    }

    /// The merchant's API certificate and its key.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.transport = self.transport.identity(identity);
        self
    }

    /// Whom the gateway's certificate must lead to.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.transport = self.transport.roots(roots);
        self
    }

    /// How long one upload may take, connecting and the whole reply included.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.transport = self.transport.call_deadline(timeout);
        self
    }

    /// Builds the client over a [`Transport`].
    ///
    /// Only there with a crypto provider: feature `ring` (on by default) or `aws-lc-rs`.
    ///
    /// # Errors
    ///
    /// [`BuildError`](crate::BuildError) when an added root certificate cannot be used.
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    pub fn build(self) -> Result<Client, crate::BuildError> {
        let transport = self.transport.clone().build()?;
        Ok(self.service(transport))
    }

    /// Builds the client over a service of the caller's: another transport, one with layers around
    /// it, or a fake one.
    ///
    /// Identity, roots and timeout are then that service's own business; what was set here is not
    /// used.
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
            endpoint: self.endpoint,
            merchant: Arc::new(self.merchant),
        }
    }
}
