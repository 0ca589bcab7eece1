//! Sends a form of `wxpay-multipart` with reqwest: its length is exact, and the picture is not
//! copied.

use std::{env, fs};

use anyhow::Context;
use http::header::CONTENT_TYPE;
use reqwest::{Body, Certificate, Client, Identity};
use wxpay_multipart::Form;
use wxpay_sign::{ApiKey, ContentMd5, Params, SignType};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let picture = env::args()
        .nth(1)
        .context("usage: multipart-reqwest PICTURE.jpg")?;
    let key = ApiKey::new(&env::var("WXPAY_API_KEY")?)?;
    let mch_id = env::var("WXPAY_MCH_ID")?;
    let url = format!("{}/secapi/mch/uploadmedia", env::var("WXPAY_ENDPOINT")?);

    let bytes = fs::read(&picture)?;
    let media_hash = ContentMd5::of(&bytes).to_string();
    // Without `sign_type` the gateway reads MD5.
    let params = Params::new([("mch_id", &mch_id), ("media_hash", &media_hash)])?;
    let sign = params.sign(SignType::Md5, &key).to_string();
    let form = Form::new()
        .text("mch_id", mch_id.clone())?
        .text("media_hash", media_hash.clone())?
        .text("sign", sign)?
        .file("media", "picture.jpg", "image/jpeg", bytes)?;

    // `Body::wrap` keeps the length; `Body::wrap_stream` would send chunks, which the gateway
    // refuses.
    let request = client()?
        .post(url)
        .header(CONTENT_TYPE, form.content_type());
    let response = request.body(Body::wrap(form.into_body())).send().await?;
    println!("{}", response.text().await?);
    Ok(())
}

/// A client with the merchant's certificate.
fn client() -> anyhow::Result<Client> {
    // Needed with reqwest's feature `rustls-no-provider`, and not with its feature `rustls`.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut pem = fs::read(env::var("WXPAY_CERT")?)?;
    pem.extend(fs::read(env::var("WXPAY_KEY")?)?);
    let mut builder = Client::builder().identity(Identity::from_pem(&pem)?);
    if let Ok(ca) = env::var("WXPAY_CA") {
        builder = builder.tls_certs_only([Certificate::from_pem(&fs::read(ca)?)?]);
    }
    Ok(builder.build()?)
}
