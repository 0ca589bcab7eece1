//! A web service that uploads the picture in the body of `POST /media`, and responds with its media
//! id.

use std::{env, fs, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    routing::post,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use wxpay_media::{ApiKey, Client, Endpoint, Identity, Image, MerchantId, Roots};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(client()?)).await?;
    Ok(())
}

/// The client of all requests, which share its connections and its rate.
fn client() -> anyhow::Result<Client> {
    let id = MerchantId::new(env::var("WXPAY_MCH_ID")?)?;
    let key = ApiKey::new(&env::var("WXPAY_API_KEY")?)?;
    let identity = Identity::from_pem(
        fs::read(env::var("WXPAY_CERT")?)?,
        fs::read(env::var("WXPAY_KEY")?)?,
    )?;
    let endpoint: Endpoint = env::var("WXPAY_ENDPOINT")?.parse()?;
    let mut builder = Client::builder(id, key)
        .identity(identity)
        .endpoints(endpoint);
    if let Ok(ca) = env::var("WXPAY_CA") {
        let roots = Roots::empty().with_pem(fs::read(ca)?)?;
        builder = builder.roots(roots);
    }
    Ok(builder.build()?)
}

fn app(client: Client) -> Router {
    Router::new()
        .route("/media", post(upload))
        .layer(DefaultBodyLimit::max(2 * 1024 * 1024))
        .with_state(Arc::new(client))
}

async fn upload(State(client): State<Arc<Client>>, body: Bytes) -> (StatusCode, Json<Value>) {
    // The extension is added by the picture's kind.
    let result = match Image::from_bytes("picture", body) {
        Ok(image) => client.upload(&image).await,
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(uploaded) => (
            StatusCode::OK,
            Json(json!({ "media_id": uploaded.media_id.as_str() })),
        ),
        Err(error) => {
            let status = if error.is_retryable() {
                StatusCode::SERVICE_UNAVAILABLE
            } else {
                StatusCode::UNPROCESSABLE_ENTITY
            };
            (
                status,
                Json(json!({ "error": error.to_string(), "advice": error.advice() })),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    use super::*;

    /// With the settings of a sandbox: `wxpay sandbox -- cargo test`.
    #[tokio::test]
    async fn a_picture_is_uploaded_and_anything_else_is_refused() {
        let app = app(client().unwrap());
        let picture = fs::read("../licence.jpg").unwrap();
        for (body, status) in [(picture, 200), (b"no picture".to_vec(), 422)] {
            let request = Request::post("/media").body(Body::from(body)).unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), status);
        }
    }
}
