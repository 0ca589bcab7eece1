//! The three certificates, as openssl and Python see them.

use wxpay_sandbox::Sandbox;

use crate::support::{Bench, start};

/// A bench with `server.pem`, as the server has sent it.
fn bench() -> Bench {
    let bench = Bench::of(start(
        Sandbox::builder().host("gateway.test").host("192.0.2.7"),
    ));
    let addr = bench.sandbox.addr().to_string();
    let shown = bench.output("openssl", &["s_client", "-connect", &addr]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let from = shown.find("-----BEGIN").expect(&shown);
    let end = "-----END CERTIFICATE-----\n";
    let to = shown.find(end).expect(&shown) + end.len();
    bench.write("server.pem", &shown[from..to]);
    bench
}

#[test]
fn strict_verifiers_are_content() {
    let bench = bench();
    let verify = |words: &str| {
        let words = format!("verify -CAfile ca.pem {words}");
        bench.run("openssl", &words.split(' ').collect::<Vec<_>>())
    };
    for (purpose, certificate) in [("sslclient", "cert.pem"), ("sslserver", "server.pem")] {
        let verified = verify(&format!("-x509_strict -purpose {purpose} {certificate}"));
        assert_eq!(verified, format!("{certificate}: OK\n"));
    }
    verify("-x509_strict ca.pem");
    for name in ["localhost", "gateway.test"] {
        verify(&format!("-verify_hostname {name} server.pem"));
    }
    for ip in ["127.0.0.1", "::1", "192.0.2.7"] {
        verify(&format!("-verify_ip {ip} server.pem"));
    }
}

/// From Python 3.13 on, this is what every client does by default.
#[test]
fn python_connects_with_strict_verification() {
    let bench = bench();
    let script = r"
import socket, ssl, sys
context = ssl.create_default_context(cafile='ca.pem')
context.verify_flags |= ssl.VERIFY_X509_STRICT
context.load_cert_chain('cert.pem', 'key.pem')
with socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=30) as tcp:
    with context.wrap_socket(tcp, server_hostname='gateway.test') as tls:
        print(tls.version(), end='')
";
    let port = bench.sandbox.addr().port().to_string();
    assert_eq!(bench.run("python3", &["-c", script, &port]), "TLSv1.3");
}

#[test]
fn certificates_say_what_they_are_for() {
    let bench = bench();
    let text = |name: &str| bench.run("openssl", &["x509", "-noout", "-text", "-in", name]);

    let ca = text("ca.pem");
    for part in [
        "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0",
        "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign",
        "X509v3 Subject Key Identifier",
    ] {
        assert!(ca.contains(part), "{part}: {ca}");
    }
    for (name, subject, purpose) in [
        ("cert.pem", "1900000109", "TLS Web Client Authentication"),
        (
            "server.pem",
            "wxpay sandbox",
            "TLS Web Server Authentication",
        ),
    ] {
        let shown = text(name);
        for part in [
            purpose,
            "ASN1 OID: prime256v1",
            "X509v3 Subject Key Identifier",
            "X509v3 Authority Key Identifier",
            "CA:FALSE",
            "Version: 3",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        // OpenSSL 3.2 and newer write `CN=`.
        let subject = format!("Subject: CN = {subject}\n");
        assert!(shown.replace("CN=", "CN = ").contains(&subject), "{shown}");
    }
}

#[test]
fn certificates_last_as_long_as_the_real_ones() {
    let bench = bench();
    let days = |days: u32| (days * 24 * 60 * 60).to_string();
    let lasts = |name: &str, seconds: &str| {
        let arguments = ["x509", "-noout", "-checkend", seconds, "-in", name];
        bench.output("openssl", &arguments).status.success()
    };
    for (name, at_least, at_most) in [
        ("server.pem", 300, 825),
        ("cert.pem", 1820, 1825),
        ("ca.pem", 3640, 3650),
    ] {
        assert!(lasts(name, &days(at_least)), "{name}");
        assert!(!lasts(name, &days(at_most)), "{name}");
    }
}

#[test]
fn serial_numbers_differ() {
    let bench = bench();
    let serial = |name: &str| bench.run("openssl", &["x509", "-noout", "-serial", "-in", name]);
    let serials = ["ca.pem", "cert.pem", "server.pem"].map(serial);
    assert!(serials[0] != serials[1] && serials[1] != serials[2] && serials[0] != serials[2]);
    // `serial=` and 16 bytes.
    let is_whole = |serial: &String| serial.trim_end().len() == 7 + 32;
    assert!(serials.iter().all(is_whole), "{serials:?}");
}
