//! The gateway without a socket, for `fuzz/` and for unit tests.
//!
//! It is not a part of the API, and no feature turns it on.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::Request;
use wxpay_sign::ApiKey;

use crate::{
    fault::Effect,
    findings,
    record::{Handled, RecordedRequest},
    request::{Body, Call, Client, End},
    response::respond,
    rules::{Merchant, evaluate},
    tls::SentCertificate,
};

/// The record of a request to the gateway of a merchant, with its response. `holder` is the common
/// name of the client's certificate; without one, none was sent.
#[must_use]
pub fn answer(
    (mch_id, key): (&str, ApiKey),
    request: Request<Bytes>,
    holder: Option<&str>,
    effect: Option<Effect>,
) -> RecordedRequest {
    let merchant = Merchant::new(mch_id, key, Vec::new());
    let call = call(request, End::Whole, holder);
    let evaluation = evaluate(&call, &merchant);
    let response = respond(&evaluation, effect, &merchant.key);
    let findings = findings::find(&call, &evaluation.form, &merchant);
    let handled = Handled {
        call,
        evaluation: Some(evaluation),
        faults: Vec::new(),
        response: Some(response),
    };
    RecordedRequest::new(1, &handled, findings, &merchant.redactor)
}

pub(crate) fn call(request: Request<Bytes>, end: End, holder: Option<&str>) -> Call {
    let (head, bytes) = request.into_parts();
    let mut body = Body::default();
    (body.bytes, body.end) = (bytes, end);
    Call {
        client: client(holder),
        time: SystemTime::UNIX_EPOCH,
        head,
        body,
        received_in: Duration::ZERO,
    }
}

pub(crate) fn client(holder: Option<&str>) -> Arc<Client> {
    let sent = |holder: &str| SentCertificate {
        subject: format!("CN={holder}"),
        serial_number: String::new(),
        refused: None,
        holder: Some(holder.to_owned()),
    };
    Arc::new(Client {
        address: String::new(),
        tls_version: "TLSv1_3".to_owned(),
        certificate: holder.map(sent),
    })
}

/// An upload that the gateway accepts, for unit tests to change.
#[cfg(test)]
pub(crate) mod fixture {
    use http::header::CONTENT_TYPE;
    use wxpay_sign::{ContentMd5, Params, SignType};

    use super::*;

    pub(crate) const MCH_ID: &str = "1900000109";
    pub(crate) const PATH: &str = "/secapi/mch/uploadmedia";
    const PICTURE: &[u8] = b"\xff\xd8\xff\xe0 as far as the gateway looks";

    pub(crate) fn merchant() -> Merchant {
        let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap();
        Merchant::new(MCH_ID, key, Vec::new())
    }

    /// Names and contents: four fields, then `sign` and `media`.
    pub(crate) fn parts() -> Vec<(String, Vec<u8>)> {
        let hash = ContentMd5::of(PICTURE);
        let fields = [
            ("mch_id", MCH_ID),
            ("media_hash", hash.as_str()),
            ("sign_type", "HMAC-SHA256"),
            ("further", "1"),
        ];
        let params = Params::new(fields).unwrap();
        let sign = params.sign(SignType::HmacSha256, &merchant().key);
        let fields = fields.into_iter().chain([("sign", sign.as_str())]);
        let fields = fields.map(|(name, value)| (name.to_owned(), value.into()));
        let media = "media\"; filename=\"shop.jpg".to_owned();
        fields.chain([(media, PICTURE.into())]).collect()
    }

    pub(crate) fn form(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut form = Vec::new();
        for (name, value) in parts {
            let disposition = format!("Content-Disposition: form-data; name=\"{name}\"");
            form.extend(format!("--edge\r\n{disposition}\r\n\r\n").as_bytes());
            form.extend([value, &b"\r\n"[..]].concat());
        }
        [&form[..], b"--edge--\r\n"].concat()
    }

    pub(crate) fn request(body: Vec<u8>) -> Request<Bytes> {
        let request =
            Request::post(PATH).header(CONTENT_TYPE, "multipart/form-data; boundary=edge");
        request.body(body.into()).unwrap()
    }
}
