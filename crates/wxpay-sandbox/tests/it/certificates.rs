//! The certificates and the PKCS #12 file, read by openssl, curl and Java.

use std::process::Command;

use wxpay_sandbox::Sandbox;

use crate::support::Bench;

/// A bench with `apiclient_cert.p12`, and with `server.pem` as the server has sent it.
fn bench() -> Bench {
    let bench = Bench::of(Sandbox::builder().host("gateway.test").host("192.0.2.7"));
    let file = bench.credentials().merchant_p12().unwrap();
    bench.write("apiclient_cert.p12", file);
    let addr = bench.sandbox.addr().to_string();
    let shown = bench.output("openssl", &["s_client", "-connect", &addr]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let from = shown.find("-----BEGIN").expect(&shown);
    let end = "-----END CERTIFICATE-----\n";
    let to = shown.find(end).expect(&shown) + end.len();
    bench.write("server.pem", &shown[from..to]);
    bench
}

/// From Python 3.13 on, every client there verifies as strictly, by OpenSSL too.
#[test]
fn strict_verifiers_accept_the_certificates() {
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

#[test]
fn certificates_have_a_purpose_a_lifetime_and_a_serial_number() {
    let bench = bench();
    let lasts = |name: &str, days: u32| {
        let seconds = (days * 24 * 60 * 60).to_string();
        let arguments = ["x509", "-noout", "-checkend", &seconds, "-in", name];
        bench.output("openssl", &arguments).status.success()
    };
    let ca = "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0|\
        X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign|\
        X509v3 Subject Key Identifier";
    let leaf = "ASN1 OID: prime256v1|X509v3 Subject Key Identifier|X509v3 Authority Key Identifier|\
        CA:FALSE|Version: 3|";
    let client = leaf.to_owned() + "TLS Web Client Authentication|Subject: CN = 1900000109\n";
    let server = leaf.to_owned() + "TLS Web Server Authentication|Subject: CN = wxpay sandbox\n";
    let mut serials = Vec::new();
    for (name, parts, at_least, at_most) in [
        ("ca.pem", ca, 3640, 3650),
        ("cert.pem", &client, 1820, 1825),
        ("server.pem", &server, 300, 825),
    ] {
        let shown = bench.openssl(&format!("x509 -noout -text -in {name}"));
        // OpenSSL 3.2 and newer write `CN=`.
        let shown = shown.replace("CN=", "CN = ");
        for part in parts.split('|') {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(lasts(name, at_least) && !lasts(name, at_most), "{name}");
        let serial = bench.openssl(&format!("x509 -noout -serial -in {name}"));
        // `serial=` and 16 bytes.
        assert_eq!(serial.trim_end().len(), 7 + 32, "{serial}");
        serials.push(serial);
    }
    serials.sort_unstable();
    serials.dedup();
    assert_eq!(serials.len(), 3);
}

#[test]
fn openssl_reads_the_pkcs12_file_without_legacy_algorithms() {
    let bench = bench();
    let pem = "pkcs12 -in apiclient_cert.p12 -passin pass:1900000109 -nodes -out both.pem -info";
    assert_eq!(bench.openssl(pem), "");
    // Keys are compared by their public halves.
    for (shown, kept) in [
        ("x509 -noout -serial -subject", "cert.pem"),
        ("pkey -pubout", "key.pem"),
    ] {
        let [both, kept] = ["both.pem", kept].map(|it| bench.openssl(&format!("{shown} -in {it}")));
        assert_eq!(both, kept);
    }
    let arguments = ["pkcs12", "-in", "apiclient_cert.p12", "-passin", "pass:1"];
    let output = bench.output("openssl", &arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("invalid password"), "{said}");
}

#[test]
fn curl_uploads_with_the_pkcs12_file() {
    let bench = bench();
    let identity = "--cert-type P12 --cert apiclient_cert.p12:1900000109";
    let identity: Vec<_> = identity.split(' ').collect();
    let answer = bench.anonymous_curl(&bench.words(&identity, &bench.form(&[])));
    answer.assert_accepted();
}

#[test]
#[allow(clippy::print_stderr, reason = "says that it was skipped")]
fn java_reads_the_pkcs12_file() {
    if Command::new("keytool").arg("-help").output().is_err() {
        eprintln!("skipped: keytool is not installed");
        return;
    }
    let words = "-list -v -keystore apiclient_cert.p12 -storetype PKCS12 -storepass 1900000109";
    let shown = bench().run("keytool", &words.split(' ').collect::<Vec<_>>());
    assert!(shown.contains("PrivateKeyEntry"), "{shown}");
    assert!(shown.contains("CN=1900000109"), "{shown}");
}
