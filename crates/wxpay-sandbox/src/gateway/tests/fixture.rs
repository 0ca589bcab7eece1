//! A form that is right, and a gateway to send it to.

use http::{HeaderMap, HeaderValue, Method, header::CONTENT_TYPE};
use wxpay_sign::{ApiKey, ContentMd5, Params, SignType};

use super::super::{Call, Gateway, MediaId, Verdict, refusal::Rule};
use crate::{
    client_certificate::ClientCertificate,
    diagnosis::Keys,
    gateway::{Body, End},
};

const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
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

    pub(super) fn judged(&self) -> Verdict {
        judge(self.bytes(), End::Whole)
    }
}

pub(super) fn key() -> ApiKey {
    ApiKey::new(KEY).unwrap()
}

pub(super) fn gateway() -> Gateway {
    let keys = Keys {
        right: key(),
        others: Vec::new(),
    };
    Gateway::new("1900000109", keys)
}

pub(super) fn media_id() -> MediaId {
    MediaId::random().unwrap()
}

pub(super) fn holder() -> ClientCertificate {
    ClientCertificate::Accepted(Some("1900000109".into()))
}

pub(super) fn judge(bytes: Vec<u8>, end: End) -> Verdict {
    let call = Call {
        method: &Method::POST,
        path: PATH,
        headers: &of_type(b"multipart/form-data; boundary=edge"),
        certificate: &holder(),
        body: &Body {
            bytes: bytes.into(),
            end,
        },
    };
    gateway().examine(&call).verdict
}

/// The headers of a request whose body has this media type; none where it cannot be in a header.
pub(super) fn of_type(content_type: &[u8]) -> HeaderMap {
    let value = HeaderValue::from_bytes(content_type).ok();
    value
        .map(|value| (CONTENT_TYPE, value))
        .into_iter()
        .collect()
}

/// The rule, and whether the reply is signed.
#[track_caller]
pub(super) fn refused(verdict: &Verdict) -> (Rule, bool) {
    match verdict {
        Verdict::NotUnderstood(refusal) => (refusal.rule, false),
        Verdict::Refused(refusal, _) => (refusal.rule, true),
        verdict => panic!("{verdict}"),
    }
}
