//! Addresses given by the caller.

use std::net::{IpAddr, Ipv4Addr};

use http::Request;
use tower::ServiceExt;
use wxpay_transport::{ErrorKind, TlsErrorKind, TransportBuilder};

use crate::support::{Ca, OK, serve_reply};

async fn kind_of(builder: TransportBuilder, host: &str, port: u16) -> Result<(), ErrorKind> {
    let uri = format!("https://{host}:{port}/");
    let request = Request::get(uri).body(String::new()).unwrap();
    let reply = builder.build().unwrap().oneshot(request).await;
    reply.map(drop).map_err(|error| error.kind())
}

#[tokio::test]
async fn a_name_leads_where_the_caller_says_and_is_still_the_name() {
    let ca = Ca::new();
    let addr = serve_reply(ca.server(), OK).await;
    let port = addr.port();
    // Never asked of a name server: `invalid` has no names.
    let builder = ca
        .builder_for_one_attempt()
        .resolve("name.invalid", port, [addr.ip()]);

    // The certificate is for `localhost`.
    assert_eq!(
        kind_of(builder.clone(), "Name.Invalid", port).await,
        Err(ErrorKind::Tls(TlsErrorKind::WrongName))
    );
    assert_eq!(
        kind_of(builder.clone(), "name.invalid", port ^ 1).await,
        Err(ErrorKind::Connect)
    );
    let nowhere = builder.resolve("localhost", port, [] as [IpAddr; 0]);
    assert_eq!(
        kind_of(nowhere.clone(), "localhost", port).await,
        Err(ErrorKind::Connect)
    );
    let back = nowhere.resolve("localhost", port, [Ipv4Addr::LOCALHOST]);
    assert_eq!(kind_of(back, "localhost", port).await, Ok(()));
}
