//! Sends a form of `wxpay-multipart` with ureq, which takes bytes.

use std::{env, fs};

use anyhow::Context;
use ureq::{
    Agent,
    tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig},
};
use wxpay_multipart::Form;
use wxpay_sign::{ApiKey, ContentMd5, Params, SignType};

fn main() -> anyhow::Result<()> {
    let picture = env::args()
        .nth(1)
        .context("usage: multipart-ureq PICTURE.jpg")?;
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

    let content_type = form.content_type();
    let body = form.into_bytes().context("every part is in memory")?;
    let request = agent()?.post(url).header("content-type", content_type);
    let mut response = request.send(&body[..])?;
    println!("{}", response.body_mut().read_to_string()?);
    Ok(())
}

/// A client with the merchant's certificate.
fn agent() -> anyhow::Result<Agent> {
    let certificate = Certificate::from_pem(&fs::read(env::var("WXPAY_CERT")?)?)?;
    let key = PrivateKey::from_pem(&fs::read(env::var("WXPAY_KEY")?)?)?;
    let mut tls =
        TlsConfig::builder().client_cert(Some(ClientCert::new_with_certs(&[certificate], key)));
    if let Ok(ca) = env::var("WXPAY_CA") {
        let ca = Certificate::from_pem(&fs::read(ca)?)?;
        tls = tls.root_certs(RootCerts::new_with_certs(&[ca]));
    }
    let config = Agent::config_builder().tls_config(tls.build()).build();
    Ok(config.new_agent())
}
