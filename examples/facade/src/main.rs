use std::{env, fs};

use wxpay_media::{ApiKey, Client, Identity, Image, MerchantId};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = ApiKey::new(&env::var("WXPAY_API_KEY")?)?;
    let cert = fs::read("apiclient_cert.pem")?;
    let identity = Identity::from_pem(cert, fs::read("apiclient_key.pem")?)?;
    let client = Client::builder(MerchantId::new("1900000109")?, key)
        .identity(identity)
        .build()?;
    let picture = Image::from_path("licence.jpg").await?;
    println!("{}", client.upload(&picture).await?.media_id);
    Ok(())
}
