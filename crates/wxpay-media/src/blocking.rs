//! A client for programs that are not asynchronous.

use std::{error::Error as StdError, io, sync::Arc, thread};

use http::{Request, Response};
use http_body::Body;
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};
use tower::Service;

use crate::{
    client::{self, DefaultService, UploadBody, Uploaded},
    error::Error,
    image::Image,
};

/// Uploads pictures for one merchant, and blocks meanwhile: [`wxpay_media::Client`](crate::Client)
/// on a runtime of its own.
///
/// It has the same [`ClientBuilder`](crate::ClientBuilder) and the same errors. It refuses to work
/// on a thread of an asynchronous runtime, `spawn_blocking` included. A clone shares everything.
///
#[cfg_attr(feature = "ring", doc = "```no_run")]
#[cfg_attr(not(feature = "ring"), doc = "```ignore")]
/// use wxpay_media::{ApiKey, Client, Image, MerchantId, blocking};
///
/// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let builder = Client::builder(MerchantId::new("1900000109")?, key);
/// let client = blocking::Client::new(builder.build()?)?;
/// println!("{}", client.upload(&Image::read("licence.jpg")?)?.media_id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client<S = DefaultService> {
    client: client::Client<S>,
    runtime: Handle,
    /// Ends the runtime's thread when the last clone is dropped.
    _running: Arc<oneshot::Sender<()>>,
}

impl<S> Client<S> {
    /// Takes a client and starts a thread for its connections.
    ///
    /// # Errors
    ///
    /// When the system cannot start a thread.
    pub fn new(client: client::Client<S>) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (running, dropped) = oneshot::channel();
        let thread = thread::Builder::new().name("wxpay-media".to_owned());
        thread.spawn(move || runtime.block_on(dropped))?;
        Ok(Self {
            client,
            runtime: handle,
            _running: Arc::new(running),
        })
    }

    /// Uploads one picture, and blocks until it is done.
    ///
    /// # Errors
    ///
    /// As [`wxpay_media::Client::upload`](crate::Client::upload), and an [`Error::Service`] on a
    /// thread of an asynchronous runtime, which must not be blocked.
    pub fn upload<B>(&self, image: &Image) -> Result<Uploaded, Error>
    where
        S: Service<Request<UploadBody>, Response = Response<B>> + Clone,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        B: Body<Error: Into<Box<dyn StdError + Send + Sync>>>,
    {
        if Handle::try_current().is_ok() {
            let text = "a blocking client was called inside of an asynchronous runtime: use \
                        wxpay_media::Client there, or another thread";
            return Err(Error::Service(text.into()));
        }
        self.runtime.block_on(self.client.upload(image))
    }
}
