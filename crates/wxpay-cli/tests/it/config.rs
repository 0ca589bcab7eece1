//! Settings: missing and wrong ones are named, with exit status 2.

use std::{fs, path::Path, process::Command};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use crate::program::{KEY, PNG, Runnable, wxpay};

pub(crate) type Authority = CertifiedIssuer<'static, KeyPair>;

pub(crate) fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes `NAME.pem` and `NAME_key.pem`: for `localhost` and this usage, unless changed.
pub(crate) fn issue(
    authority: &Authority,
    folder: &Path,
    name: &str,
    usage: ExtendedKeyUsagePurpose,
    change: impl FnOnce(&mut CertificateParams),
) {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![usage];
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
    fs::write(folder.join(format!("{name}_key.pem")), key.serialize_pem()).unwrap();
}

fn write_pair(folder: &Path, name: &str) {
    let usage = ExtendedKeyUsagePurpose::ClientAuth;
    issue(&authority("a test's own"), folder, name, usage, |_| {});
}

/// An upload in a folder, with settings that are complete and well-formed.
pub(crate) fn complete(folder: &Path) -> Command {
    write_pair(folder, "cert");
    fs::write(folder.join("key.txt"), KEY).unwrap();
    let settings = "WXPAY_MCH_ID=1900000109 WXPAY_CERT=cert.pem WXPAY_KEY=cert_key.pem";
    let mut command = wxpay("upload");
    command.with(settings).env("WXPAY_API_KEY", KEY);
    command.current_dir(folder);
    command
}

#[test]
fn all_missing_settings_are_named_at_once() {
    let run = wxpay("upload x.png").assert_exit(2);
    for name in "WXPAY_MCH_ID WXPAY_API_KEY WXPAY_CERT WXPAY_P12 WXPAY_KEY --sandbox".split(' ') {
        run.assert_err(name);
    }
    assert_eq!(run.out, "");
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let folder = tempfile::tempdir().unwrap();
    let run = complete(folder.path())
        .with("WXPAY_MCH_ID= x.png")
        .assert_exit(2);
    run.assert_err("WXPAY_MCH_ID");
    complete(folder.path())
        .with("WXPAY_CA= WXPAY_ENDPOINT= WXPAY_SIGN_TYPE= WXPAY_RATE= WXPAY_TIMEOUT= --dry-run")
        .arg(PNG)
        .assert_exit(0);
}

#[test]
fn each_wrong_setting_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    write_pair(folder.path(), "other");
    // A path is shown, a secret is not.
    let long = "/home/somebody/a-folder-with-a-long-name/certificates.d/2026-11-26.pem";
    for (name, value, word) in [
        ("WXPAY_API_KEY", "short", "WXPAY_API_KEY"),
        ("WXPAY_MCH_ID", "19 00", "WXPAY_MCH_ID"),
        ("WXPAY_CERT", "missing.pem", "missing.pem"),
        ("WXPAY_CERT", long, long),
        ("WXPAY_CERT", "cert_key.pem", "swapped"),
        ("WXPAY_KEY", "cert.pem", "swapped"),
        ("WXPAY_KEY", "other_key.pem", "does not belong"),
        ("WXPAY_KEY", "key.txt", "no private key"),
        #[cfg(unix)]
        ("WXPAY_KEY", "/dev/zero", "1 MiB"),
        ("WXPAY_CA", "cert_key.pem", "holds a private key: give"),
        ("WXPAY_ENDPOINT", "http://localhost", "WXPAY_ENDPOINT"),
        ("WXPAY_ENDPOINT", "https://localhost/path", "no path"),
        ("WXPAY_ENDPOINT", ",", "WXPAY_ENDPOINT"),
        ("WXPAY_ENDPOINT", " , ", "WXPAY_ENDPOINT"),
        ("WXPAY_SIGN_TYPE", "sha1", "WXPAY_SIGN_TYPE"),
        ("WXPAY_RATE", "1.5", "WXPAY_RATE"),
        ("WXPAY_STALL_TIMEOUT", "soon", "WXPAY_STALL_TIMEOUT"),
    ] {
        let mut command = complete(folder.path());
        let command = command.env(name, value).with("--json a.png b.png");
        let run = command.assert_exit(2);
        run.assert_err(word).assert_not(KEY);
        let lines = run.json();
        assert_eq!((lines.len(), &lines[1]["file"]), (2, &"b.png".into()));
        assert_eq!(lines[0]["error"]["kind"], "config");
    }
}

#[test]
fn a_line_end_behind_the_value_of_a_variable_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    complete(folder.path());
    fs::copy(folder.path().join("cert.pem"), folder.path().join("ca.pem")).unwrap();
    for (name, value) in [
        ("WXPAY_API_KEY", KEY),
        ("WXPAY_CERT", "cert.pem"),
        ("WXPAY_KEY", "cert_key.pem"),
        ("WXPAY_ENDPOINT", "https://localhost,"),
        ("WXPAY_RATE", "off"),
    ] {
        for line_end in ["\n", "\r\n"] {
            let mut command = complete(folder.path());
            command.env(name, format!("{value}{line_end}"));
            command.args(["--dry-run", PNG]).assert_exit(0);
        }
    }
}

