//! A TOML file for each merchant.

use std::{fs, path::Path};

use super::{Serve, picture, until};
use crate::{program::KEY, sandbox::Sandbox};

/// Writes the file of a merchant in the folder of a sandbox, with a change.
fn write(folder: &Path, sandbox: &Sandbox, change: impl Fn(String) -> String) {
    let text = format!(
        "mch_id = \"1900000109\"\napi_key_file = \"api_key.txt\"\ncert = \"apiclient_cert.pem\"\n\
         key = \"apiclient_key.pem\"\nca = \"ca.pem\"\nendpoint = \"{}\"\nrate = \"off\"\n",
        sandbox.origin
    );
    let new = folder.join("shop.new");
    fs::write(&new, change(text)).unwrap();
    fs::rename(new, folder.join("shop.toml")).unwrap();
}

fn is_broken(serve: &Serve) -> bool {
    !serve.get("/readyz").1.contains("\"broken\":null")
}

#[test]
fn a_file_is_read_again_and_a_broken_one_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let key_file = folder.join("key.txt");
    fs::write(&key_file, KEY).unwrap();
    let words = format!("--api-key-file {}", key_file.display());
    let sandbox = Sandbox::in_folder(folder, &words);
    write(folder, &sandbox, |text| text);
    let serve = Serve::start(folder, "--merchants .");
    serve.assert_uploads("?merchant=shop");
    let own_key = format!("rate = \"off\"\napi_key = \"{KEY}\"");
    let rate = format!("rate = \"{KEY}\"");
    for (from, to, word) in [
        ("mch_id", "mch-id", "line 1"),
        ("rate = \"off\"", &*own_key, "line 8"),
        ("rate = \"off\"", &rate, "line 7"),
        ("api_key.txt", KEY, "--api-key-file"),
        ("key = \"apiclient_key.pem\"\n", "", "key"),
        ("mch_id = \"1900000109\"\n", "", "missing field `mch_id`"),
        (
            "rate = \"off\"",
            "region = \"global\"",
            "line 6: `endpoint` beside `region`",
        ),
    ] {
        write(folder, &sandbox, |text| text.replace(from, to));
        until(|| is_broken(&serve));
        let (status, ready) = serve.get("/readyz");
        assert_eq!(status, 200, "{ready}");
        assert!(ready.contains(word), "{word}: {ready}");
        assert!(!ready.contains(&KEY[..8]), "{ready}");
        serve.assert_uploads("");
        write(folder, &sandbox, |text| text);
        until(|| !is_broken(&serve));
    }
    let utf16: Vec<u8> = "\u{feff}mch_id"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(folder.join("shop.toml"), utf16).unwrap();
    until(|| {
        serve
            .get("/readyz")
            .1
            .contains("is in UTF-16: save it as UTF-8")
    });
}

#[test]
fn a_line_end_behind_a_path_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sandbox = Sandbox::in_folder(folder, "");
    write(folder, &sandbox, |text| {
        text.replace("pem\"", "pem\\n\"")
            .replace("txt\"", "txt\\r\\n\"")
    });
    Serve::start(folder, "--merchants .").assert_uploads("");
}

/// Asserts that a changed key file is read again.
fn assert_key_is_read_again(folder: &Path, serve: &Serve) {
    let status = || serve.post("?reuse=never", &picture()).0;
    assert_eq!(status(), 200);
    let key_file = folder.join("api_key.txt");
    let right = fs::read_to_string(&key_file).unwrap();
    fs::write(&key_file, "0".repeat(32)).unwrap();
    until(|| status() == 502);
    assert_eq!(serve.get("/readyz").0, 503);
    fs::write(&key_file, right).unwrap();
    until(|| status() == 200);
    assert_eq!(serve.get("/readyz").0, 200);
}

#[test]
fn a_certificate_and_a_key_are_read_again_when_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sandbox = Sandbox::in_folder(folder, "");
    write(folder, &sandbox, |text| text);
    let serve = Serve::start(folder, "--merchants .");
    assert_key_is_read_again(folder, &serve);
    let cert = fs::read(folder.join("apiclient_cert.pem")).unwrap();
    fs::write(folder.join("apiclient_cert.pem"), "no certificate").unwrap();
    until(|| is_broken(&serve));
    serve.assert_uploads("?reuse=never");
    fs::write(folder.join("apiclient_cert.pem"), cert).unwrap();
    until(|| !is_broken(&serve));
}

#[test]
fn the_key_of_the_only_merchant_is_read_again_too() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sandbox = Sandbox::in_folder(folder, "");
    let words = format!(
        "WXPAY_MCH_ID=1900000109 --api-key-file api_key.txt WXPAY_CERT=apiclient_cert.pem \
         WXPAY_KEY=apiclient_key.pem WXPAY_CA=ca.pem WXPAY_ENDPOINT={}",
        sandbox.origin
    );
    let serve = Serve::start(folder, &words);
    assert_key_is_read_again(folder, &serve);
}
