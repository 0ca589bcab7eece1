//! The three certificates, as openssl and Python see them.

use wxpay_sandbox::Sandbox;

use crate::support::Bench;

/// A bench with `server.pem`, as the server has sent it.
fn bench() -> Bench {
    let bench = Bench::of(Sandbox::builder().host("gateway.test").host("192.0.2.7"));
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
    let verify = |words: &str| bench.openssl(&format!("verify -CAfile ca.pem {words}"));
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
    let leaf = [
        "ASN1 OID: prime256v1",
        "X509v3 Subject Key Identifier",
        "X509v3 Authority Key Identifier",
        "CA:FALSE",
        "Version: 3",
    ];
    let [client, server] = [
        [
            "TLS Web Client Authentication",
            "Subject: CN = 1900000109\n",
        ],
        [
            "TLS Web Server Authentication",
            "Subject: CN = wxpay sandbox\n",
        ],
    ];
    let ca = [
        "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0",
        "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign",
        "X509v3 Subject Key Identifier",
    ];
    for (name, parts) in [
        ("ca.pem", ca.to_vec()),
        ("cert.pem", [&leaf[..], &client].concat()),
        ("server.pem", [&leaf[..], &server].concat()),
    ] {
        let shown = bench.openssl(&format!("x509 -noout -text -in {name}"));
        // OpenSSL 3.2 and newer write `CN=`.
        let shown = shown.replace("CN=", "CN = ");
        for part in parts {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
}

#[test]
fn certificates_last_as_long_as_the_real_ones() {
    let bench = bench();
    let lasts = |name: &str, days: u32| {
        let seconds = (days * 24 * 60 * 60).to_string();
        let arguments = ["x509", "-noout", "-checkend", &seconds, "-in", name];
        bench.output("openssl", &arguments).status.success()
    };
    for (name, at_least, at_most) in [
        ("server.pem", 300, 825),
        ("cert.pem", 1820, 1825),
        ("ca.pem", 3640, 3650),
    ] {
        assert!(lasts(name, at_least), "{name}");
        assert!(!lasts(name, at_most), "{name}");
    }
}

#[test]
fn serial_numbers_differ() {
    let bench = bench();
    let serial = |name: &str| bench.openssl(&format!("x509 -noout -serial -in {name}"));
    let [a, b, c] = ["ca.pem", "cert.pem", "server.pem"].map(serial);
    assert!(a != b && b != c && a != c);
    // `serial=` and 16 bytes.
    for serial in [a, b, c] {
        assert_eq!(serial.trim_end().len(), 7 + 32, "{serial}");
    }
}
