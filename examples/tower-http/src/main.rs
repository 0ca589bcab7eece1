//! Puts layers of tower-http around the transport: it is a tower service like any other.

use std::{env, fs};

use http::{HeaderValue, Request, header::USER_AGENT};
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_http::{set_header::SetRequestHeaderLayer, trace::TraceLayer};
use wxpay_transport::{Identity, Roots, Transport};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .init();
    let identity = Identity::from_pem(
        fs::read(env::var("WXPAY_CERT")?)?,
        fs::read(env::var("WXPAY_KEY")?)?,
    )?;
    let mut builder = Transport::builder().identity(identity);
    if let Ok(ca) = env::var("WXPAY_CA") {
        builder = builder.roots(Roots::empty().with_pem(fs::read(ca)?)?);
    }

    let agent = HeaderValue::from_static("example/1.0");
    let mut service = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(SetRequestHeaderLayer::overriding(USER_AGENT, agent))
        .service(builder.build()?);

    let url = format!("{}/secapi/mch/uploadmedia", env::var("WXPAY_ENDPOINT")?);
    let request = Request::post(url).body("no form at all".to_owned())?;
    let response = service.ready().await?.call(request).await?;
    println!("{}", response.status());
    Ok(())
}
