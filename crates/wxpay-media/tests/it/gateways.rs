//! Sandboxes, and clients that trust them.

use wxpay_media::{ApiKey, ClientBuilder, Endpoint, Identity, Merchant, MerchantId, Roots};
use wxpay_sandbox::{Credentials, Fault, Sandbox};

/// A sandbox with a fault such as `system-error,next=2`; `""` is none.
pub(crate) async fn sandbox(fault: &str) -> Sandbox {
    let mut builder = Sandbox::builder();
    if !fault.is_empty() {
        builder = builder.fault(fault.parse::<Fault>().unwrap());
    }
    builder.start().await.unwrap()
}

/// An endpoint without a listener.
pub(crate) fn nobody() -> Endpoint {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    origin.parse().unwrap()
}

/// A client with the right settings.
pub(crate) fn builder(sandbox: &Sandbox) -> ClientBuilder {
    let credentials = sandbox.credentials();
    builder_of(sandbox, credentials.mch_id(), credentials.api_key().clone())
}

pub(crate) fn builder_of(sandbox: &Sandbox, id: &str, key: ApiKey) -> ClientBuilder {
    ClientBuilder::from(Merchant::new(MerchantId::new(id).unwrap(), key))
        .identity(identity(sandbox.credentials()))
        .roots(roots(sandbox))
        .endpoints(sandbox.origin().parse::<Endpoint>().unwrap())
}

pub(crate) fn identity(credentials: &Credentials) -> Identity {
    Identity::from_pem(credentials.cert_pem(), credentials.key_pem()).unwrap()
}

pub(crate) fn roots(sandbox: &Sandbox) -> Roots {
    let authority = sandbox.credentials().ca_pem();
    Roots::empty().with_pem(authority).unwrap()
}
