//! One request, one reply, by hyper's client.

mod clients;

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Extensions, Request, Response, Uri, uri::Authority};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use tokio::task::yield_now;
use tower::{Service, ServiceExt};

use crate::{Error, Progress, body::RequestBody, connector::Verdict, progress::Reported};

pub(crate) use clients::Clients;

/// The innermost service: it sends a request and answers with the head of the reply.
///
/// Where the error says only that the connection was closed, and its TLS has said why, that is the
/// error: hyper drops the reason when it closes a connection that a request was waiting for.
pub(crate) struct Exchange<B> {
    clients: Clients<B>,
}

impl<B: RequestBody> Exchange<B> {
    pub(crate) fn new(clients: Clients<B>) -> Self {
        Self { clients }
    }

    /// Connects, shakes hands and hangs up: whether the server could be called, without a call.
    pub(crate) async fn probe(self, authority: Authority) -> Result<(), Error> {
        let uri = Uri::builder()
            .scheme("https")
            .authority(authority)
            .path_and_query("/");
        let uri = uri.build().expect("an authority and a path make a uri");
        let connector = self.clients.current().await?.connector;
        let stream = connector.oneshot(uri).await;
        stream.map(drop).map_err(Error::from_connector)
    }
}

impl<B: RequestBody> Service<Request<B>> for Exchange<B> {
    type Response = Response<Incoming>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Incoming>, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let clients = self.clients.clone();
        Box::pin(async move {
            let current = clients.current().await?;
            // Lets the runtime hear from the network first: a connection that the server has closed
            // in the meantime then leaves the pool instead of taking this request.
            yield_now().await;
            let progress = request.extensions().get::<Progress>().cloned();
            let connection = capture_connection(&mut request);
            let request = request.map(|body| Reported::new(body, progress));
            let reply = current.client.request(request).await;
            reply.map_err(|error| {
                let error = Error::from_client(error).because(verdict(&connection));
                if current.identity.is_some() {
                    error.with_identity()
                } else {
                    error
                }
            })
        })
    }
}

impl<B> Clone for Exchange<B> {
    fn clone(&self) -> Self {
        Self {
            clients: self.clients.clone(),
        }
    }
}

fn verdict(connection: &CaptureConnection) -> Option<Verdict> {
    let mut extensions = Extensions::new();
    connection
        .connection_metadata()
        .as_ref()?
        .get_extras(&mut extensions);
    extensions.remove()
}
