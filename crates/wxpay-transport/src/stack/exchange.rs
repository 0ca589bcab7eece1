//! One request, one reply, by hyper's client.

use http::{Extensions, Request, Response};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};

use crate::{
    Error,
    body::RequestBody,
    connector::{HttpsClient, Verdict},
};

/// Sends the request and waits for the head of the reply.
///
/// Where the error says only that the connection was closed, and its TLS has said why, that is the
/// error: hyper drops the reason when it closes a connection that a request was waiting for.
pub(super) async fn exchange<B: RequestBody>(
    client: HttpsClient<B>,
    mut request: Request<B>,
) -> Result<Response<Incoming>, Error> {
    let connection = capture_connection(&mut request);
    let reply = client.request(request).await;
    reply.map_err(|error| Error::from_client(error).because(verdict(&connection)))
}

fn verdict(connection: &CaptureConnection) -> Option<Verdict> {
    let mut extensions = Extensions::new();
    connection
        .connection_metadata()
        .as_ref()?
        .get_extras(&mut extensions);
    extensions.remove()
}
