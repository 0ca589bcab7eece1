//! The handshake takes any client certificate, and the response says whether it is accepted.

use std::{io, sync::Arc};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    crypto::ring,
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::support::{Bench, block_on};

/// A client certificate and key in `odd.pem` and `odd_key.pem`, of the sandbox's authority.
fn issue(bench: &Bench, change: impl FnOnce(&mut CertificateParams)) {
    let credentials = bench.credentials();
    let ca_key = KeyPair::from_pem(credentials.ca_key_pem()).unwrap();
    let ca = Issuer::from_ca_cert_pem(credentials.ca_pem(), ca_key).unwrap();
    let mut params = CertificateParams::default();
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, credentials.mch_id());
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    bench.write("odd.pem", params.signed_by(&key, &ca).unwrap().pem());
    bench.write("odd_key.pem", key.serialize_pem());
}

/// Uploads a good form with the certificate in `odd.pem`.
fn upload(bench: &Bench, more: &[&str]) -> crate::support::Answer {
    let identity = ["--cert", "odd.pem", "--key", "odd_key.pem"];
    let arguments = [&identity[..], more].concat();
    bench.anonymous_curl(&bench.words(&arguments, &bench.form(&[])))
}

#[track_caller]
fn assert_required(bench: &Bench, why: &str) {
    for version in ["1.2", "1.3"] {
        let answer = upload(bench, &["--tls-max", version]);
        answer.assert_fails("INVALID_REQUEST", "Certificate is required");
        let message = answer.get("return_msg").unwrap();
        assert!(message.contains(why), "{version}: {message}");
    }
}

#[test]
fn certificates_are_accepted_if_they_are_valid_and_the_merchants() {
    let bench = Bench::new();
    issue(&bench, |_| {});
    for version in ["1.2", "1.3"] {
        upload(&bench, &["--tls-max", version]).assert_accepted();
    }
    for name in [Some("1000000000"), None] {
        issue(&bench, |params| {
            params.distinguished_name = DistinguishedName::new();
            let names = &mut params.distinguished_name;
            name.into_iter()
                .for_each(|name| names.push(DnType::CommonName, name));
        });
        upload(&bench, &[]).assert_fails("PARAM_ERROR", "Merchant ID error");
    }
    issue(&bench, |it| it.not_after = date_time_ymd(2001, 1, 1));
    assert_required(&bench, "it has expired");
    issue(&bench, |it| it.not_before = date_time_ymd(4000, 1, 1));
    assert_required(&bench, "it is not valid yet");
    let server = ExtendedKeyUsagePurpose::ServerAuth;
    issue(&bench, |it| it.extended_key_usages = vec![server]);
    assert_required(&bench, "it is not for clients");
}

#[test]
fn certificates_of_other_authorities_are_refused() {
    let (bench, other) = (Bench::new(), Bench::new());
    bench.write("odd.pem", other.credentials().cert_pem());
    bench.write("odd_key.pem", other.credentials().key_pem());
    assert_required(&bench, "this sandbox's authority has not issued it");

    // Version 1, which webpki does not read.
    let request = |words: &str| {
        let options = "-noenc -keyout odd_key.pem -subj /CN=1900000109 -out odd";
        bench.openssl(&format!("req {words} {options}"))
    };
    request("-newkey rsa:2048");
    bench.openssl("x509 -req -in odd -signkey odd_key.pem -out odd.pem");
    let shown = bench.openssl("x509 -noout -text -in odd.pem");
    assert!(shown.contains("Version: 1 "), "{shown}");
    assert_required(&bench, "it is not acceptable");

    // Self-signed: webpki takes it for an authority.
    request("-x509 -newkey ed25519");
    bench.openssl("x509 -in odd -out odd.pem");
    assert_required(&bench, "it is not acceptable");
}

#[test]
fn the_list_of_authorities_is_empty() {
    let bench = Bench::new();
    let addr = bench.sandbox.addr().to_string();
    for version in ["-tls1_2", "-tls1_3"] {
        let arguments = ["s_client", "-connect", &addr, "-CAfile", "ca.pem", version];
        let output = bench.output("openssl", &arguments);
        let shown = String::from_utf8_lossy(&output.stdout);
        for part in [
            "No client certificate CA names sent",
            // It asks for a certificate: these are for it.
            "Requested Signature Algorithms",
            "Verify return code: 0 (ok)",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
}

/// Connects with the merchant's certificate or with none.
pub(crate) async fn connect(bench: &Bench, with_cert: bool) -> io::Result<TlsStream<TcpStream>> {
    let merchant = bench.credentials();
    let identity = (merchant.cert_pem(), merchant.key_pem());
    connect_by(&TLS13, bench, with_cert.then_some(identity)).await
}

async fn connect_by(
    version: &'static SupportedProtocolVersion,
    bench: &Bench,
    identity: Option<(&str, &str)>,
) -> io::Result<TlsStream<TcpStream>> {
    let provider = Arc::new(ring::default_provider());
    let ca = CertificateDer::from_pem_slice(bench.credentials().ca_pem().as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(ca).unwrap();
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        None => config.with_no_client_auth(),
        Some((cert, key)) => {
            let cert = CertificateDer::from_pem_slice(cert.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            let key = provider.key_provider.load_private_key(key).unwrap();
            // Unlike `with_client_auth_cert`, this takes a key that is not the certificate's.
            let pair = SingleCertAndKey::from(CertifiedKey::new(vec![cert], key));
            config.with_client_cert_resolver(Arc::new(pair))
        }
    };
    let tcp = TcpStream::connect(bench.sandbox.addr()).await?;
    let connector = TlsConnector::from(Arc::new(config));
    connector
        .connect("localhost".try_into().unwrap(), tcp)
        .await
}

#[test]
fn a_certificate_without_its_key_fails_in_the_handshake() {
    let bench = Bench::new();
    let key = KeyPair::generate().unwrap().serialize_pem();
    for version in [&TLS12, &TLS13] {
        let error = block_on(async {
            let identity = Some((bench.credentials().cert_pem(), &*key));
            let mut tls = connect_by(version, &bench, identity).await?;
            let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
            tls.write_all(request).await?;
            tls.read_u8().await
        });
        // An alert of the server, not a silent end.
        let error = error.unwrap_err().to_string();
        assert!(error.contains("alert"), "{version:?}: {error}");
    }
    bench.assert_uploads();
}
