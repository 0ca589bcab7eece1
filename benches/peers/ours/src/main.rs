//! Uploads pictures through `wxpay-media`, reading them each time.

use std::{env, fs, path::Path};

use anyhow::{Context, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use wxpay_media::{ApiKey, Client, Endpoint, Identity, MediaId, MemoryBudget, MerchantId, Roots};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [origin, credentials, pictures, count, concurrency] = &arguments[..] else {
        bail!("usage: ORIGIN CREDENTIALS PICTURES COUNT CONCURRENCY");
    };
    let credentials = Path::new(credentials);
    let read = |name| fs::read(credentials.join(name)).with_context(|| format!("no {name}"));
    let client = Client::builder(
        MerchantId::new("1900000109")?,
        ApiKey::new("192006250b4c09247ec02edce69f6a2d")?,
    )
    .endpoints(origin.parse::<Endpoint>()?)
    .identity(Identity::from_pem(
        read("client.pem")?,
        read("client.key")?,
    )?)
    .roots(Roots::empty().with_pem(read("ca.pem")?)?)
    .build()?;

    let budget = MemoryBudget::default();
    let pictures: Vec<&str> = pictures.split(',').collect();
    stream::iter(pictures.iter().cycle().take(count.parse()?))
        .map(|picture| upload(&client, &budget, picture))
        .buffer_unordered(concurrency.parse()?)
        .try_for_each(async |_| Ok(()))
        .await
}

async fn upload(client: &Client, budget: &MemoryBudget, picture: &str) -> anyhow::Result<MediaId> {
    let image = budget.read(picture).await?;
    Ok(client.upload(&image).await?.media_id)
}
