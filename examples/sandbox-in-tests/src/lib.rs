//! An application that enrols shops with `wxpay-media`. Its tests are in `tests/enrolment.rs`.

use wxpay_media::{Client, Error, Image, ImageError, MediaId};

/// The pictures that a shop is enrolled with.
#[derive(Debug)]
pub struct Documents {
    /// The business licence: file name and bytes.
    pub licence: (String, Vec<u8>),
    /// The front of the shop: file name and bytes.
    pub front: (String, Vec<u8>),
}

/// The media ids for the next API of the enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// The media id of the business licence.
    pub licence: MediaId,
    /// The media id of the shop's front.
    pub front: MediaId,
}

/// The reason why a shop could not be enrolled, as a message for the shop.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentError {
    /// The shop has to choose another picture.
    #[error("please choose another picture of the {of}: {source}")]
    Picture {
        /// The document.
        of: &'static str,
        /// The fault.
        source: ImageError,
    },
    /// A failure that the shop cannot mend.
    #[error("please try again later")]
    Later(#[source] Error),
}

/// Uploads the documents of a shop, after both have been checked.
///
/// # Errors
///
/// [`EnrolmentError::Picture`] if the shop can mend the failure, else [`EnrolmentError::Later`].
pub async fn upload(client: &Client, documents: Documents) -> Result<Uploaded, EnrolmentError> {
    let licence = image("licence", documents.licence)?;
    let front = image("front", documents.front)?;
    let upload = async |image| {
        let uploaded = client.upload(image).await;
        Ok(uploaded.map_err(EnrolmentError::Later)?.media_id)
    };
    Ok(Uploaded {
        licence: upload(&licence).await?,
        front: upload(&front).await?,
    })
}

fn image(of: &'static str, (name, bytes): (String, Vec<u8>)) -> Result<Image, EnrolmentError> {
    Image::from_bytes(name, bytes).map_err(|source| EnrolmentError::Picture { of, source })
}
