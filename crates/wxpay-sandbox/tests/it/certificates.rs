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
    for (purpose, certificate) in [("sslclient", "cert.pem"), ("sslserver", "server.pem")] {
        let arguments = [
            "verify",
            "-x509_strict",
            "-purpose",
            purpose,
            "-CAfile",
            "ca.pem",
            certificate,
        ];
        assert_eq!(
            bench.run("openssl", &arguments),
            format!("{certificate}: OK\n")
        );
    }
    bench.run(
        "openssl",
        &["verify", "-x509_strict", "-CAfile", "ca.pem", "ca.pem"],
    );
    for name in ["localhost", "gateway.test"] {
        let arguments = [
            "verify",
            "-CAfile",
            "ca.pem",
            "-verify_hostname",
            name,
            "server.pem",
        ];
        bench.run("openssl", &arguments);
    }
    for ip in ["127.0.0.1", "::1", "192.0.2.7"] {
        bench.run(
            "openssl",
            &[
                "verify",
                "-CAfile",
                "ca.pem",
                "-verify_ip",
                ip,
                "server.pem",
            ],
        );
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
        (
            "cert.pem",
            "Subject: CN = 1900000109\n",
            "TLS Web Client Authentication",
        ),
        (
            "server.pem",
            "Subject: CN = wxpay sandbox\n",
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
        assert!(shown.replace("CN=", "CN = ").contains(subject), "{shown}");
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
    assert!(
        serials
            .iter()
            .all(|serial| serial.trim_end().len() == 7 + 32),
        "{serials:?}"
    );
}
