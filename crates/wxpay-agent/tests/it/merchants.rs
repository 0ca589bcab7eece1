//! A folder of merchants: files that come, change, break and go.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use wxpay_agent::{Merchants, read_merchant};
use wxpay_media::ClientBuilder;
use wxpay_sandbox::{Credentials, Sandbox};

use crate::support::{Door, picture, start_sandbox};

/// Writes a merchant's credentials and its file.
fn write(folder: &Path, name: &str, credentials: &Credentials, endpoint: &str) {
    for (ending, content) in [
        ("cert.pem", credentials.cert_pem()),
        ("key.pem", credentials.key_pem()),
        ("ca.pem", credentials.ca_pem()),
        ("api_key.txt", credentials.api_key().expose()),
    ] {
        fs::write(folder.join(format!("{name}.{ending}")), content).unwrap();
    }
    let id = credentials.mch_id();
    let text = format!(
        "mch_id = \"{id}\"\napi_key_file = \"{name}.api_key.txt\"\ncert = \"{name}.cert.pem\"\n\
         key = \"{name}.key.pem\"\nca = \"{name}.ca.pem\"\nendpoint = \"{endpoint}\"\nrate = \"off\"\n"
    );
    replace(&folder.join(format!("{name}.toml")), &text);
}

/// As careful programs do: a file is never half written.
fn replace(path: &Path, content: &str) {
    let new = path.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::rename(new, path).unwrap();
}

fn door(sandbox: Sandbox, folder: &Path) -> Door {
    let folder = folder.to_owned();
    Door::with(sandbox, move |setup| {
        let tune = |builder: ClientBuilder| builder.max_retries(0);
        setup.merchants = Some(Merchants::folder(folder, move |file| {
            read_merchant(file, tune)
        }));
    })
}

fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "it never is so");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn merchants_come_and_go_with_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = start_sandbox();
    let (credentials, origin) = (sandbox.credentials().clone(), sandbox.origin());
    let door = door(sandbox, folder.path());
    door.get("/readyz").assert_status(503);
    door.post("", &picture(100))
        .assert_refused(404, "not known");
    write(folder.path(), "shop", &credentials, &origin);
    until(|| door.get("/readyz").status == 200);
    for query in ["", "?merchant=shop", "?merchant=1900000109"] {
        door.post(query, &picture(100)).assert_status(200);
    }
    door.post("?merchant=other", &picture(100))
        .assert_refused(404, "not known");
    let other = Credentials::generate_for("1900000110").unwrap();
    write(folder.path(), "other", &other, &origin);
    until(|| door.get("/readyz").text.contains("other"));
    door.post("", &picture(100))
        .assert_refused(404, "more than one");
    door.get("/v1/media/900150983cd24fb0d6963f7d28e17f72")
        .assert_refused(404, "more than one");
    door.post("?merchant=shop", &picture(100))
        .assert_status(200);
    fs::remove_file(folder.path().join("shop.toml")).unwrap();
    until(|| door.post("?merchant=shop", &picture(100)).status == 404);
}

#[test]
fn a_broken_file_keeps_the_old_settings_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = start_sandbox();
    let (credentials, origin) = (sandbox.credentials().clone(), sandbox.origin());
    write(folder.path(), "shop", &credentials, &origin);
    let door = door(sandbox, folder.path());
    let file = folder.path().join("shop.toml");
    let right = fs::read_to_string(&file).unwrap();
    let (key_file, key) = (
        folder.path().join("shop.api_key.txt"),
        credentials.api_key().expose(),
    );
    let breaks: [(&dyn Fn(), &str); 6] = [
        (&|| replace(&file, "mch_id = "), "line 1"),
        (
            &|| replace(&file, &format!("{right}api_key = \"{key}\"\n")),
            "line 8",
        ),
        (
            &|| replace(&file, &right.replace("shop.api_key.txt", key)),
            "api_key_file: the file cannot be read",
        ),
        (&|| replace(&key_file, "too short"), "api_key_file"),
        (
            &|| fs::write(folder.path().join("shop.key.pem"), "no key").unwrap(),
            "cert and key",
        ),
        (
            &|| fs::remove_file(folder.path().join("shop.cert.pem")).unwrap(),
            "cert: the file cannot be read",
        ),
    ];
    for (number, (break_it, word)) in breaks.iter().enumerate() {
        break_it();
        until(|| door.get("/readyz").text.contains("broken"));
        let ready = door.get("/readyz").assert_status(200);
        assert!(ready.text.contains(word), "{word}: {}", ready.text);
        assert!(!ready.text.contains(&key[..8]), "{}", ready.text);
        let broken = "wxpay_merchant_settings_broken{merchant=\"shop\"}";
        assert!(door.get("/metrics").text.contains(&format!("{broken} 1")));
        door.post("", &picture(100 + number)).assert_status(200);
        write(folder.path(), "shop", &credentials, &origin);
        until(|| !door.get("/readyz").text.contains("broken"));
        assert!(door.get("/metrics").text.contains(&format!("{broken} 0")));
    }
}

#[test]
fn a_merchant_that_cannot_upload_is_not_ready_until_its_settings_change() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = start_sandbox();
    let (credentials, origin) = (sandbox.credentials().clone(), sandbox.origin());
    write(folder.path(), "shop", &credentials, &origin);
    let wrong = "0".repeat(32);
    fs::write(folder.path().join("shop.api_key.txt"), &wrong).unwrap();
    let door = door(sandbox, folder.path());
    door.get("/readyz").assert_status(200);
    door.post("", &picture(100)).assert_status(502);
    let ready = door.get("/readyz").assert_status(503);
    assert_eq!(ready.json()["ready"], false);
    let problem = ready.json()["merchants"][0]["problem"].clone();
    assert!(problem.as_str().unwrap().contains("SIGNERROR"), "{problem}");
    write(folder.path(), "shop", &credentials, &origin);
    until(|| door.get("/readyz").status == 200);
    door.post("", &picture(100)).assert_status(200);
}

#[test]
fn files_replaced_under_load_fail_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = start_sandbox();
    let (credentials, origin) = (sandbox.credentials().clone(), sandbox.origin());
    write(folder.path(), "shop", &credentials, &origin);
    let door = door(sandbox, folder.path());
    let end = Instant::now() + Duration::from_secs(4);
    thread::scope(|scope| {
        for caller in 0..4 {
            let door = &door;
            scope.spawn(move || {
                for number in 0.. {
                    if Instant::now() > end {
                        break;
                    }
                    door.post("", &picture(1000 + 4 * number + caller))
                        .assert_status(200);
                }
            });
        }
        while Instant::now() < end {
            write(folder.path(), "shop", &credentials, &origin);
            thread::sleep(Duration::from_millis(300));
        }
    });
    assert!(!door.get("/readyz").text.contains("broken"));
}

#[test]
fn one_merchant_in_two_files_is_refused_in_the_second() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = start_sandbox();
    let (credentials, origin) = (sandbox.credentials().clone(), sandbox.origin());
    write(folder.path(), "a", &credentials, &origin);
    write(folder.path(), "b", &credentials, &origin);
    let door = door(sandbox, folder.path());
    let ready = door.get("/readyz").assert_status(503);
    assert!(ready.text.contains("has another file"), "{}", ready.text);
    door.post("?merchant=a", &picture(100)).assert_status(200);
}
