//! Uploads to the sandbox with each kind of identity file, and wrong usage.

use std::{fs, path::Path, process::Command};

use crate::{
    config::complete,
    program::{PNG, Runnable, openssl, wxpay},
    sandbox::Sandbox,
};

/// An upload with the settings of the sandbox in a folder, except its PEM pair.
fn upload(folder: &Path, words: &str) -> Command {
    let mut command = Sandbox::client(folder, "upload --json WXPAY_CERT= WXPAY_KEY=");
    command.with(words).arg(PNG);
    command
}

const PAIR: &str = "WXPAY_CERT=apiclient_cert.pem WXPAY_KEY=apiclient_key.pem";
const OWN_P12: &str = "pkcs12 -export -in apiclient_cert.pem -inkey apiclient_key.pem \
                       -passout pass:secret -out own.p12";

#[test]
fn every_kind_of_file_uploads() {
    let sandbox = Sandbox::new("");
    let folder = sandbox.folder();
    fs::write(folder.join("secret.txt"), "secret\n").unwrap();
    for command in [
        "ec -in apiclient_key.pem -out sec1.pem",
        "pkcs8 -topk8 -in apiclient_key.pem -v2 aes-256-cbc -passout pass:secret -out aes.pem",
        "pkcs8 -topk8 -in apiclient_key.pem -scrypt -passout pass:secret -out scrypt.pem",
        OWN_P12,
        &OWN_P12.replace("secret", "").replace("own", "empty"),
    ] {
        openssl(folder, command);
    }
    for words in [
        PAIR,
        "WXPAY_CERT=apiclient_cert.pem WXPAY_KEY=sec1.pem",
        "--p12 apiclient_cert.p12",
        "WXPAY_P12=apiclient_cert.p12",
        "--p12 own.p12 --p12-password-file secret.txt",
        "WXPAY_P12=own.p12 WXPAY_P12_PASSWORD=secret",
        "WXPAY_P12=empty.p12 WXPAY_P12_PASSWORD=",
        "--p12 empty.p12 WXPAY_P12_PASSWORD=",
        // A flag of one kind beats the environment of the other.
        "--p12 apiclient_cert.p12 WXPAY_CERT=nothing.pem WXPAY_KEY=nothing.pem",
        "--cert apiclient_cert.pem --key apiclient_key.pem WXPAY_P12=nothing.p12",
    ] {
        upload(folder, words).assert_exit(0);
    }
    for key in ["aes.pem", "scrypt.pem"] {
        let pair = format!("WXPAY_CERT=apiclient_cert.pem WXPAY_KEY={key}");
        for password in [
            "WXPAY_KEY_PASSWORD=secret",
            "--key-password-file secret.txt",
        ] {
            upload(folder, &pair).with(password).assert_exit(0);
        }
        let run = upload(folder, &pair).assert_exit(2);
        run.assert_err("encrypted");
    }
}

#[test]
fn a_wrong_choice_of_files_is_wrong_usage() {
    let sandbox = Sandbox::new("");
    let folder = sandbox.folder();
    openssl(folder, OWN_P12);
    // The file of a provider with the id of its sub-merchant.
    let other = "--p12 apiclient_cert.p12 --mch-id 1900000110";
    for (words, word) in [
        // Both kinds from one place, or neither.
        ("--p12 apiclient_cert.p12 --cert a.pem", "--cert"),
        ("WXPAY_P12=a.p12 WXPAY_CERT=a.pem", "WXPAY_P12"),
        ("", "--p12"),
        ("WXPAY_P12=own.p12", "password"),
        (
            "WXPAY_P12=own.p12 WXPAY_P12_PASSWORD=",
            "WXPAY_P12_PASSWORD is set, and empty",
        ),
        (other, "which may be another: --p12-password-file"),
    ] {
        upload(folder, words).assert_exit(2).assert_err(word);
    }
}

#[test]
fn another_merchant_and_an_app_id_are_warnings() {
    let sandbox = Sandbox::new("");
    let folder = sandbox.folder();
    for more in ["", "--dry-run"] {
        let mut other = upload(folder, PAIR);
        let run = other.with("--mch-id 1900000110").with(more).run();
        run.assert_err("the certificate is of merchant 1900000109, not of 1900000110");
        let run = upload(folder, PAIR).with(more).assert_exit(0);
        assert_eq!(run.err, "");
    }
    let app_id = "--mch-id wxd930ea5d5a258f4f";
    let mut command = complete(folder);
    let run = command.with(app_id).args(["--dry-run", PNG]).assert_exit(0);
    run.assert_err("app id");
    let mut doctor = wxpay("doctor --timeout 0.1");
    let run = doctor.with(app_id).assert_exit(1);
    run.assert_out("failed  merchant id: wxd930ea5d5a258f4f")
        .assert_out("app id");
}

#[test]
fn a_file_of_another_kind_is_named_with_the_setting_that_takes_it() {
    let sandbox = Sandbox::new("");
    let folder = sandbox.folder();
    openssl(
        folder,
        "x509 -in apiclient_cert.pem -outform DER -out cert.der",
    );
    openssl(
        folder,
        "pkey -in apiclient_key.pem -outform DER -out key.der",
    );
    let key = fs::read_to_string(folder.join("apiclient_key.pem")).unwrap();
    for (name, content) in [
        ("a.zip", &b"PK\x03\x04rest"[..]),
        ("a.jks", b"\xfe\xed\xfe\xed\0\0\0\x02"),
        ("spaces.pem", key.replace('\n', " ").as_bytes()),
        ("letters.pem", key.replace('\n', "\\n").as_bytes()),
    ] {
        fs::write(folder.join(name), content).unwrap();
    }
    for (cert, key, word) in [
        ("apiclient_cert.p12", "apiclient_key.pem", "--p12"),
        ("apiclient_cert.pem", "apiclient_cert.p12", "--p12"),
        ("cert.der", "apiclient_key.pem", "DER"),
        ("apiclient_cert.pem", "key.der", "DER"),
        ("apiclient_cert.pem", "spaces.pem", "line ends"),
        ("apiclient_cert.pem", "letters.pem", "line ends"),
        ("a.zip", "apiclient_key.pem", "zip"),
    ] {
        let pair = format!("--cert {cert} --key {key}");
        upload(folder, &pair).assert_exit(2).assert_err(word);
        let mut doctor = Sandbox::client(folder, "doctor");
        doctor.with(&pair).assert_exit(1).assert_out(word);
    }
    for (file, word) in [
        ("apiclient_cert.pem", "--cert"),
        ("apiclient_key.pem", "--cert"),
        ("a.zip", "zip"),
        ("a.jks", "keytool"),
    ] {
        let run = upload(folder, &format!("--p12 {file}")).assert_exit(2);
        run.assert_err(word);
    }
}
