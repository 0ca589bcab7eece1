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

#[tokio::test]
async fn a_dead_address_does_not_hide_a_living_one() {
    let ca = Ca::new();
    let addr = serve_reply(ca.server(), OK).await;
    // Nobody listens at the first.
    let addresses = [Ipv4Addr::new(127, 0, 0, 99), Ipv4Addr::LOCALHOST];
    let builder = ca
        .builder_for_one_attempt()
        .resolve("localhost", addr.port(), addresses);
    assert_eq!(kind_of(builder, "localhost", addr.port()).await, Ok(()));
}

#[tokio::test]
async fn an_address_is_given_for_a_host_below_another_only_by_its_own_name() {
    let ca = Ca::new();
    let addr = serve_reply(ca.server(), OK).await;
    let given = [Ipv4Addr::LOCALHOST];
    let builder = ca
        .builder_for_one_attempt()
        .resolve("a.invalid", addr.port(), given);
    let below = kind_of(builder, "b.a.invalid", addr.port()).await;
    assert_eq!(below, Err(ErrorKind::Connect));
}