#[test]
fn a_missing_certificate_is_named_with_both_ways_to_give_it() {
    let folder = tempfile::tempdir().unwrap();
    let both = "missing the certificate: --cert or WXPAY_CERT (or --p12, WXPAY_P12)";
    for words in ["x.png", "--json x.png"] {
        let mut command = complete(folder.path());
        let run = command.with("WXPAY_CERT=").with(words).assert_exit(2);
        run.assert_err(both);
    }
    let mut doctor = wxpay("doctor WXPAY_MCH_ID=1900000109 --timeout 0.1 --key cert_key.pem");
    let run = doctor.current_dir(folder.path()).assert_exit(1);
    run.assert_out(both);
}

#[test]
fn a_flag_beats_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    complete(folder.path())
        .with("WXPAY_API_KEY=wrong --api-key-file key.txt --mch-id 42 --dry-run")
        .arg(PNG)
        .assert_exit(0)
        .assert_out("mch_id=42&");
}

#[test]
fn a_key_file_may_end_with_a_line_end_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for (content, status) in [
        ("KEY\n", 0),
        ("KEY\r\n", 0),
        ("KEY \n", 2),
        (" KEY", 2),
        ("KEYKEY", 2),
        ("", 2),
    ] {
        let mut command = complete(folder.path());
        fs::write(folder.path().join("own.txt"), content.replace("KEY", KEY)).unwrap();
        let command = command.with("--api-key-file own.txt --dry-run").arg(PNG);
        command.assert_exit(status).assert_not(&KEY[..8]);
    }
}

#[test]
fn wrong_usage_is_status_2() {
    for words in [
        "upload",
        "upload --no-such-flag x.png",
        "upload --api-key KEY x.png",
        "upload --sandbox --mch-id 1 x.png",
        "sign",
        "sign no-equals-sign",
        "verify",
        "no-such-command",
        "",
    ] {
        let run = wxpay(words).assert_exit(2);
        assert!(!run.err.is_empty() && run.out.is_empty(), "{run:?}");
    }
    for (flag, wrong) in [
        ("--timeout", "0 -1 NaN inf 1e300 1e-12 soon"),
        ("--rate", "0 -1 1.5 none 10/s"),
        ("--concurrency", "0 -1"),
        ("--retries", "-1"),
        ("--sign-type", "sha1"),
        ("--endpoint", "https://localhost/path http://localhost"),
        (
            "--resolve",
            "a a:443 a:443: a:443:b :443:127.0.0.1 a:b:127.0.0.1",
        ),
    ] {
        for value in wrong.split(' ').chain([""]) {
            let run = wxpay(&format!("upload {flag}={value} x.png")).assert_exit(2);
            run.assert_err(flag).assert_lines(0);
        }
    }
    for (words, bound) in [
        ("upload x.png --concurrency 0", "1 or more"),
        ("upload x.png --concurrency -1", "1 or more"),
        ("upload x.png --retries -1", "0 or more"),
        ("upload x.png --retries 1.5", "0 or more"),
        ("upload x.png --retries 4294967296", "0 or more"),
        ("upload x.png --timeout -1", "above 0"),
        ("upload x.png --connect-timeout -0.5", "above 0"),
        ("upload x.png --stall-timeout -1", "above 0"),
        ("upload x.png --response-timeout -1", "above 0"),
        ("upload x.png --rate -1", "at least 1"),
        ("doctor --timeout -1", "above 0"),
        ("serve --queue 0", "1 or more"),
        ("serve --queue -1", "1 or more"),
        ("serve --concurrency 0", "1 or more"),
        ("serve --grace -1", "above 0"),
        ("ledger forget x --older-than -1", "0 or more"),
    ] {
        wxpay(words).assert_exit(2).assert_err(bound);
    }
    let right = "--rate 10 --rate off --timeout 0.5 --resolve a:1:::1 \
                 --resolve a:1:127.0.0.1,[::1] --concurrency 1 --sign-type md5";
    wxpay("upload --dry-run WXPAY_MCH_ID=1900000109")
        .env("WXPAY_API_KEY", KEY)
        .with(right)
        .arg(PNG)
        .assert_exit(0);
}

#[test]
fn help_and_version_are_printed() {
    let version = wxpay("--version").assert_exit(0);
    assert!(version.out.starts_with("wxpay 0."), "{version:?}");
    for words in ["--help", "upload --help", "sandbox -h"] {
        wxpay(words).assert_exit(0).assert_out("Usage:");
    }
}
