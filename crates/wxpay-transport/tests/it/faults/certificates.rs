//! Certificates that are wrong, on either side.

use rcgen::{ExtendedKeyUsagePurpose, SanType};
use wxpay_transport::{
    ErrorKind,
    TlsErrorKind::{
        self, BadSignature, Expired, NotYetValid, ServerCertificate, UnknownIssuer, WrongName,
    },
};

use super::world::{Outcome::Fails, World};
use crate::support::{Ca, OK, Pair, serve_response, server};

#[tokio::test]
async fn a_certificate_is_wrong() {
    let world = World::new();
    let ca = &world.ca;
    let other_name = ca.issue(|params| {
        params.subject_alt_names = vec![SanType::DnsName("other.test".try_into().unwrap())];
    });
    let for_clients =
        ca.issue(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    let self_signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let self_signed = Pair {
        cert: self_signed.cert.pem(),
        key: self_signed.signing_key.serialize_pem(),
    };
    let (strange, namesake) = (Ca::named("another").pair(), Ca::new().pair());
    for (name, pair, fault) in [
        ("expired", ca.expired(), Expired),
        ("not yet valid", ca.not_yet_valid(), NotYetValid),
        ("wrong name", other_name, WrongName),
        ("for clients", for_clients, ServerCertificate),
        ("wrong CA", strange, UnknownIssuer),
        ("CA of the same name", namesake, BadSignature),
        ("self-signed", self_signed, UnknownIssuer),
    ] {
        let addr = serve_response(server(&pair), OK).await;
        world.check(name, addr, Fails(ErrorKind::Tls(fault))).await;
    }
    let addr = serve_response(ca.server_demanding(&Ca::new()), OK).await;
    let refused = Fails(ErrorKind::Tls(TlsErrorKind::CertificateRefused));
    world
        .check("the client's, of another CA", addr, refused)
        .await;
}
