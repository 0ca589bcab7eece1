//! Somebody who uploads a picture, and tests that against the sandbox.

use wxpay_media::{Client, Identity, Image, MerchantId, Roots};
use wxpay_sandbox::Sandbox;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::builder().start().await?;
    let given = sandbox.credentials();
    let merchant = MerchantId::new(given.mch_id())?;
    let client = Client::builder(merchant, given.api_key().clone())
        .identity(Identity::from_pem(given.cert_pem(), given.key_pem())?)
        .roots(Roots::only_pem(given.ca_pem())?)
        .endpoint(sandbox.origin().parse()?)
        .build()?;
    let id = client.upload(Image::from_bytes("licence.png", PNG)?).await?;
    println!("wxpay-media: {}", id.as_str());
    Ok(())
}
