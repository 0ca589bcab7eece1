//! The gateway itself: from what came to what is answered, without any I/O.

mod body;
mod form;
mod media_id;
mod picture;
mod refusal;
mod reply;
mod rules;
mod upload;

use http::{HeaderValue, Method};
use wxpay_sign::{ApiKey, SignType};

use crate::client_certificate::ClientCertificate;
use form::Form;
use refusal::Refusal;
use upload::{Fields, Upload};

pub(crate) use body::{Body, End};
pub(crate) use media_id::MediaId;
pub(crate) use reply::Reply;

/// The gateway for one merchant.
#[derive(Debug)]
pub(crate) struct Gateway {
    mch_id: String,
    api_key: ApiKey,
}

/// Everything of a call that the rules look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) content_type: Option<&'a HeaderValue>,
    pub(crate) certificate: &'a ClientCertificate,
    pub(crate) body: &'a Body,
}

/// What becomes of a call. The sign type is the request's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// `return_code` is FAIL: who calls is not established, so the reply is not signed.
    NotUnderstood(Refusal),
    /// `return_code` is SUCCESS, `result_code` is FAIL.
    Refused(Refusal, SignType),
    /// Both are SUCCESS.
    Accepted(SignType),
}

impl Gateway {
    pub(crate) fn new(mch_id: &str, api_key: ApiKey) -> Self {
        Self {
            mch_id: mch_id.to_owned(),
            api_key,
        }
    }

    /// Answers a call; `media_id` is for the case that the picture is taken.
    pub(crate) fn answer(&self, call: &Call<'_>, media_id: &MediaId) -> Reply {
        Reply::new(self.judge(call), media_id, &self.api_key)
    }

    fn judge(&self, call: &Call<'_>) -> Verdict {
        match self.understand(call) {
            Err(refusal) => Verdict::NotUnderstood(refusal),
            Ok(upload) => match accept(&upload) {
                Err(refusal) => Verdict::Refused(refusal, upload.sign_type()),
                Ok(()) => Verdict::Accepted(upload.sign_type()),
            },
        }
    }

    /// The rules up to the signature, in their order.
    fn understand(&self, call: &Call<'_>) -> Result<Upload, Refusal> {
        rules::method(call.method)?;
        rules::path(call.path)?;
        let holder = rules::certificate(call.certificate)?;
        let form = Form::read(call.content_type, call.body)?;
        let fields = Fields::required(form)?;
        let upload = Upload::parse(fields)?;
        rules::merchant(&upload, &self.mch_id, holder)?;
        rules::signature(&upload, &self.api_key)?;
        Ok(upload)
    }
}

/// The rules for what is uploaded, in their order.
fn accept(upload: &Upload) -> Result<(), Refusal> {
    let picture = rules::picture(upload)?;
    rules::hash(upload, picture)
}

#[cfg(test)]
mod tests;
