//! Uploads pictures from a program that is not asynchronous.

use std::{env, fs};

use wxpay_media::{ApiKey, Client, Endpoint, Identity, Image, MerchantId, Roots, blocking};

fn main() -> anyhow::Result<()> {
    let id = MerchantId::new(env::var("WXPAY_MCH_ID")?)?;
    let key = ApiKey::new(&env::var("WXPAY_API_KEY")?)?;
    let cert = fs::read(env::var("WXPAY_CERT")?)?;
    let identity = Identity::from_pem(cert, fs::read(env::var("WXPAY_KEY")?)?)?;
    let endpoint: Endpoint = env::var("WXPAY_ENDPOINT")?.parse()?;
    let mut builder = Client::builder(id, key)
        .identity(identity)
        .endpoint(endpoint);
    if let Ok(ca) = env::var("WXPAY_CA") {
        builder = builder.roots(Roots::empty().with_pem(fs::read(ca)?)?);
    }
    let client = blocking::Client::new(builder.build()?)?;
    for picture in env::args_os().skip(1) {
        println!("{}", client.upload(&Image::read(picture)?)?.media_id);
    }
    Ok(())
}
