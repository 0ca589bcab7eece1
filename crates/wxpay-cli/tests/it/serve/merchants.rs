//! A TOML file for each merchant.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::{Serve, picture};
use crate::{program::KEY, sandbox::Sandbox};

/// Writes the merchant of a sandbox's folder, whose files it names.
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

fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "it never is so");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_file_is_read_again_and_a_broken_one_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let key_file = folder.join("key.txt");
    fs::write(&key_file, KEY).unwrap();
    let sandbox = Sandbox::in_folder_with(folder, &["--api-key-file", key_file.to_str().unwrap()]);
    write(folder, &sandbox, |text| text);
    let serve = Serve::start(folder, "--merchants .");
    let (status, answer) = serve.post("?merchant=shop", &picture());
    assert_eq!(status, 200, "{answer}");
    let broken: [(&dyn Fn(String) -> String, &str); 6] = [
        (&|text| text.replace("mch_id", "mch-id"), "line 1"),
        (&|text| format!("{text}api_key = \"{KEY}\"\n"), "line 8"),
        (
            &|text| text.replace("rate = \"off\"", &format!("rate = \"{KEY}\"")),
            "line 7",
        ),
        (&|text| text.replace("api_key.txt", KEY), "--api-key-file"),
        (
            &|text| text.replace("key = \"apiclient_key.pem\"\n", ""),
            "key",
        ),
        (
            &|text| text.replace("mch_id = \"1900000109\"\n", ""),
            "missing field `mch_id`",
        ),
    ];
    for (change, word) in broken {
        write(folder, &sandbox, change);
        until(|| !serve.get("/readyz").1.contains("\"broken\":null"));
        let (status, ready) = serve.get("/readyz");
        assert_eq!(status, 200, "{ready}");
        assert!(ready.contains(word), "{word}: {ready}");
        assert!(!ready.contains(&KEY[..8]), "{ready}");
        assert_eq!(serve.post("", &picture()).0, 200);
        write(folder, &sandbox, |text| text);
        until(|| serve.get("/readyz").1.contains("\"broken\":null"));
    }
}

#[test]
fn a_certificate_and_a_key_are_read_again_when_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sandbox = Sandbox::in_folder(folder);
    write(folder, &sandbox, |text| text);
    let serve = Serve::start(folder, "--merchants .");
    let key_file = folder.join("api_key.txt");
    let right = fs::read_to_string(&key_file).unwrap();
    fs::write(&key_file, "0".repeat(32)).unwrap();
    until(|| serve.post("?reuse=never", &picture()).0 == 502);
    let (status, ready) = serve.get("/readyz");
    assert_eq!(status, 503, "{ready}");
    fs::write(&key_file, right).unwrap();
    until(|| serve.post("?reuse=never", &picture()).0 == 200);
    assert_eq!(serve.get("/readyz").0, 200);
    let cert = fs::read(folder.join("apiclient_cert.pem")).unwrap();
    fs::write(folder.join("apiclient_cert.pem"), "no certificate").unwrap();
    until(|| !serve.get("/readyz").1.contains("\"broken\":null"));
    assert_eq!(serve.post("?reuse=never", &picture()).0, 200);
    fs::write(folder.join("apiclient_cert.pem"), cert).unwrap();
    until(|| serve.get("/readyz").1.contains("\"broken\":null"));
}

#[test]
fn the_one_merchant_of_the_settings_is_renewed_too() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sandbox = Sandbox::in_folder(folder);
    let serve = Serve::with(
        folder,
        "--api-key-file api_key.txt",
        &Sandbox::variables(folder),
    );
    assert_eq!(serve.post("", &picture()).0, 200);
    let right = fs::read_to_string(folder.join("api_key.txt")).unwrap();
    fs::write(folder.join("api_key.txt"), "0".repeat(32)).unwrap();
    until(|| serve.post("?reuse=never", &picture()).0 == 502);
    fs::write(folder.join("api_key.txt"), right).unwrap();
    until(|| serve.post("?reuse=never", &picture()).0 == 200);
    drop(sandbox);
}
