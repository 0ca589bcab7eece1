//! Certificates that are wrong, on either side.

use bytes::Bytes;
use rcgen::KeyPair;
use tokio_rustls::rustls::version::TLS12;
use tower::ServiceExt;
use wxpay_transport::{Error, ErrorKind, InvalidRoots, Roots, TlsFault, Transport};

use crate::support::{Ca, OK, call, post, serve_reply, server_with};

#[tokio::test]
async fn mozillas_roots_alone_do_not_trust_a_private_authority_and_an_added_one_is_trusted() {
    let ca = Ca::new();
    let addr = serve_reply(ca.server(), OK).await;

    let error = call(Transport::builder(), addr).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls(TlsFault::UnknownIssuer));

    let both = Transport::builder().roots(Roots::mozilla().and_pem(ca.pem()).unwrap());
    assert_eq!(call(both, addr).await.unwrap().body(), "ok");
}

async fn without_identity(ca: &Ca) -> Error {
    let addr = serve_reply(ca.demanding_server(), OK).await;
    call(ca.builder(), addr).await.unwrap_err()
}

#[tokio::test]
async fn the_server_requires_a_certificate_and_gets_none() {
    let ca = Ca::new();
    let error = without_identity(&ca).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Tls(TlsFault::CertificateRequired),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("requires a client certificate"),
        "{error}"
    );
}

/// The verdict comes while the body is being sent, on another thread than the one that sends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_verdict_on_the_client_is_heard_in_the_middle_of_a_large_body() {
    let ca = Ca::new();
    let addr = serve_reply(ca.demanding_server(), OK).await;
    let body = Bytes::from(vec![0; 2_000_000]);
    for _ in 0..20 {
        let transport = ca.builder().build().unwrap();
        let error = transport
            .oneshot(post(addr, body.clone()))
            .await
            .unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Tls(TlsFault::CertificateRequired),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn tls_1_2_is_spoken_too() {
    let ca = Ca::new();
    let pair = ca.pair();
    let config = server_with(&pair, &[&TLS12]);
    let addr = serve_reply(config, OK).await;

    assert_eq!(call(ca.builder(), addr).await.unwrap().body(), "ok");
}

#[test]
fn a_file_that_is_no_list_of_authorities() {
    let key = KeyPair::generate().unwrap().serialize_pem();
    let cut = Ca::new().pem().replace("-----END CERTIFICATE-----", "");
    assert_eq!(Roots::only_pem("").unwrap_err(), InvalidRoots::Empty);
    assert_eq!(
        Roots::mozilla().and_pem(key).unwrap_err(),
        InvalidRoots::Empty
    );
    assert_eq!(
        Roots::mozilla().and_pem(cut).unwrap_err(),
        InvalidRoots::Pem
    );
}

#[test]
fn an_authority_that_is_no_certificate_is_an_error_when_built() {
    let pem = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let builder = Transport::builder().roots(Roots::only_pem(pem).unwrap());
    assert!(builder.build::<String>().is_err());
}
