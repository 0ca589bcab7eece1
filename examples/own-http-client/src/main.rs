//! Uploads with another HTTP client: `wxpay-media` only builds the request and reads the response.

use std::{env, fs, io::Read};

use anyhow::Context;
use http::{Request, Response};
use ureq::{
    Agent,
    tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig},
};
use wxpay_media::{ApiKey, Endpoint, Image, Merchant, MerchantId, request, response};

fn main() -> anyhow::Result<()> {
    let picture = env::args()
        .nth(1)
        .context("usage: own-http-client PICTURE")?;
    let id = MerchantId::new(env::var("WXPAY_MCH_ID")?)?;
    let merchant = Merchant::new(id, ApiKey::new(&env::var("WXPAY_API_KEY")?)?);
    let endpoint: Endpoint = env::var("WXPAY_ENDPOINT")?.parse()?;
    let image = Image::from_bytes(&picture, fs::read(&picture)?)?;

    let (head, mut body) = request::upload(&merchant, &endpoint, &image).into_parts();
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes)?;

    // The program itself bounds the response and the time, and decides about retries.
    let (head, mut body) = agent()?.run(Request::from_parts(head, bytes))?.into_parts();
    let bytes = body.with_config().limit(65_536).read_to_vec()?;
    let whole = Response::from_parts(head, bytes.as_slice());
    println!("{}", response::media_id(&merchant, &whole)?);
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
    // A response with an error status is read, too: it may say that the certificate was refused.
    let config = Agent::config_builder().http_status_as_error(false);
    Ok(config.tls_config(tls.build()).build().new_agent())
}
