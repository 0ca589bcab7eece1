//! What came of an upload, and how.

use wxpay_transport::Trip;

use crate::{Error, MediaId};

/// What came of one upload, with the way that it has gone: what
/// [`Client::deliver`](crate::Client::deliver) answers.
#[derive(Debug)]
pub struct Delivery {
    pub(crate) result: Result<MediaId, Error>,
    pub(crate) trip: Option<Trip>,
}

impl Delivery {
    /// The media id, or why there is none.
    ///
    /// # Errors
    ///
    /// [`Error`], as [`Client::upload`](crate::Client::upload) has it.
    pub fn into_result(self) -> Result<MediaId, Error> {
        self.result
    }

    /// How many attempts it took and which endpoint answered last; `None` where the service below is
    /// no [`Transport`](crate::Transport) and does not tell, or nothing was tried.
    #[must_use]
    pub fn trip(&self) -> Option<&Trip> {
        self.trip.as_ref()
    }
}
