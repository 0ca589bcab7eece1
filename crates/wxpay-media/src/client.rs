//! The client: request, service, reply.

mod builder;

use std::{
    error::Error as StdError,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Limited};
use tower::{Service, ServiceExt};
use wxpay_sign::ApiKey;
use wxpay_transport::Transport;

use crate::{
    Delivery, Endpoints, Error, Image, MediaId, Merchant, MerchantId, UploadBody, reply, request,
};

pub use builder::Builder;
use builder::REPLY_LIMIT;

/// Uploads pictures for one merchant.
///
/// It is a tower service from [`Image`] to [`MediaId`], over any service `S` that takes an
/// `http::Request` and answers with the whole reply: by default a [`Transport`], in tests anything.
/// So layers go around uploads (this side) as well as around HTTP calls (that side). A clone shares
/// everything.
///
/// ```no_run
/// use wxpay_media::{ApiKey, Client, Identity, Image, MediaId, MerchantId};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let identity = Identity::from_pem(
///     std::fs::read("apiclient_cert.pem")?,
///     std::fs::read("apiclient_key.pem")?,
/// )?;
/// let key = ApiKey::new(std::fs::read_to_string("api_key.txt")?.trim_end())?;
/// let client = Client::builder(MerchantId::new("1900000109")?, key).identity(identity).build()?;
/// let id: MediaId = client.upload(Image::from_path("licence.jpg").await?).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client<S = Transport<UploadBody>> {
    service: S,
    endpoints: Endpoints,
    merchant: Arc<Merchant>,
}

impl Client {
    /// Starts to describe a client for a merchant and its API v2 key.
    ///
    /// ```
    /// use wxpay_media::{ApiKey, Client, MerchantId};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let builder = Client::builder(MerchantId::new("1900000109")?, key);
    /// assert!(!format!("{builder:?}").contains("192006250b4c")); // never shown
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder(id: MerchantId, key: ApiKey) -> Builder {
        Merchant::new(id, key).into()
    }
}

impl<S, R> Client<S>
where
    S: Service<Request<UploadBody>, Response = Response<R>> + Clone,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    R: Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>>,
{
    /// Uploads one picture.
    ///
    /// Why not [`Service::call`]: this needs neither `&mut` nor a check for readiness.
    ///
    /// # Errors
    ///
    /// [`Error`], except that the picture has been checked when the [`Image`] was made.
    ///
    /// # Panics
    ///
    /// With a [`Transport`] below, outside a Tokio runtime.
    ///
    /// ```
    /// use http::Response;
    /// use wxpay_media::{ApiKey, Client, ErrorKind, Image, MerchantId, UploadBody};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice();
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// // Any tower service will do: a test needs no server.
    /// let refuses = tower::service_fn(|_: http::Request<UploadBody>| async {
    ///     let body = "<xml><return_code>FAIL</return_code><return_msg>no</return_msg></xml>";
    ///     Ok::<_, std::convert::Infallible>(Response::new(body.to_owned()))
    /// });
    /// let client = Client::builder(MerchantId::new("1900000109")?, key).service(refuses);
    /// let error = client.upload(Image::from_bytes("licence.png", png)?).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Gateway);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn upload(&self, image: Image) -> Result<MediaId, Error> {
        self.deliver(image).await.into_result()
    }

    /// Uploads one picture, and tells how: at which attempt, by which endpoint.
    ///
    /// ```no_run
    /// # async fn example(client: wxpay_media::Client, image: wxpay_media::Image) {
    /// let delivery = client.deliver(image).await;
    /// if let Some(trip) = delivery.trip() {
    ///     println!("{} attempts, the last at {}", trip.attempts(), trip.endpoint());
    /// }
    /// # }
    /// ```
    pub async fn deliver(&self, image: Image) -> Delivery {
        let request = request::upload(&self.merchant, self.endpoints.primary(), &image);
        read(&self.merchant, self.service.clone().oneshot(request)).await
    }
}

async fn whole<R, E>(
    reply: impl Future<Output = Result<Response<R>, E>>,
) -> Result<Response<Bytes>, Box<dyn StdError + Send + Sync>>
where
    R: Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    let (head, body) = reply.await.map_err(Into::into)?.into_parts();
    let body = Limited::new(body, REPLY_LIMIT).collect().await?;
    Ok(Response::from_parts(head, body.to_bytes()))
}

/// Waits for the reply and reads it.
async fn read<R, E>(
    merchant: &Merchant,
    reply: impl Future<Output = Result<Response<R>, E>>,
) -> Delivery
where
    R: Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    match whole(reply).await {
        Ok(reply) => Delivery {
            trip: reply.extensions().get().cloned(),
            result: reply::media_id(merchant, &reply),
        },
        Err(error) => {
            let error = Error::Service(error);
            Delivery {
                trip: error.trip().cloned(),
                result: Err(error),
            }
        }
    }
}

impl<S, R> Service<Image> for Client<S>
where
    S: Service<Request<UploadBody>, Response = Response<R>>,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    R: Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>> + Send,
    S::Future: Send + 'static,
{
    type Response = MediaId;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<MediaId, Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service
            .poll_ready(cx)
            .map_err(|error| Error::Service(error.into()))
    }

    fn call(&mut self, image: Image) -> Self::Future {
        let request = request::upload(&self.merchant, self.endpoints.primary(), &image);
        // By the very service that was polled ready: a clone would want a place of its own.
        let reply = self.service.call(request);
        let merchant = Arc::clone(&self.merchant);
        Box::pin(async move { read(&merchant, reply).await.into_result() })
    }
}
