//! Failover over real sockets.

use std::time::Duration;

use wxpay_transport::{CallInfo, Endpoints, Transport};

use crate::support::{Ca, answer_all, authority, post, refusing, send, serve, serve_on};

#[tokio::test]
async fn an_endpoint_that_is_back_is_found_by_a_probe() {
    let ca = Ca::new();
    let healthy = serve(ca.server(), answer_all).await;
    let (first, socket) = refusing();
    let endpoints = [first, healthy].map(authority);
    let builder = ca.builder().endpoints(Endpoints::new(endpoints).unwrap());
    let builder = builder.failover_after(1).probe_interval(Duration::ZERO);
    let transport: Transport<_> = builder.build().unwrap();
    let is_in_service = || transport.endpoints()[0].is_in_service;
    let answered_by = async |addr, attempts| {
        let response = send(&transport, post(first, "hello")).await.unwrap();
        let info = response.extensions().get::<CallInfo>().unwrap();
        assert_eq!(
            (info.attempts, &info.endpoint),
            (attempts, &authority(addr))
        );
    };

    answered_by(healthy, 2).await;
    assert!(!is_in_service());
    answered_by(healthy, 1).await;

    let listener = socket.listen(8).unwrap();
    serve_on(listener, ca.server(), answer_all);
    while !is_in_service() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    answered_by(first, 1).await;
}
