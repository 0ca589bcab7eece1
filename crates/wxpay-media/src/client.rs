//! The client, which sends a request by a service and reads the response.

use std::{
    error::Error as StdError,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Limited};
use tower::{Service, ServiceExt};
use tracing::{Instrument, Span, field};
use wxpay_multipart::FormBody;

use crate::{
    endpoint::Endpoint,
    error::Error,
    image::Image,
    merchant::Merchant,
    request,
    response::{self, MediaId},
};

/// The limit of `wxpay-xml`; a response has a few hundred bytes.
pub(crate) const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// The body of an upload, of exactly known length; a clone starts from the beginning.
#[cfg(feature = "transport")]
pub type UploadBody = wxpay_transport::ProgressBody<FormBody>;

/// The body of an upload, of exactly known length; a clone starts from the beginning.
#[cfg(not(feature = "transport"))]
pub type UploadBody = FormBody;

/// The service of a client that was built without one of the caller's.
#[cfg(feature = "transport")]
pub type DefaultService = wxpay_transport::Transport<UploadBody>;

/// Without the feature `transport` a client has a service of the caller's.
#[cfg(not(feature = "transport"))]
pub type DefaultService = std::convert::Infallible;

/// Uploads pictures for one merchant.
///
/// It uses any tower service `S` from `http::Request` to `http::Response`, by default a
/// [`Transport`](crate::Transport), and is itself a service from [`Image`] to [`Uploaded`]: layers
/// fit around uploads and around HTTP calls. A clone shares everything.
///
/// With a transport it belongs to one Tokio runtime, which drives the connections that it opened. A
/// program without a runtime takes `blocking::Client`.
///
/// ```
/// # async fn example(key: wxpay_media::ApiKey) -> Result<(), Box<dyn std::error::Error>> {
/// use wxpay_media::{Client, Image, MerchantId};
///
/// let client = Client::builder(MerchantId::new("1900000109")?, key).build()?;
/// let image = Image::from_path("licence.jpg").await?;
/// println!("{}", client.upload(&image).await?.media_id);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client<S = DefaultService> {
    service: S,
    endpoint: Endpoint,
    merchant: Arc<Merchant>,
}

/// A picture that the gateway has taken.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Uploaded {
    /// The gateway's name for the picture.
    pub media_id: MediaId,
    /// The number of attempts and the endpoint; `None` from a service that is no
    /// [`Transport`](crate::Transport).
    #[cfg(feature = "transport")]
    pub call: Option<wxpay_transport::CallInfo>,
}

impl<S> Client<S> {
    pub(crate) fn new(service: S, endpoint: Endpoint, merchant: Merchant) -> Self {
        let merchant = Arc::new(merchant);
        Self {
            service,
            endpoint,
            merchant,
        }
    }
}

impl<S, B> Client<S>
where
    S: Service<Request<UploadBody>, Response = Response<B>> + Clone,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    B: Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    /// Uploads one picture.
    ///
    /// # Errors
    ///
    /// Every [`Error`] but [`Error::Image`].
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime, with a [`Transport`](crate::Transport) as the service.
    pub async fn upload(&self, image: &Image) -> Result<Uploaded, Error> {
        self.send(image, upload_body).await
    }

    /// Uploads one picture and reports how much of the form, which is a little longer than the
    /// picture, has been sent. [`Progress`](crate::Progress) says when, and how a retry is
    /// reported.
    ///
    /// # Errors
    ///
    /// As [`upload`](Self::upload), with the same panics.
    ///
    /// ```
    /// # use wxpay_media::{Client, Error, Image, Progress};
    /// # async fn example(client: Client, image: Image) -> Result<(), Error> {
    /// let progress = Progress::new(|sent| eprintln!("{sent} bytes"));
    /// client.upload_with_progress(&image, progress).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "transport")]
    pub async fn upload_with_progress(
        &self,
        image: &Image,
        progress: wxpay_transport::Progress,
    ) -> Result<Uploaded, Error> {
        let body = |form| UploadBody::new(form, progress);
        self.send(image, body).await
    }

    async fn send(
        &self,
        image: &Image,
        body: impl FnOnce(FormBody) -> UploadBody,
    ) -> Result<Uploaded, Error> {
        let request = request::upload(&self.merchant, &self.endpoint, image).map(body);
        let response = self.service.clone().oneshot(request);
        let span = span(&self.merchant, image);
        receive(&self.merchant, response).instrument(span).await
    }
}

fn upload_body(form: FormBody) -> UploadBody {
    #[cfg(feature = "transport")]
    let form = UploadBody::new(form, None);
    form
}

fn span(merchant: &Merchant, image: &Image) -> Span {
    tracing::info_span!(
        "upload",
        mch_id = merchant.id().as_str(),
        media_hash = image.hash().as_str(),
        err_code = field::Empty,
    )
}

/// Waits for the response and reads it, in the span of the upload.
async fn receive<B, E>(
    merchant: &Merchant,
    response: impl Future<Output = Result<Response<B>, E>>,
) -> Result<Uploaded, Error>
where
    B: Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    let response = response.await.map_err(|it| Error::Service(it.into()))?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, MAX_RESPONSE_BYTES).collect().await;
    let body = body.map_err(Error::Service)?.to_bytes();
    let response = Response::from_parts(head, body);
    let read = response::media_id(merchant, &response);
    if let Err(error) = &read {
        if let Some(code) = error.code() {
            Span::current().record("err_code", code);
        }
        tracing::warn!(%error, "refused");
    }
    Ok(Uploaded {
        media_id: read?,
        #[cfg(feature = "transport")]
        call: response.extensions().get().cloned(),
    })
}

impl<S, B> Service<Image> for Client<S>
where
    S: Service<Request<UploadBody>, Response = Response<B>>,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    S::Future: Send + 'static,
    B: Body<Data: Send> + Send + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Response = Uploaded;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Uploaded, Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let ready = self.service.poll_ready(cx);
        ready.map_err(|error| Error::Service(error.into()))
    }

    fn call(&mut self, image: Image) -> Self::Future {
        let request = request::upload(&self.merchant, &self.endpoint, &image);
        // A clone would not be the service that was polled ready.
        let response = self.service.call(request.map(upload_body));
        let (merchant, span) = (Arc::clone(&self.merchant), span(&self.merchant, &image));
        Box::pin(async move { receive(&merchant, response).await }.instrument(span))
    }
}
