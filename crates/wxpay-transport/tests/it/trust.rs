//! The roots, pinned certificates, and the client's certificate.

use std::net::SocketAddr;

use bytes::Bytes;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, SanType, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::TcpStream,
};
use tokio_rustls::rustls::{
    SupportedProtocolVersion,
    version::{TLS12, TLS13},
};
use wxpay_transport::{ErrorKind, Identity, Roots, RootsError, TlsErrorKind, Transport};

use crate::support::{self, Ca, OK, Pair, call, post, send, serve_response, serve_tcp};

#[tokio::test]
async fn mozillas_roots_alone_do_not_trust_a_private_authority_and_an_added_one_is_trusted() {
    let ca = Ca::new();
    let addr = serve_response(ca.server(), OK).await;

    let error = call(Transport::builder(), addr).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls(TlsErrorKind::UnknownIssuer));

    let both = Transport::builder().roots(Roots::webpki().with_pem(ca.pem()).unwrap());
    assert_eq!(call(both, addr).await.unwrap().body(), "ok");
}

/// The server's alert comes while another thread sends the body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_client_certificate_is_named_in_the_middle_of_a_large_body() {
    let ca = Ca::new();
    let addr = serve_response(ca.demanding_server(), OK).await;
    let body = Bytes::from(vec![0; 2_000_000]);
    for _ in 0..20 {
        let transport = ca.builder().build().unwrap();
        let error = send(&transport, post(addr, body.clone()))
            .await
            .unwrap_err();
        let missing = ErrorKind::Tls(TlsErrorKind::CertificateRequired);
        assert_eq!(error.kind(), missing, "{error:?}");
        let said = error.to_string();
        assert!(said.contains("requires a client certificate"), "{said}");
    }
}

#[test]
fn the_error_names_another_format_with_the_way_to_convert_it() {
    let (ca, key) = (Ca::new().pem(), KeyPair::generate().unwrap());
    let (key_pem, key_der) = (key.serialize_pem(), key.serialize_der());
    let der = CertificateDer::from_pem_slice(ca.as_bytes()).unwrap();
    let p12 = identity_file("named.p12");
    let utf16: Vec<u8> = ca.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let base64: String = ca.lines().filter(|line| !line.starts_with('-')).collect();
    let (spaces, letters) = (ca.replace('\n', " "), ca.replace('\n', "\\n"));
    let cut = ca.replace("-----END", "");
    let hello = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let (again, alone) = ("get it again", "must stand alone");
    for (file, found, way_out) in [
        (&b""[..], "nothing", again),
        (b"PK\x03\x04\x14\0", "a zip archive", "unpack it"),
        (b"<html>", "a web page", again),
        (b"\xfe\xed\xfe\xed\0\0", "(JKS)", "keytool -exportcert"),
        (key_pem.as_bytes(), "a private key", "server's authority"),
        (&key_der, "a private key in DER", "server's authority"),
        (&der, "a certificate in DER", "x509 -inform DER"),
        (&p12, "PKCS#12", "openssl pkcs12 -cacerts"),
        (&utf16, "text in UTF-16", "save it as UTF-8"),
        (base64.as_bytes(), "base64", "BEGIN and END lines"),
        (b"no such thing", "no certificate", "must be PEM"),
        (spaces.as_bytes(), "line ends", alone),
        (letters.as_bytes(), "line ends", alone),
        (cut.as_bytes(), "cut or damaged", again),
        (hello.as_bytes(), "cut or damaged", again),
    ] {
        let error = Roots::webpki().with_pem(file).unwrap_err();
        assert!(matches!(error, RootsError::File(_)), "{error:?}");
        let shown = error.to_string();
        assert!(shown.contains("file of certificate authorities"), "{shown}");
        assert!(shown.contains(found) && shown.contains(way_out), "{shown}");
    }
    // A byte order mark and line ends of Windows.
    let marked = format!("\u{feff}{ca}").replace('\n', "\r\n");
    Roots::empty().with_pem(marked).unwrap();
}

/// A certificate for `localhost` with this name.
fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A self-signed certificate with its key.
fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = params("a server");
    change(&mut params);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn pair(certificate: &CertifiedIssuer<'_, KeyPair>) -> Pair {
    Pair {
        cert: certificate.pem(),
        key: certificate.key().serialize_pem(),
    }
}

async fn outcome(roots: &Roots, server: &Pair) -> Result<(), ErrorKind> {
    let addr = serve_response(support::server(server), OK).await;
    let builder = Transport::builder().roots(roots.clone());
    let result = call(builder, addr).await;
    result.map(drop).map_err(|error| error.kind())
}

#[tokio::test]
async fn a_self_signed_certificate_is_pinned() {
    let untrusted = Err(ErrorKind::Tls(TlsErrorKind::UnknownIssuer));
    let pinned = self_signed(|_| {});
    let no_authority = self_signed(|params| params.is_ca = IsCa::ExplicitNoCa);
    for pinned in [pinned, no_authority] {
        for roots in [
            Roots::empty().with_pem(pinned.pem()),
            Roots::webpki().with_pem(pinned.pem()),
        ] {
            let roots = roots.unwrap();
            assert_eq!(outcome(&roots, &pair(&pinned)).await, Ok(()));
            let key = KeyPair::generate().unwrap();
            let issued = Pair {
                cert: params("another").signed_by(&key, &pinned).unwrap().pem(),
                key: key.serialize_pem(),
            };
            let of_the_same_name = pair(&self_signed(|_| {}));
            for other in [issued, of_the_same_name] {
                assert_eq!(outcome(&roots, &other).await, untrusted);
            }
        }
    }
}

