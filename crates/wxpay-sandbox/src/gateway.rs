//! The gateway itself: from what came to what is answered, without any I/O.

mod body;
mod checks;
mod demand;
mod distortion;
mod examination;
mod form;
mod media_id;
mod picture;
mod refusal;
mod reply;
mod rules;
mod upload;

use http::{HeaderMap, Method, header::CONTENT_TYPE};
use wxpay_sign::SignType;

use crate::{
    client_certificate::ClientCertificate,
    diagnosis::{self, Keys},
    fault::Effect,
};
use checks::Checks;
use form::Form;
use refusal::Refusal;
use upload::{Fields, Upload};

pub(crate) use body::{Body, End};
pub use checks::{Check, Outcome};
pub(crate) use examination::Examination;
pub(crate) use form::Part;
pub(crate) use media_id::MediaId;
pub(crate) use picture::{LIMIT, is_picture};
pub(crate) use reply::Reply;

/// The gateway for one merchant.
#[derive(Debug)]
pub(crate) struct Gateway {
    mch_id: String,
    keys: Keys,
}

/// Everything of a call that the rules look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a HeaderMap,
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
    /// `return_code` is FAIL, and a message is all that is said.
    WithoutCode(&'static str),
}

impl Gateway {
    pub(crate) fn new(mch_id: &str, keys: Keys) -> Self {
        Self {
            mch_id: mch_id.to_owned(),
            keys,
        }
    }

    /// Holds a call against the rules.
    pub(crate) fn examine(&self, call: &Call<'_>) -> Examination {
        let mut checks = Checks::default();
        // Read before its turn, so that what is wrong with it is told also where it is not reached.
        let form = Form::read(call.headers.get(CONTENT_TYPE), call.body);
        let parts = form
            .as_ref()
            .map_or_else(|_| Vec::new(), |form| form.parts.clone());
        let findings = diagnosis::diagnose(call, &parts, &self.mch_id, &self.keys);
        let verdict = match self.understand(call, form, &mut checks) {
            Err(refusal) => Verdict::NotUnderstood(refusal),
            Ok(upload) => match accept(&upload, &mut checks) {
                Err(refusal) => Verdict::Refused(refusal, upload.sign_type()),
                Ok(()) => Verdict::Accepted(upload.sign_type()),
            },
        };
        Examination {
            verdict,
            checks: checks.all(),
            parts,
            findings,
        }
    }

    /// Answers a call that was examined, or spoils the answer by a fault; `media_id` is for the case
    /// that the picture is taken.
    pub(crate) fn answer(
        &self,
        examination: &Examination,
        effect: Option<Effect>,
        media_id: &MediaId,
    ) -> Reply {
        let demanded = effect.and_then(|effect| demand::verdict(effect, examination.sign_type()));
        let verdict = demanded.unwrap_or_else(|| examination.verdict.clone());
        Reply::new(verdict, effect, media_id, &self.keys.right)
    }

    /// The rules up to the signature, in their order.
    fn understand(
        &self,
        call: &Call<'_>,
        form: Result<Form, Refusal>,
        checks: &mut Checks,
    ) -> Result<Upload, Refusal> {
        checks.note(rules::method(call.method))?;
        checks.note(rules::path(call.path))?;
        let holder = checks.note(rules::certificate(call.certificate))?;
        let form = checks.note(form.and_then(Form::check))?;
        let fields = checks.note(Fields::required(form))?;
        let upload = checks.note(Upload::parse(fields))?;
        checks.note(rules::merchant(&upload, &self.mch_id, holder))?;
        checks.note(rules::signature(&upload, &self.keys.right))?;
        Ok(upload)
    }
}

/// The rules for what is uploaded, in their order.
fn accept(upload: &Upload, checks: &mut Checks) -> Result<(), Refusal> {
    let picture = checks.note(rules::picture(upload))?;
    checks.note(rules::hash(upload, picture))
}

#[cfg(test)]
mod tests;
