//! A folder of merchants, whose files are added, changed, broken and removed.

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

use tempfile::TempDir;
use tokio::{sync::oneshot, time};
use wxpay_agent::{Loaded, Merchants, WatchedFile};
use wxpay_sandbox::Credentials;

use crate::support::{TestAgent, picture, settings, start_sandbox, until};

/// A folder of merchants, and an agent that reads it. A file says `right`, `wrong key` or
/// `other merchant`; any other text is the error of reading it.
struct Folder {
    agent: TestAgent,
    folder: TempDir,
    reads: Arc<AtomicUsize>,
}

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            write(&folder.path().join(name), content);
        }
        let sandbox = start_sandbox();
        let (right, origin) = (sandbox.credentials().clone(), sandbox.origin());
        let wrong_key = right.clone().with_api_key(&"0".repeat(32)).unwrap();
        let other = Credentials::generate_for("1900000110").unwrap();
        let reads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&reads);
        let load = move |file: &Path| {
            counted.fetch_add(1, Ordering::Relaxed);
            let files = vec![WatchedFile::new(file)];
            let credentials = match &*fs::read_to_string(file).unwrap_or_default() {
                "right" => Ok(&right),
                "wrong key" => Ok(&wrong_key),
                "other merchant" => Ok(&other),
                broken => Err(broken.to_owned()),
            };
            let settings = credentials.map(|it| settings(it, &origin));
            Loaded { files, settings }
        };
        let path = folder.path().to_owned();
        let agent = TestAgent::with(sandbox, move |setup| {
            setup.merchants = Merchants::folder(path, load);
        });
        Self {
            agent,
            folder,
            reads,
        }
    }

    fn write(&self, name: &str, content: &str) {
        write(&self.folder.path().join(name), content);
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    fn is_ready(&self) -> bool {
        self.agent.get("/readyz").status == 200
    }
}

/// Replaces a file, so that it is never half written.
fn write(path: &Path, content: &str) {
    let new = path.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::rename(new, path).unwrap();
}

#[test]
fn merchants_are_added_and_removed_with_their_files() {
    let folder = Folder::with(&[]);
    let agent = &folder.agent;
    let assert_refused = |query: &str, words: &str| {
        agent.post(query, &picture(100)).assert_refused(404, words);
    };
    assert!(!folder.is_ready());
    assert_refused("", "not known");
    folder.write("shop.toml", "right");
    folder.write(".hidden.toml", "other merchant");
    until(|| folder.is_ready());
    for query in ["", "?merchant=", "?merchant=shop", "?merchant=1900000109"] {
        agent.post(query, &picture(100)).assert_status(200);
    }
    assert_refused("?merchant=other", "not known");
    folder.write("other.toml", "other merchant");
    until(|| agent.get("/readyz").text.contains("other"));
    assert_refused("", "more than one");
    let known = agent.get("/v1/media/900150983cd24fb0d6963f7d28e17f72");
    known.assert_refused(404, "more than one");
    agent
        .post("?merchant=shop", &picture(100))
        .assert_status(200);
    fs::remove_file(folder.folder.path().join("shop.toml")).unwrap();
    until(|| agent.post("?merchant=shop", &picture(100)).status == 404);
}

#[test]
fn a_file_with_the_same_content_is_not_read_again() {
    let folder = Folder::with(&[("shop.toml", "right")]);
    folder.write("shop.toml", "right");
    folder.write("other.toml", "other merchant");
    // When the new file has been read, the folder has been polled.
    until(|| folder.reads() == 2);
    folder.write("shop.toml", "changed");
    until(|| folder.reads() == 3);
}

#[test]
fn a_broken_file_leaves_the_old_settings_in_force_and_is_reported() {
    let folder = Folder::with(&[("shop.toml", "right")]);
    let agent = &folder.agent;
    let assert_broken = |value: u8| {
        let line = format!("wxpay_merchant_settings_broken{{merchant=\"shop\"}} {value}");
        assert!(agent.get("/metrics").text.contains(&line), "{line}");
    };
    assert_broken(0);
    folder.write("shop.toml", "line 3 is no setting");
    until(|| agent.get("/readyz").text.contains("line 3 is no setting"));
    assert!(folder.is_ready());
    assert_broken(1);
    let first = agent.post("", &picture(100)).assert_status(200);
    folder.write("shop.toml", "right");
    until(|| !agent.get("/readyz").text.contains("line 3"));
    assert_broken(0);
    let again = agent.post("", &picture(100)).assert_status(200);
    assert_eq!(again.media_id(), first.media_id());
}

#[test]
fn a_merchant_without_valid_settings_is_not_ready_and_not_known() {
    let folder = Folder::with(&[("shop.toml", "cut")]);
    let ready = folder.agent.get("/readyz").assert_status(503);
    assert_eq!(ready.json()["merchants"][0]["broken"], "cut");
    let upload = folder.agent.post("?merchant=shop", &picture(100));
    upload.assert_refused(404, "not known");
}

#[test]
fn a_merchant_that_cannot_upload_is_not_ready_until_its_settings_change() {
    let folder = Folder::with(&[("shop.toml", "wrong key")]);
    assert!(folder.is_ready());
    folder.agent.post("", &picture(100)).assert_status(502);
    let ready = folder.agent.get("/readyz").assert_status(503).json();
    assert_eq!(ready["ready"], false);
    let problem = ready["merchants"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("SIGNERROR"), "{problem}");
    folder.write("shop.toml", "right");
    until(|| folder.is_ready());
    folder.agent.post("", &picture(100)).assert_status(200);
}

#[test]
fn a_merchant_that_cannot_upload_is_tried_again_after_a_minute() {
    let (minute, passed) = oneshot::channel();
    let agent = TestAgent::with(start_sandbox(), |_| {
        tokio::spawn(async move {
            let minute = passed.await.unwrap();
            time::pause();
            time::advance(minute).await;
            time::resume();
        });
    });
    agent
        .sandbox
        .inject("error=SIGNERROR,next=1".parse().unwrap());
    agent.post("", &picture(100)).assert_status(502);
    agent.get("/readyz").assert_status(503);
    minute.send(Duration::from_secs(60)).unwrap();
    until(|| agent.get("/readyz").status == 200);
    agent.post("", &picture(100)).assert_status(200);
}

#[test]
fn files_replaced_under_load_fail_no_call() {
    let folder = Folder::with(&[("shop.toml", "right")]);
    let end = Instant::now() + Duration::from_secs(4);
    thread::scope(|scope| {
        for caller in 0..4 {
            let agent = &folder.agent;
            scope.spawn(move || {
                let mut pictures = (1000 + caller..).step_by(4).map(picture);
                while Instant::now() < end {
                    let picture = pictures.next().unwrap();
                    agent.post("", &picture).assert_status(200);
                }
            });
        }
        while Instant::now() < end {
            for content in ["right", "broken"] {
                folder.write("shop.toml", content);
                thread::sleep(Duration::from_millis(700));
            }
        }
    });
}

#[test]
fn the_second_file_of_one_merchant_is_refused() {
    let folder = Folder::with(&[("a.toml", "right"), ("b.toml", "right")]);
    let ready = folder.agent.get("/readyz").assert_status(503).text;
    assert!(ready.contains("has another file"), "{ready}");
    let upload = folder.agent.post("?merchant=a", &picture(100));
    upload.assert_status(200);
}
