//! A folder of merchants: files that come, change, break and go.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use wxpay_agent::{Loaded, Merchants, WatchedFile};
use wxpay_sandbox::{Credentials, Sandbox};

use crate::support::{Door, picture, settings, settings_of, start_sandbox, until};

/// Over a folder whose files say `right`, `wrong key`, `other merchant`, or what is broken.
fn door(sandbox: Sandbox, folder: &Path) -> Door {
    let (right, origin) = (sandbox.credentials().clone(), sandbox.origin());
    let wrong_key = right.clone().with_api_key(&"0".repeat(32)).unwrap();
    let other = Credentials::generate_for("1900000110").unwrap();
    let load = move |file: &Path| Loaded {
        files: vec![WatchedFile::new(file)],
        settings: match fs::read_to_string(file).unwrap_or_default().as_str() {
            "right" => Ok(settings_of(&right, &origin)),
            "wrong key" => Ok(settings_of(&wrong_key, &origin)),
            "other merchant" => Ok(settings_of(&other, &origin)),
            broken => Err(broken.to_owned()),
        },
    };
    let folder = folder.to_owned();
    Door::with(sandbox, move |setup| {
        setup.merchants = Some(Merchants::folder(folder, load));
    })
}

/// As careful programs do: a file is never half written.
fn write(path: &Path, content: &str) {
    let new = path.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::rename(new, path).unwrap();
}

#[test]
fn merchants_come_and_go_with_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let [shop, other] = ["shop.toml", "other.toml"].map(|name| folder.path().join(name));
    let door = door(start_sandbox(), folder.path());
    door.get("/readyz").assert_status(503);
    door.post("", &picture(100))
        .assert_refused(404, "not known");
    write(&shop, "right");
    write(&folder.path().join(".hidden.toml"), "other merchant");
    until(|| door.get("/readyz").status == 200);
    for query in ["", "?merchant=shop", "?merchant=1900000109"] {
        door.post(query, &picture(100)).assert_status(200);
    }
    door.post("?merchant=other", &picture(100))
        .assert_refused(404, "not known");
    write(&other, "other merchant");
    until(|| door.get("/readyz").text.contains("other"));
    door.post("", &picture(100))
        .assert_refused(404, "more than one");
    let known = "/v1/media/900150983cd24fb0d6963f7d28e17f72";
    door.get(known).assert_refused(404, "more than one");
    door.post("?merchant=shop", &picture(100))
        .assert_status(200);
    fs::remove_file(shop).unwrap();
    until(|| door.post("?merchant=shop", &picture(100)).status == 404);
}

#[test]
fn a_file_that_is_only_touched_is_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.toml");
    write(&path, "right");
    let sandbox = start_sandbox();
    let (settings, reads) = (settings(&sandbox), Arc::new(AtomicUsize::new(0)));
    let (counted, folder) = (Arc::clone(&reads), folder.path().to_owned());
    let load = move |file: &Path| {
        counted.fetch_add(1, Ordering::Relaxed);
        Loaded {
            files: vec![WatchedFile::new(file)],
            settings: Ok(settings.clone()),
        }
    };
    let _door = Door::with(sandbox, move |setup| {
        setup.merchants = Some(Merchants::folder(folder, load));
    });
    write(&path, "right");
    let other = path.with_file_name("other.toml");
    write(&other, "right");
    // By then the folder has been looked at.
    until(|| reads.load(Ordering::Relaxed) == 2);
    write(&path, "changed");
    until(|| reads.load(Ordering::Relaxed) == 3);
}

#[test]
fn a_broken_file_keeps_the_old_settings_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.toml");
    write(&file, "right");
    let door = door(start_sandbox(), folder.path());
    let broken = "wxpay_merchant_settings_broken{merchant=\"shop\"}";
    assert!(door.get("/metrics").text.contains(&format!("{broken} 0")));
    write(&file, "line 3 is no setting");
    until(|| door.get("/readyz").text.contains("line 3 is no setting"));
    door.get("/readyz").assert_status(200);
    assert!(door.get("/metrics").text.contains(&format!("{broken} 1")));
    let first = door.post("", &picture(100)).assert_status(200);
    write(&file, "right");
    until(|| !door.get("/readyz").text.contains("line 3"));
    assert!(door.get("/metrics").text.contains(&format!("{broken} 0")));
    let again = door.post("", &picture(100)).assert_status(200);
    assert_eq!(again.media_id(), first.media_id());
}

#[test]
fn a_file_that_is_broken_from_the_start_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("shop.toml"), "cut");
    let door = door(start_sandbox(), folder.path());
    let ready = door.get("/readyz").assert_status(503);
    assert_eq!(ready.json()["merchants"][0]["broken"], "cut");
    door.post("?merchant=shop", &picture(100))
        .assert_refused(404, "not known");
}

#[test]
fn a_merchant_that_cannot_upload_is_not_ready_until_its_settings_change() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.toml");
    write(&file, "wrong key");
    let door = door(start_sandbox(), folder.path());
    door.get("/readyz").assert_status(200);
    door.post("", &picture(100)).assert_status(502);
    let ready = door.get("/readyz").assert_status(503);
    assert_eq!(ready.json()["ready"], false);
    let problem = ready.json()["merchants"][0]["problem"].clone();
    assert!(problem.as_str().unwrap().contains("SIGNERROR"), "{problem}");
    write(&file, "right");
    until(|| door.get("/readyz").status == 200);
    door.post("", &picture(100)).assert_status(200);
}

#[test]
fn files_replaced_under_load_fail_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.toml");
    write(&file, "right");
    let door = door(start_sandbox(), folder.path());
    let end = Instant::now() + Duration::from_secs(4);
    thread::scope(|scope| {
        for caller in 0..4 {
            let door = &door;
            scope.spawn(move || {
                for number in 0.. {
                    if Instant::now() > end {
                        break;
                    }
                    let picture = picture(1000 + 4 * number + caller);
                    door.post("", &picture).assert_status(200);
                }
            });
        }
        while Instant::now() < end {
            for content in ["right", "broken"] {
                write(&file, content);
                thread::sleep(Duration::from_millis(700));
            }
        }
    });
}

#[test]
fn one_merchant_in_two_files_is_refused_in_the_second() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.toml", "b.toml"] {
        write(&folder.path().join(name), "right");
    }
    let door = door(start_sandbox(), folder.path());
    let ready = door.get("/readyz").assert_status(503);
    assert!(ready.text.contains("has another file"), "{}", ready.text);
    door.post("?merchant=a", &picture(100)).assert_status(200);
}
