//! Looking, one step after the other.

use std::sync::Arc;

use http::{Uri, uri::Authority};
use tokio::time::{Instant, timeout_at};
use tower::timeout::error::Elapsed;

use super::{Handshake, Inspection, ServerCertificate, recorder::Recorder};
use crate::{
    BuildError, Builder, Error, ErrorKind, Trip,
    connector::{Route, Wire, end_of, handshake},
    resolve::is_host_and_port,
    tls::{Tls, provider},
};

impl Builder {
    /// Takes the steps of a connection to `server` one by one, as a call with these settings would,
    /// and tells what each came to; then hangs up. No request is sent.
    ///
    /// A call says only why there is no connection; this says also how far it got, and what
    /// certificates the server has shown, to people who ask what is wrong. All steps together have
    /// the [deadline for connecting](Self::connect_deadline).
    ///
    /// It cannot tell whether the server accepts the client certificate: under TLS 1.3 the server
    /// decides on it after the handshake. Make a call to see.
    ///
    /// Only there with a crypto provider: feature `ring` (on by default) or `aws-lc-rs`.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when the transport itself could not be built. What is wrong on the way to the
    /// server is part of the inspection.
    ///
    /// # Panics
    ///
    /// The future panics when it is polled outside a Tokio runtime with time and I/O enabled.
    ///
    /// ```no_run
    /// use wxpay_transport::Transport;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let inspection = Transport::builder().inspect("localhost:8443".parse()?).await?;
    /// for certificate in inspection.certificates() {
    ///     println!("{} by {}", certificate.subject(), certificate.issuer());
    /// }
    /// match inspection.error() {
    ///     None => println!("a call would get through"),
    ///     Some(error) => println!("{error}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn inspect(&self, server: Authority) -> Result<Inspection, BuildError> {
        let provider = provider().ok_or("no crypto provider");
        let tls = Tls::new(provider.map_err(BuildError::new)?, &self.roots)?;
        let route = Route::new(&self.connection, self.connect_deadline);
        let uri = Uri::builder()
            .scheme("https")
            .authority(server.clone())
            .path_and_query("/")
            .build()
            .expect("an authority and a path make a uri");
        let look = Look {
            settings: self,
            end: end_of(self.connect_deadline),
            route,
            uri,
            server: server.clone(),
        };
        let mut inspection = Inspection::new(server);
        if is_host_and_port(&look.server) {
            look.take_steps(&tls, &mut inspection).await;
        } else {
            inspection.addresses = Some(Err(ErrorKind::Request.into()));
        }
        Ok(inspection)
    }
}

/// One inspection under way.
struct Look<'a> {
    settings: &'a Builder,
    end: Instant,
    route: Route,
    uri: Uri,
    server: Authority,
}

impl Look<'_> {
    async fn take_steps(&self, tls: &Tls, inspection: &mut Inspection) {
        match self.route.proxy_to(&self.uri) {
            Some(proxy) => inspection.proxy = Some(proxy.clone()),
            None => {
                let resolved = match timeout_at(self.end, self.route.resolve(&self.uri)).await {
                    Ok(resolved) => resolved,
                    Err(_) => Err(Elapsed::new().into()),
                };
                let resolved = resolved.map_err(|error| self.error(Error::from_connector(error)));
                if inspection.addresses.insert(resolved).is_err() {
                    return;
                }
            }
        }
        let connected = match timeout_at(self.end, self.route.connect(&self.uri)).await {
            Ok(connected) => connected,
            Err(_) => Err(self.route.overdue(&self.uri)),
        };
        let connected = connected.and_then(|wire| Ok((wire.peer()?, wire)));
        match connected.map_err(|error| self.error(Error::from_connector(error))) {
            Ok((peer, wire)) => {
                inspection.peer = Some(Ok(peer));
                self.shake_hands(tls, wire, inspection).await;
            }
            Err(error) => inspection.peer = Some(Err(error)),
        }
    }

    async fn shake_hands(&self, tls: &Tls, wire: Wire, inspection: &mut Inspection) {
        let recorder = match self.recorder(tls).await {
            Ok(recorder) => recorder,
            Err(error) => {
                inspection.handshake = Some(Err(error));
                return;
            }
        };
        let recorder = Arc::new(recorder);
        let config = Arc::new(tls.recorded_config(Arc::clone(&recorder)));
        let secured = match timeout_at(self.end, handshake(config, &self.uri, wire)).await {
            Ok(secured) => secured,
            Err(_) => Err(Elapsed::new().into()),
        };
        inspection.handshake = Some(match secured {
            Ok(stream) => Ok(Handshake::of(stream.get_ref().1, recorder.is_asked())),
            Err(error) => Err(self.error(Error::from_connector(error))),
        });
        let chain = recorder.chain();
        inspection.certificates = chain.iter().map(ServerCertificate::of).collect();
    }

    async fn recorder(&self, tls: &Tls) -> Result<Recorder, Error> {
        let verifier = tls.verifier().await.map_err(|error| self.error(error))?;
        let source = self.settings.connection.identity.as_ref();
        let identity = source.map(|source| source.current());
        let recorder = Recorder::new(tls.crypto_provider(), verifier, identity.as_ref());
        recorder.map_err(|error| self.error(Error::from_connector(error.into())))
    }

    fn error(&self, error: Error) -> Error {
        error.after(Trip {
            attempts: 1,
            endpoint: self.server.clone(),
        })
    }
}
