//! Uploads to the sandbox with each kind of identity file, and what is wrong usage.

use std::{path::Path, process::Command};

use crate::program::{Run, RunToEnd, example, text, wxpay};
use crate::sandbox::Sandbox;

/// An upload with the settings of the sandbox in a folder, but without its PEM pair.
fn upload(folder: &Path) -> Command {
    let mut command = wxpay(["upload", "--json", text(&example("licence.png"))]);
    let variables = Sandbox::variables(folder).into_iter();
    let others = variables.filter(|(name, _)| name != "WXPAY_CERT" && name != "WXPAY_KEY");
    command.envs(others);
    command
}

fn openssl(folder: &Path, arguments: &str) {
    let run = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(run.status.success(), "{arguments}: {run:?}");
}

fn is_usage_error(run: Run, word: &str) {
    let run = run.assert_exit(2);
    run.assert_err(word);
}

#[test]
fn every_kind_of_file_uploads() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let _sandbox = Sandbox::in_folder(folder);
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    std::fs::write(file("secret.txt"), "secret\n").unwrap();
    for command in [
        "ec -in apiclient_key.pem -out sec1.pem",
        "pkcs8 -topk8 -in apiclient_key.pem -v2 aes-256-cbc -passout pass:secret -out encrypted.pem",
        "pkcs8 -topk8 -in apiclient_key.pem -scrypt -passout pass:secret -out scrypt.pem",
        "pkcs12 -export -in apiclient_cert.pem -inkey apiclient_key.pem -passout pass:secret -out own.p12",
    ] {
        openssl(folder, command);
    }
    let cert = file("apiclient_cert.pem");
    let pem = |key: &str| [("WXPAY_CERT", cert.clone()), ("WXPAY_KEY", file(key))];

    upload(folder).envs(pem("apiclient_key.pem")).assert_exit(0);
    upload(folder).envs(pem("sec1.pem")).assert_exit(0);
    for key in ["encrypted.pem", "scrypt.pem"] {
        upload(folder)
            .envs(pem(key))
            .env("WXPAY_KEY_PASSWORD", "secret")
            .assert_exit(0);
        let by_file = ["--key-password-file", &file("secret.txt")];
        upload(folder).envs(pem(key)).args(by_file).assert_exit(0);
        is_usage_error(upload(folder).envs(pem(key)).run(), "encrypted");
    }
    let p12 = file("apiclient_cert.p12");
    upload(folder).args(["--p12", &p12]).assert_exit(0);
    upload(folder).env("WXPAY_P12", &p12).assert_exit(0);
    let own = file("own.p12");
    let by_file = ["--p12", &own, "--p12-password-file", &file("secret.txt")];
    upload(folder).args(by_file).assert_exit(0);
    upload(folder)
        .env("WXPAY_P12", &own)
        .env("WXPAY_P12_PASSWORD", "secret")
        .assert_exit(0);
    is_usage_error(upload(folder).env("WXPAY_P12", &own).run(), "password");
    // A flag of one kind beats the environment of the other.
    let by_flag = ["--p12", &p12];
    upload(folder)
        .envs(pem("nothing.pem"))
        .args(by_flag)
        .assert_exit(0);
    let key = file("apiclient_key.pem");
    let by_flag = ["--cert", &cert, "--key", &key];
    upload(folder)
        .env("WXPAY_P12", "nothing.p12")
        .args(by_flag)
        .assert_exit(0);
}

#[test]
fn both_kinds_from_one_place_are_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let _sandbox = Sandbox::in_folder(folder);
    let p12 = folder.join("apiclient_cert.p12");
    let cert = folder.join("apiclient_cert.pem");
    let both = ["--p12", text(&p12), "--cert", text(&cert)];
    is_usage_error(upload(folder).args(both).run(), "--cert");
    let both = [("WXPAY_P12", &p12), ("WXPAY_CERT", &cert)];
    is_usage_error(upload(folder).envs(both).run(), "WXPAY_P12");
    is_usage_error(upload(folder).run(), "--p12");
}

#[test]
fn a_certificate_of_another_merchant_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let _sandbox = Sandbox::in_folder(folder);
    let pem = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let pem = [
        ("WXPAY_CERT", pem("apiclient_cert.pem")),
        ("WXPAY_KEY", pem("apiclient_key.pem")),
    ];
    for more in [&[][..], &["--dry-run"]] {
        let mut command = upload(folder);
        let run = command
            .envs(pem.clone())
            .args(["--mch-id", "1900000110"])
            .args(more)
            .run();
        run.assert_err("the certificate is of merchant 1900000109, not of 1900000110");
        let run = upload(folder).envs(pem.clone()).args(more).assert_exit(0);
        assert_eq!(run.err, "");
    }
    // A sub-merchant's id, with its provider's file.
    let p12 = folder.join("apiclient_cert.p12");
    let run = upload(folder)
        .args(["--p12", text(&p12), "--mch-id", "1900000110"])
        .assert_exit(2);
    run.assert_err("--p12-password-file");
    run.assert_err("another");
}

#[test]
fn an_app_id_in_place_of_a_merchant_id_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let app_id = ["--dry-run", "--mch-id", "wxd930ea5d5a258f4f"];
    let run = crate::config::complete(folder.path())
        .args(app_id)
        .arg(example("licence.png"))
        .assert_exit(0);
    run.assert_err("app id");
    let run = wxpay([
        "doctor",
        "--mch-id",
        "wxd930ea5d5a258f4f",
        "--timeout",
        "0.1",
    ])
    .assert_exit(1);
    run.assert_out("failed  merchant id: wxd930ea5d5a258f4f");
    run.assert_out("app id");
}

#[test]
fn a_file_of_another_kind_is_named_with_the_setting_that_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let _sandbox = Sandbox::in_folder(folder);
    openssl(
        folder,
        "x509 -in apiclient_cert.pem -outform DER -out cert.der",
    );
    openssl(
        folder,
        "pkey -in apiclient_key.pem -outform DER -out key.der",
    );
    std::fs::write(folder.join("a.zip"), b"PK\x03\x04rest").unwrap();
    std::fs::write(folder.join("a.jks"), b"\xfe\xed\xfe\xed\0\0\0\x02").unwrap();
    let one_line = std::fs::read_to_string(folder.join("apiclient_key.pem")).unwrap();
    std::fs::write(folder.join("spaces.pem"), one_line.replace('\n', " ")).unwrap();
    std::fs::write(folder.join("letters.pem"), one_line.replace('\n', "\\n")).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    for (cert, key, word) in [
        ("apiclient_cert.p12", "apiclient_key.pem", "--p12"),
        ("apiclient_cert.pem", "apiclient_cert.p12", "--p12"),
        ("cert.der", "apiclient_key.pem", "DER"),
        ("apiclient_cert.pem", "key.der", "DER"),
        ("apiclient_cert.pem", "spaces.pem", "line ends"),
        ("apiclient_cert.pem", "letters.pem", "line ends"),
        ("a.zip", "apiclient_key.pem", "zip"),
    ] {
        let pair = ["--cert", &path(cert), "--key", &path(key)];
        is_usage_error(upload(folder).args(pair).run(), word);
        let run = wxpay(["doctor"])
            .envs(Sandbox::variables(folder))
            .args(pair)
            .run();
        assert!(run.assert_exit(1).out.contains(word), "{word}");
    }
    for (file, word) in [
        ("apiclient_cert.pem", "--cert"),
        ("apiclient_key.pem", "--cert"),
        ("a.zip", "zip"),
        ("a.jks", "keytool"),
    ] {
        is_usage_error(upload(folder).args(["--p12", &path(file)]).run(), word);
    }
}
