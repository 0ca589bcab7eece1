//! Signs an upload in a code base that sends with reqwest, and checks the signature of the
//! response.

use std::{env, fs};

use anyhow::{Context, ensure};
use reqwest::{
    Certificate, Client, Identity,
    multipart::{Form, Part},
};
use wxpay_sign::{ApiKey, ContentMd5, Params, SignType};
use wxpay_xml::Fields;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let picture = env::args()
        .nth(1)
        .context("usage: sign-reqwest PICTURE.jpg")?;
    let key = ApiKey::new(&env::var("WXPAY_API_KEY")?)?;
    let mch_id = env::var("WXPAY_MCH_ID")?;
    let url = format!("{}/secapi/mch/uploadmedia", env::var("WXPAY_ENDPOINT")?);

    // The hash and the body come from the same bytes.
    let bytes = fs::read(&picture)?;
    let media_hash = ContentMd5::of(&bytes).to_string();
    let fields = [
        ("mch_id", mch_id.as_str()),
        ("media_hash", media_hash.as_str()),
        ("sign_type", "HMAC-SHA256"),
    ];
    let sign = Params::new(fields)?.sign(SignType::HmacSha256, &key);

    let mut form = Form::new().text("sign", sign.to_string());
    for (name, value) in fields {
        form = form.text(name, value.to_owned());
    }
    let media = Part::bytes(bytes)
        .file_name("picture.jpg")
        .mime_str("image/jpeg")?;
    let request = client()?.post(url).multipart(form.part("media", media));
    let response = request.send().await?.bytes().await?;

    // A success must be signed: the signature is over all fields of the response.
    let fields = Fields::parse(&response)?;
    let refused = fields.get("err_code").or(fields.get("return_msg"));
    ensure!(
        fields.get("result_code") == Some("SUCCESS"),
        "refused: {refused:?}"
    );
    Params::new(fields.iter())?.verify(&key)?;
    println!("{}", fields.get("media_id").context("no media id")?);
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
