//! The merchant's PKCS #12 file, read by others.

use std::process::Command;

use crate::support::Bench;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write(
        "apiclient_cert.p12",
        bench.credentials().merchant_p12().unwrap(),
    );
    bench
}

#[test]
fn openssl_reads_it_without_legacy_algorithms() {
    let bench = bench();
    let openssl = |words: &str| bench.run("openssl", &words.split(' ').collect::<Vec<_>>());
    let pem =
        openssl("pkcs12 -in apiclient_cert.p12 -passin pass:1900000109 -nodes -out both.pem -info");
    assert_eq!(pem, "");
    let serial = openssl("x509 -in both.pem -noout -serial -subject");
    assert_eq!(serial, openssl("x509 -in cert.pem -noout -serial -subject"));
    // Keys are compared by what they make public.
    assert_eq!(
        openssl("pkey -in both.pem -pubout"),
        openssl("pkey -in key.pem -pubout")
    );
}

#[test]
fn the_password_is_the_merchant_id() {
    let bench = bench();
    let output = bench.output(
        "openssl",
        &["pkcs12", "-in", "apiclient_cert.p12", "-passin", "pass:1"],
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("invalid password"), "{said}");
}

#[test]
fn curl_uploads_with_it() {
    let bench = bench();
    let form = bench.form(&[]);
    let identity = [
        "--cert-type",
        "P12",
        "--cert",
        "apiclient_cert.p12:1900000109",
    ];
    let answer = bench.anonymous_curl(&bench.words(&identity, &form));
    answer.assert_accepted();
}

#[test]
#[allow(clippy::print_stderr, reason = "says that it was skipped")]
fn java_reads_it() {
    if Command::new("keytool").arg("-help").output().is_err() {
        eprintln!("skipped: keytool is not installed");
        return;
    }
    let bench = bench();
    let words = "-list -v -keystore apiclient_cert.p12 -storetype PKCS12 -storepass 1900000109";
    let shown = bench.run("keytool", &words.split(' ').collect::<Vec<_>>());
    assert!(shown.contains("PrivateKeyEntry"), "{shown}");
    assert!(shown.contains("CN=1900000109"), "{shown}");
}
