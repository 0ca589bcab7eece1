//! A form that is right, and a gateway to send it to.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderValue, Method, header::CONTENT_TYPE};
use wxpay_sign::{ApiKey, ContentMd5, Params, SignType};

use crate::{
    request::{Body, Call, Client, End, client_certificate::ClientCertStatus},
    rules::{ApiError, CallResult, evaluate},
};

const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
pub(super) const EDGE: &[u8] = b"multipart/form-data; boundary=edge";
pub(super) const PATH: &str = "/secapi/mch/uploadmedia";
pub(super) const PICTURE: &[u8] = b"\xff\xd8\xff\xe0 as far as the gateway looks";

/// A form, to be spoilt.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) parts: Vec<(String, Option<String>, Vec<u8>)>,
}

impl Form {
    pub(super) fn signed(more: &[(&str, &str)]) -> Self {
        let hash = ContentMd5::of(PICTURE);
        let mut fields = vec![("mch_id", "1900000109"), ("media_hash", hash.as_str())];
        fields.extend(more);
        let named = fields.iter().find(|(name, _)| *name == "sign_type");
        let sign_type = SignType::from_field(named.map(|field| field.1));
        let sign = Params::new(fields.iter().copied())
            .unwrap()
            .sign(sign_type, &key());
        fields.push(("sign", sign.as_str()));
        let mut form = Self {
            parts: fields
                .iter()
                .map(|(name, value)| ((*name).into(), None, (*value).into()))
                .collect(),
        };
        form.parts
            .push(("media".into(), Some("shop.jpg".into()), PICTURE.into()));
        form
    }

    pub(super) fn part(&mut self, name: &str) -> &mut (String, Option<String>, Vec<u8>) {
        self.parts.iter_mut().find(|part| part.0 == name).unwrap()
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.part(name).2 = value.into();
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, file_name, value) in &self.parts {
            let file_name = file_name.as_deref();
            let file_name =
                file_name.map_or(String::new(), |name| format!("; filename=\"{name}\""));
            let head = format!(
                "--edge\r\nContent-Disposition: form-data; name=\"{name}\"{file_name}\r\n\r\n"
            );
            bytes.extend([head.as_bytes(), value, b"\r\n"].concat());
        }
        bytes.extend(b"--edge--\r\n");
        bytes
    }

    pub(super) fn evaluated(&self) -> CallResult {
        result(self.bytes(), End::Whole)
    }
}

pub(super) fn key() -> ApiKey {
    ApiKey::new(KEY).unwrap()
}

/// A call of the merchant with its certificate.
pub(super) fn call(content_type: &[u8], bytes: Vec<u8>, end: End) -> Call {
    let value = HeaderValue::from_bytes(content_type).ok();
    let headers = value.map(|value| (CONTENT_TYPE, value));
    Call {
        client: client(ClientCertStatus::Accepted(Some("1900000109".into()))),
        time: SystemTime::UNIX_EPOCH,
        method: Method::POST,
        uri: PATH.parse().unwrap(),
        headers: headers.into_iter().collect::<HeaderMap>(),
        body: Body {
            bytes: bytes.into(),
            end,
        },
        received_in: Duration::ZERO,
    }
}

pub(super) fn client(status: ClientCertStatus) -> Arc<Client> {
    Arc::new(Client {
        address: String::new(),
        tls_version: "TLSv1_3".to_owned(),
        certificate: None,
        status,
    })
}

pub(super) fn result(bytes: Vec<u8>, end: End) -> CallResult {
    result_of(&call(EDGE, bytes, end))
}

pub(super) fn result_of(call: &Call) -> CallResult {
    evaluate(call, "1900000109", &key()).result
}

/// The error, and whether the response is signed.
#[track_caller]
pub(super) fn refused(result: &CallResult) -> (ApiError, bool) {
    match result {
        CallResult::Refused { error, signed, .. } => (*error, signed.is_some()),
        result => panic!("{result}"),
    }
}