#[tokio::test]
async fn a_pinned_certificate_is_trusted_for_its_names_between_its_dates() {
    let old = self_signed(|it| it.not_after = date_time_ymd(2001, 1, 1));
    let early = self_signed(|it| it.not_before = date_time_ymd(4000, 1, 1));
    let name = SanType::DnsName("other.test".try_into().unwrap());
    let other = self_signed(|it| it.subject_alt_names = vec![name]);
    for (certificate, fault) in [
        (old, TlsErrorKind::Expired),
        (early, TlsErrorKind::NotYetValid),
        (other, TlsErrorKind::WrongName),
    ] {
        let roots = Roots::empty().with_pem(certificate.pem()).unwrap();
        let came = outcome(&roots, &pair(&certificate)).await;
        assert_eq!(came, Err(ErrorKind::Tls(fault)));
    }
}

#[test]
fn an_issued_certificate_is_no_authority() {
    let ca = Ca::new();
    let leaf = ca.issue(|it| *it = params("a leaf"));
    let explicit = ca.issue(|it| {
        *it = params("a leaf");
        it.is_ca = IsCa::ExplicitNoCa;
    });
    for pem in [&leaf.cert, &explicit.cert, &(ca.pem() + &leaf.cert)] {
        let error = Roots::webpki().with_pem(pem).unwrap_err();
        assert!(matches!(error, RootsError::NotAnAuthority(_)), "{error:?}");
        assert!(error.to_string().contains("CN=a leaf"), "{error}");
    }
    let for_clients = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    for pem in [self_signed(for_clients).pem(), ca.issue(for_clients).cert] {
        let error = Roots::empty().with_pem(pem).unwrap_err();
        assert!(matches!(error, RootsError::ForClients(_)), "{error:?}");
    }
    // An authority below another one is an authority.
    let below = ca.issue(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    Roots::empty().with_pem(below.cert).unwrap();
}

/// A file in `fixtures/weak`.
fn weak(name: &str) -> Vec<u8> {
    std::fs::read(format!("tests/fixtures/weak/{name}")).unwrap()
}

fn identity_file(name: &str) -> Vec<u8> {
    let folder = "../wxpay-identity/tests/fixtures/identities";
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

#[tokio::test]
async fn a_key_or_signature_that_cannot_be_used_is_named() {
    use TlsErrorKind::{UnsupportedSignature, WeakKey};

    for (root, name, fault, said) in [
        ("weak-root", "by-weak-root", WeakKey, "1024 bits"),
        (
            "ec-root",
            "sha512",
            UnsupportedSignature,
            "ECDSA with SHA-512",
        ),
        ("ec-root", "sha1", UnsupportedSignature, "ECDSA with SHA-1;"),
    ] {
        // aws-lc-rs supports it.
        if name == "sha512" && !cfg!(feature = "ring") {
            continue;
        }
        let server = Pair {
            cert: String::from_utf8(weak(&format!("{name}.crt"))).unwrap(),
            key: String::from_utf8(weak(&format!("{name}.key"))).unwrap(),
        };
        let addr = serve_response(support::server(&server), OK).await;
        let roots = Roots::empty().with_pem(weak(&format!("{root}.crt")));
        let builder = Transport::builder().roots(roots.unwrap());
        let error = call(builder, addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls(fault), "{name}: {error:?}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(said) && cause.len() < 200, "{name}: {cause}");
    }
}

/// A relay to a server. A missing certificate under TLS 1.2 is `handshake_failure` with OpenSSL,
/// and `certificate_required` with rustls.
async fn with_alerts_of_openssl(server: SocketAddr) -> SocketAddr {
    serve_tcp(move |client| async move {
        let server = TcpStream::connect(server).await.unwrap();
        let (mut from_server, mut to_server) = server.into_split();
        let (mut from_client, mut to_client) = client.into_split();
        tokio::spawn(async move { copy(&mut from_client, &mut to_server).await });
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = from_server.read(&mut piece).await {
            if piece[..read] == *b"\x15\x03\x03\x00\x02\x02\x74" {
                piece[6] = 0x28;
            }
            let _ = to_client.write_all(&piece[..read]).await;
        }
    })
    .await
}

#[tokio::test]
async fn a_client_key_of_the_wrong_kind_is_not_taken_for_a_missing_certificate() {
    let ca = Ca::new();
    let rsa = Identity::from_pem(identity_file("rsa.crt"), identity_file("pkcs1.key")).unwrap();
    let versions: [(&'static SupportedProtocolVersion, _); 2] = [
        (&TLS12, TlsErrorKind::Incompatible),
        (&TLS13, TlsErrorKind::CertificateRequired),
    ];
    for (version, missing) in versions {
        let server = serve_response(ca.server_of_ecdsa_clients(&[version]), OK).await;
        let addr = with_alerts_of_openssl(server).await;

        let error = call(ca.builder().identity(rsa.clone()), addr).await;
        let error = error.unwrap_err();
        let refused = ErrorKind::Tls(TlsErrorKind::ClientKeyRefused);
        assert_eq!(error.kind(), refused, "{version:?}: {error:?}");
        assert!(error.to_string().contains("ECDSA"), "{error}");

        let error = call(ca.builder(), addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls(missing), "{version:?}");

        let ecdsa = ca.builder().identity(ca.pair().identity());
        call(ecdsa, addr).await.unwrap();
    }
}
