//! The rules that look at one thing each; those that take a form apart are with what they make of it.

use http::Method;
use wxpay_sign::{ApiKey, ContentMd5, Params};

use super::{
    picture,
    refusal::{Refusal, Rule},
    upload::Upload,
};
use crate::client_certificate::ClientCertificate;

pub(super) fn method(method: &Method) -> Result<(), Refusal> {
    if method == Method::POST {
        Ok(())
    } else {
        Err(Rule::Method.because("use POST"))
    }
}

pub(super) fn path(path: &str) -> Result<(), Refusal> {
    if path == "/secapi/mch/uploadmedia" {
        Ok(())
    } else {
        Err(Rule::Path.because("there is nothing at this path"))
    }
}

/// Tells whom the certificate is for.
pub(super) fn certificate(certificate: &ClientCertificate) -> Result<Option<&str>, Refusal> {
    match certificate {
        ClientCertificate::Accepted(holder) => Ok(holder.as_deref()),
        ClientCertificate::Missing => {
            Err(Rule::Certificate.because("no client certificate was sent"))
        }
        ClientCertificate::Refused(why) => {
            let message = format!("the client certificate was not accepted: {why}");
            Err(Rule::Certificate.because(message))
        }
    }
}

/// The merchant is known, and is the certificate's holder.
pub(super) fn merchant(upload: &Upload, known: &str, holder: Option<&str>) -> Result<(), Refusal> {
    if upload.mch_id != known {
        Err(Rule::Merchant.because("no merchant has this mch_id"))
    } else if holder != Some(known) {
        Err(Rule::Merchant.because("the certificate is not this merchant's"))
    } else {
        Ok(())
    }
}

pub(super) fn signature(upload: &Upload, key: &ApiKey) -> Result<(), Refusal> {
    // The reason is for a diagnosis, not for whoever may be guessing.
    let sign = ("sign", upload.sign.as_str());
    Params::new(upload.signed().chain([sign]))
        .is_ok_and(|params| params.verify_strict(upload.sign_type(), key).is_ok())
        .then_some(())
        .ok_or_else(|| Rule::Signature.because("Signature failure"))
}

/// Hands out the bytes of what is a picture, not empty, and under 2 MiB.
pub(super) fn picture(upload: &Upload) -> Result<&[u8], Refusal> {
    let media = &upload.media;
    let is_file = media
        .file_name
        .as_deref()
        .is_some_and(|name| !name.is_empty());
    media
        .bytes
        .as_deref()
        .filter(|bytes| is_file && bytes.len() < picture::LIMIT && picture::is_picture(bytes))
        .ok_or_else(|| Rule::Picture.because("media is not a picture under 2 MiB"))
}

pub(super) fn hash(upload: &Upload, picture: &[u8]) -> Result<(), Refusal> {
    if ContentMd5::of(picture).as_str() == upload.media_hash {
        Ok(())
    } else {
        Err(Rule::Picture.because("media_hash is not the MD5 of media"))
    }
}
