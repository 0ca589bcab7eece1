//! What came of an upload, and how.

use wxpay_transport::CallInfo;

use crate::{Error, MediaId};

/// What came of one upload, with the way that it has gone: what
/// [`Client::deliver`](crate::Client::deliver) answers.
#[derive(Debug)]
pub struct Delivery {
    pub(crate) result: Result<MediaId, Error>,
    pub(crate) trip: Option<CallInfo>,
}

impl Delivery {
    /// The media id, or why there is none.
    ///
    /// # Errors
    ///
    /// [`Error`], as [`Client::upload`](crate::Client::upload) has it.
    ///
    /// ```
    /// # async fn example(client: wxpay_media::Client, image: wxpay_media::Image) {
    /// let delivery = client.deliver(image).await;
    /// match delivery.into_result() {
    ///     Ok(id) => println!("{id}"),
    ///     Err(error) => eprintln!("{error}: {}", error.advice()),
    /// }
    /// # }
    /// ```
    pub fn into_result(self) -> Result<MediaId, Error> {
        self.result
    }

    /// How many attempts it took and which endpoint answered last; `None` where the service below is
    /// no [`Transport`](crate::Transport) and does not tell.
    ///
    /// ```
    /// use wxpay_media::{ApiKey, Client, Image, MerchantId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice();
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let client = Client::builder(MerchantId::new("1900000109")?, key)
    ///     .endpoint("https://127.0.0.1:1".parse()?) // nobody listens there
    ///     .retries(0)
    ///     .build()?;
    /// let delivery = client.deliver(Image::from_bytes("licence.png", png)?).await;
    /// assert_eq!(delivery.trip().map(|trip| trip.attempts()), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn trip(&self) -> Option<&CallInfo> {
        self.trip.as_ref()
    }
}
