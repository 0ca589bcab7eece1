//! The merchant's PKCS #12 file, read by others.

use std::process::Command;

use crate::support::Bench;

fn bench() -> Bench {
    let bench = Bench::new();
    let file = bench.credentials().merchant_p12().unwrap();
    bench.write("apiclient_cert.p12", file);
    bench
}

#[test]
fn openssl_reads_it_without_legacy_algorithms() {
    let bench = bench();
    let pem = "pkcs12 -in apiclient_cert.p12 -passin pass:1900000109 -nodes -out both.pem -info";
    assert_eq!(bench.openssl(pem), "");
    // Keys are compared by what they make public.
    for (shown, kept) in [
        ("x509 -noout -serial -subject", "cert.pem"),
        ("pkey -pubout", "key.pem"),
    ] {
        let [both, kept] = ["both.pem", kept].map(|it| bench.openssl(&format!("{shown} -in {it}")));
        assert_eq!(both, kept);
    }
}

#[test]
fn the_password_is_the_merchant_id() {
    let arguments = ["pkcs12", "-in", "apiclient_cert.p12", "-passin", "pass:1"];
    let output = bench().output("openssl", &arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("invalid password"), "{said}");
}

#[test]
fn curl_uploads_with_it() {
    let bench = bench();
    let form = bench.form(&[]);
    let file = "apiclient_cert.p12:1900000109";
    let identity = ["--cert-type", "P12", "--cert", file];
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
    let words = "-list -v -keystore apiclient_cert.p12 -storetype PKCS12 -storepass 1900000109";
    let shown = bench().run("keytool", &words.split(' ').collect::<Vec<_>>());
    assert!(shown.contains("PrivateKeyEntry"), "{shown}");
    assert!(shown.contains("CN=1900000109"), "{shown}");
}
