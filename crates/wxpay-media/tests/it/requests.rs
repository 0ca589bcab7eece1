//! The request half, read back by an independent parser.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, BodyStream};
use proptest::prelude::*;
use wxpay_media::{ContentHash, Endpoint, FormBody, Image, SignType, Signing, request};
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
async fn the_picture_goes_with_its_true_type_and_its_name() {
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

#[tokio::test]
async fn each_way_of_signing_holds() {
    let named = Some("HMAC-SHA256");
    for (signing, sign_type, named) in [
        (Signing::HmacSha256, SignType::HmacSha256, named),
        (Signing::Md5, SignType::Md5, Some("MD5")),
        (Signing::Md5Unnamed, SignType::Md5, None),
    ] {
        let parts = sent(signing, &image()).await;
        let texts = parts.iter().filter(|part| part.file_name.is_none());
        let fields = texts.map(|part| (part.name.as_str(), str::from_utf8(&part.bytes).unwrap()));
        let fields: Vec<_> = fields.collect();
        let get = |name| {
            fields
                .iter()
                .find(|field| field.0 == name)
                .map(|field| field.1)
        };
        assert_eq!(get("mch_id"), Some(MCH_ID));
        assert_eq!(get("media_hash"), Some(ContentMd5::of(&png()).as_str()));
        assert_eq!(get("sign_type"), named);
        let params = Params::new(fields.iter().copied()).unwrap();
        let key = ApiKey::new(KEY).unwrap();
        params.verify_strict(sign_type, &key).unwrap();
    }
}

/// The vectors of the API's documentation are `wxpay-sign`'s to check; this one is of the whole.
#[test]
fn the_fields_of_a_request_are_in_the_order_in_which_they_are_sent() {
    let hash: ContentHash = *image().hash();
    let expected = [
        ("mch_id", MCH_ID),
        ("media_hash", hash.as_str()),
        ("sign_type", "HMAC-SHA256"),
    ];
    let params = Params::new(expected).unwrap();
    let sign = params.sign(SignType::HmacSha256, &ApiKey::new(KEY).unwrap());
    let fields = request::fields(&merchant(), &hash);
    let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
    assert!(fields.eq(expected.into_iter().chain([("sign", sign.as_str())])));
}

#[tokio::test]
async fn the_length_is_exact_and_a_clone_sends_the_same() {
    let request = request::upload(&merchant(), &Endpoint::default(), &image());
    let first = request.body().clone().collect().await.unwrap().to_bytes();
    let length = http_body::Body::size_hint(request.body()).exact();
    assert_eq!(length, Some(first.len() as u64));
    assert_eq!(request.method(), "POST");
    assert!(!request.headers().contains_key("content-length"));
    let second = request.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(first, second);
}

proptest! {
    #[test]
    fn any_picture_arrives_byte_for_byte(rest in prop::collection::vec(any::<u8>(), 0..5000)) {
        let bytes = [jpeg(), rest].concat();
        let image = Image::from_bytes("a.jpg", bytes.clone()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let parts = runtime.block_on(sent(Signing::Md5, &image));
        prop_assert_eq!(&parts.last().unwrap().bytes, &bytes);
    }
}
