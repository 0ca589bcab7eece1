//! A form that the gateway accepts, for unit tests to change.

use bytes::Bytes;
use http::{Request, header::CONTENT_TYPE};
use wxpay_sign::{ApiKey, ContentMd5, Params, SignType};

pub(crate) const MCH_ID: &str = "1900000109";
pub(crate) const PATH: &str = "/secapi/mch/uploadmedia";
pub(crate) const PICTURE: &[u8] = b"\xff\xd8\xff\xe0 as far as the gateway looks";

/// Names, file names and contents.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) parts: Vec<(String, Option<String>, Vec<u8>)>,
}

impl Form {
    pub(crate) fn signed(more: &[(&str, &str)]) -> Self {
        let hash = ContentMd5::of(PICTURE);
        let mut fields = vec![("mch_id", MCH_ID), ("media_hash", hash.as_str())];
        fields.extend(more);
        let named = fields.iter().find(|(name, _)| *name == "sign_type");
        let sign_type = SignType::from_field(named.map(|field| field.1));
        let sign = Params::new(fields.iter().copied())
            .unwrap()
            .sign(sign_type, &key());
        let sign = [("sign", sign.as_str())];
        let part = |(name, value): (&str, &str)| (name.into(), None, value.into());
        let mut parts: Vec<_> = fields.into_iter().chain(sign).map(part).collect();
        parts.push(("media".into(), Some("shop.jpg".into()), PICTURE.into()));
        Self { parts }
    }

    pub(crate) fn part(&mut self, name: &str) -> &mut (String, Option<String>, Vec<u8>) {
        self.parts.iter_mut().find(|part| part.0 == name).unwrap()
    }

    pub(crate) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.part(name).2 = value.as_ref().into();
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, file_name, value) in &self.parts {
            let file_name = file_name.as_ref();
            let file_name = file_name.map_or(String::new(), |it| format!("; filename=\"{it}\""));
            let disposition = format!("form-data; name=\"{name}\"{file_name}");
            let head = format!("--edge\r\nContent-Disposition: {disposition}\r\n\r\n");
            bytes.extend([head.as_bytes(), value, b"\r\n"].concat());
        }
        bytes.extend(b"--edge--\r\n");
        bytes
    }
}

pub(crate) fn key() -> ApiKey {
    ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap()
}

/// An upload with this body.
pub(crate) fn request(body: Vec<u8>) -> Request<Bytes> {
    let request = Request::post(PATH).header(CONTENT_TYPE, "multipart/form-data; boundary=edge");
    request.body(body.into()).unwrap()
}
