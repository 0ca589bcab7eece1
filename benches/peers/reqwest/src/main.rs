//! Uploads pictures with reqwest, as an experienced user would: with one client, each picture read
//! and hashed once for each upload, and the signature of the response checked.

use std::{collections::BTreeMap, env, fs, path::Path};

use anyhow::{Context, bail, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use reqwest::{
    Certificate, Client, Identity,
    multipart::{Form, Part},
};
use sha2::Sha256;

const MCH_ID: &str = "1900000109";
const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [origin, credentials, pictures, count, concurrency] = &arguments[..] else {
        bail!("usage: ORIGIN CREDENTIALS PICTURES COUNT CONCURRENCY");
    };
    let credentials = Path::new(credentials);
    let read = |name| fs::read(credentials.join(name)).with_context(|| format!("no {name}"));
    let mut identity = read("client.pem")?;
    identity.extend(read("client.key")?);
    let client = Client::builder()
        .identity(Identity::from_pem(&identity)?)
        .tls_certs_only([Certificate::from_pem(&read("ca.pem")?)?])
        .build()?;

    let url = format!("{origin}/secapi/mch/uploadmedia");
    let pictures: Vec<&str> = pictures.split(',').collect();
    stream::iter(pictures.iter().cycle().take(count.parse()?))
        .map(|picture| upload(&client, &url, picture))
        .buffer_unordered(concurrency.parse()?)
        .try_for_each(async |_| Ok(()))
        .await
}

async fn upload(client: &Client, url: &str, picture: &str) -> anyhow::Result<String> {
    let bytes = tokio::fs::read(picture).await?;
    let hash = digits(&Md5::digest(&bytes)).to_lowercase();
    let sign = sign_hmac(&BTreeMap::from([
        ("mch_id", MCH_ID),
        ("media_hash", &hash),
        ("sign_type", "HMAC-SHA256"),
    ]));
    let picture = Part::bytes(bytes)
        .file_name("picture.png")
        .mime_str("image/png")?;
    let form = Form::new()
        .text("mch_id", MCH_ID)
        .text("media_hash", hash)
        .text("sign_type", "HMAC-SHA256")
        .text("sign", sign)
        .part("media", picture);
    let reply = client.post(url).multipart(form).send().await?;
    media_id(&reply.error_for_status()?.text().await?)
}

fn media_id(reply: &str) -> anyhow::Result<String> {
    let mut fields: BTreeMap<String, String> = quick_xml::de::from_str(reply)?;
    let sign = fields.remove("sign").context("the reply is not signed")?;
    let params = fields
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    ensure!(sign == sign_md5(&params), "the signature does not match");
    fields.remove("media_id").context("no media id")
}

fn sign_hmac(params: &BTreeMap<&str, &str>) -> String {
    let mut hmac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("any length");
    hmac.update(canonical(params).as_bytes());
    digits(&hmac.finalize().into_bytes())
}

fn sign_md5(params: &BTreeMap<&str, &str>) -> String {
    digits(&Md5::digest(canonical(params)))
}

fn canonical(params: &BTreeMap<&str, &str>) -> String {
    let pairs = params
        .iter()
        .map(|(name, value)| format!("{name}={value}&"));
    pairs.collect::<String>() + "key=" + KEY
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
