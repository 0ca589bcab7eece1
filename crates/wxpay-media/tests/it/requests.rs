//! The request half, read back by an independent parser.

use bytes::Bytes;
use http::Request;
use http_body_util::BodyStream;
use wxpay_media::{Endpoint, FormBody, Image, SignType, Signing, request};
use wxpay_sign::{ApiKey, ContentMd5, Params};

use crate::pictures::{KEY, MCH_ID, bmp, image, jpeg, merchant, png};

struct Part {
    name: String,
    file_name: Option<String>,
    content_type: Option<String>,
    bytes: Bytes,
}

async fn parts(request: Request<FormBody>) -> Vec<Part> {
    let content_type = request.headers()["content-type"].to_str().unwrap();
    let boundary = multer::parse_boundary(content_type).unwrap();
    let frames = BodyStream::new(request.into_body());
    let bytes = futures_util::StreamExt::filter_map(frames, async |frame| {
        frame.map(|frame| frame.into_data().ok()).transpose()
    });
    let mut form = multer::Multipart::new(bytes, boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.unwrap() {
        parts.push(Part {
            name: field.name().unwrap().to_owned(),
            file_name: field.file_name().map(str::to_owned),
            content_type: field.content_type().map(ToString::to_string),
            bytes: field.bytes().await.unwrap(),
        });
    }
    parts
}

async fn sent(signing: Signing, image: &Image) -> Vec<Part> {
    let merchant = merchant().signing(signing);
    parts(request::upload(&merchant, &Endpoint::default(), image)).await
}

#[tokio::test]
async fn the_picture_is_sent_with_the_type_of_its_bytes_and_its_name() {
    for (bytes, media_type, name) in [
        (jpeg(), "image/jpeg", "图 1.jpg"),
        (png(), "image/png", "图 1.png"),
        (bmp(), "image/bmp", "图 1.bmp"),
    ] {
        let image = Image::from_bytes("图 1.gif", bytes.clone()).unwrap();
        let parts = sent(Signing::HmacSha256, &image).await;
        let media = parts.last().unwrap();
        assert_eq!(media.name, "media");
        assert_eq!(media.file_name.as_deref(), Some(name));
        assert_eq!(media.content_type.as_deref(), Some(media_type));
        assert_eq!(media.bytes, bytes);
    }
}

/// `wxpay-sign` has the vectors of the API's documentation.
#[tokio::test]
async fn each_way_of_signing_covers_the_sent_fields() {
    let image = image();
    let hash = ContentMd5::of(&png());
    for (signing, sign_type, sent_type) in [
        (
            Signing::HmacSha256,
            SignType::HmacSha256,
            &["HMAC-SHA256"][..],
        ),
        (Signing::Md5, SignType::Md5, &["MD5"]),
        (Signing::Md5Unnamed, SignType::Md5, &[]),
    ] {
        let parts = sent(signing, &image).await;
        let texts = parts.iter().filter(|part| part.file_name.is_none());
        let fields = texts.map(|part| (part.name.as_str(), str::from_utf8(&part.bytes).unwrap()));
        let fields: Vec<_> = fields.collect();
        let mut expected = vec![("mch_id", MCH_ID), ("media_hash", hash.as_str())];
        expected.extend(sent_type.iter().map(|value| ("sign_type", *value)));
        let (sign, signed) = fields.split_last().unwrap();
        assert_eq!((signed, sign.0), (&expected[..], "sign"));
        let params = Params::new(fields.iter().copied()).unwrap();
        let key = ApiKey::new(KEY).unwrap();
        params.verify_strict(sign_type, &key).unwrap();
        let made = request::fields(&merchant().signing(signing), image.hash());
        assert!(
            made.iter()
                .map(|(name, value)| (*name, value.as_str()))
                .eq(fields)
        );
    }
}

#[test]
fn the_body_has_an_exact_length_and_the_request_no_length() {
    let request = request::upload(&merchant(), &Endpoint::default(), &image());
    assert_eq!(request.method(), "POST");
    assert!(!request.headers().contains_key("content-length"));
    let length = http_body::Body::size_hint(request.body()).exact().unwrap();
    let read = std::io::copy(&mut request.into_body(), &mut std::io::sink());
    assert_eq!(read.unwrap(), length);
}
