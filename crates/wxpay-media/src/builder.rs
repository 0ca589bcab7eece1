//! The settings of a client.

use crate::{
    client::Client,
    endpoint::Endpoint,
    merchant::{Merchant, MerchantId, Signing},
};
use tower::layer::util::Identity as NoLayer;
use wxpay_sign::ApiKey;

#[cfg(feature = "transport")]
use {
    crate::{
        client::{DefaultService, MAX_RESPONSE_BYTES},
        endpoint::Region,
        response,
    },
    std::{num::NonZeroU32, time::Duration},
    tower::{Layer, layer::util::Stack},
    wxpay_transport::{Endpoints, Identity, Proxy, Roots, Transport, TransportBuilder},
};

/// WeChat Pay's limit for a merchant in uploads a second, with its source in `docs/protocol.md`.
#[cfg(feature = "transport")]
const RATE: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// The settings of a [`Client`].
///
#[cfg_attr(feature = "ring", doc = "```")]
#[cfg_attr(not(feature = "ring"), doc = "```ignore")]
/// use tower::limit::ConcurrencyLimitLayer;
/// use wxpay_media::{ApiKey, Client, MerchantId, Region, Signing};
///
/// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let client = Client::builder(MerchantId::new("1900000109")?, key)
///     .endpoints(Region::Global)
///     .signing(Signing::Md5Unnamed)
///     .layer(ConcurrencyLimitLayer::new(8))
///     .build()?; // nothing is connected yet
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientBuilder<L = NoLayer> {
    merchant: Merchant,
    endpoint: Endpoint,
    #[cfg(feature = "transport")]
    endpoints: Endpoints,
    #[cfg(feature = "transport")]
    transport: TransportBuilder,
    /// `None` is the known limit of the endpoints.
    #[cfg(feature = "transport")]
    rate: Option<Option<NonZeroU32>>,
    #[cfg_attr(
        not(feature = "transport"),
        expect(dead_code, reason = "layers go around a transport")
    )]
    layer: L,
}

impl Client {
    /// The settings of a client for a merchant and its API v2 key.
    pub fn builder(id: MerchantId, key: ApiKey) -> ClientBuilder {
        Merchant::new(id, key).into()
    }
}

/// For a merchant that is also used with the pure functions.
impl From<Merchant> for ClientBuilder {
    fn from(merchant: Merchant) -> Self {
        Self {
            merchant,
            endpoint: Endpoint::default(),
            #[cfg(feature = "transport")]
            endpoints: Region::Mainland.into(),
            #[cfg(feature = "transport")]
            transport: Transport::builder()
                .max_response_bytes(MAX_RESPONSE_BYTES)
                .max_retries(2)
                .classifier(response::classify),
            #[cfg(feature = "transport")]
            rate: None,
            layer: NoLayer::new(),
        }
    }
}

impl<L> ClientBuilder<L> {
    /// The way of signing requests; HMAC-SHA256 by default.
    pub fn signing(mut self, signing: Signing) -> Self {
        self.merchant = self.merchant.signing(signing);
        self
    }

    /// Whether responses must be signed with the request's algorithm; see
    /// [`Merchant::strict_response_sign`].
    pub fn strict_response_sign(mut self, strict: bool) -> Self {
        self.merchant = self.merchant.strict_response_sign(strict);
        self
    }

    /// The one endpoint that requests name. [`endpoints`](Self::endpoints) sets this, too.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        #[cfg(feature = "transport")]
        {
            self.endpoints = endpoint.clone().into();
        }
        self.endpoint = endpoint;
        self
    }

    /// Builds the client over a service of the caller's: another HTTP client, or a fake one.
    ///
    /// The service does the transport's work: it authenticates by the merchant's certificate,
    /// bounds the time, and repeats, by [`Error::retry_advice`](crate::Error::retry_advice) or
    /// `response::classify`. The settings of the transport are not used. Take `layer` for layers
    /// around it.
    pub fn service<S>(self, service: S) -> Client<S> {
        Client::new(service, self.endpoint, self.merchant)
    }
}

#[cfg(feature = "transport")]
impl<L> ClientBuilder<L> {
    /// The gateways of a [`Region`], one [`Endpoint`], or a list; the next one is used while the
    /// first cannot be reached. The default is mainland China with its backup.
    pub fn endpoints(mut self, endpoints: impl Into<Endpoints>) -> Self {
        self.endpoints = endpoints.into();
        self.endpoint = Endpoint::of(&self.endpoints).next().unwrap_or_default();
        self
    }

    /// The merchant's API certificate and its key; without them the gateway refuses.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.transport = self.transport.identity(identity);
        self
    }

    /// The authorities that the gateway's certificate must lead to; Mozilla's by default.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.transport = self.transport.roots(roots);
        self
    }

    /// The proxy that all connections go through.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.transport = self.transport.proxy(proxy);
        self
    }

    /// The bound over one upload with all its attempts; none by default. Time without progress is
    /// always bounded: to connect, to send, and to wait for the response.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.transport = self.transport.timeout(timeout);
        self
    }

    /// The number of further attempts of an upload, at any endpoint; 2 by default.
    ///
    /// Failures of the network, pages with a status from 500 to 599, `SYSTEMERROR` and limits on
    /// the rate are repeated. A queue that repeats on its own sets 0, and uses
    /// [`Error::retry_advice`](crate::Error::retry_advice).
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.transport = self.transport.max_retries(retries);
        self
    }

    /// Maximum number of uploads that begin in a second, over all clones; `None` is no limit.
    ///
    /// The default is ten for WeChat Pay's own hosts (`*.mch.weixin.qq.com`), its limit for a
    /// merchant, and none for others. With any limit, uploads become slower for a while when the
    /// gateway asks for it.
    pub fn rate(mut self, per_second: impl Into<Option<NonZeroU32>>) -> Self {
        self.rate = Some(per_second.into());
        self
    }

    /// Changes any other setting of the transport: an identity that is renewed, addresses, limits.
    pub fn transport(mut self, change: impl FnOnce(TransportBuilder) -> TransportBuilder) -> Self {
        self.transport = change(self.transport);
        self
    }

    /// Puts a tower layer around the client's own transport, with its endpoints, limits and
    /// retries. The layer that is added first gets the requests first.
    pub fn layer<M>(self, layer: M) -> ClientBuilder<Stack<M, L>> {
        ClientBuilder {
            merchant: self.merchant,
            endpoint: self.endpoint,
            endpoints: self.endpoints,
            transport: self.transport,
            rate: self.rate,
            layer: Stack::new(layer, self.layer),
        }
    }

    /// Builds the client over a [`Transport`].
    ///
    /// # Errors
    ///
    /// [`BuildError`](crate::BuildError) when a root certificate cannot be used, or there is no
    /// crypto provider.
    pub fn build(self) -> Result<Client<L::Service>, crate::BuildError>
    where
        L: Layer<DefaultService>,
    {
        let is_wechat_pay = self.endpoints.iter().any(|endpoint| {
            let host = endpoint.host().trim_end_matches('.').to_ascii_lowercase();
            host.ends_with(".mch.weixin.qq.com")
        });
        let mut transport = self.transport.endpoints(self.endpoints);
        if let Some(rate) = self.rate.unwrap_or(is_wechat_pay.then_some(RATE)) {
            transport = transport.max_rate(rate);
        }
        let service = self.layer.layer(transport.build()?);
        Ok(Client::new(service, self.endpoint, self.merchant))
    }
}
