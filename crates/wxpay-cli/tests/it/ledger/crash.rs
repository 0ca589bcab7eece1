//! The state on the disk after a run that ends early, in any way.

use std::{
    collections::{HashMap, HashSet},
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::Shop;
use crate::program::{Run, Runnable, ends, signal, text, wait};

const PICTURES: u32 = 60;

/// Maximum number of simultaneous uploads: those that call, and those that wait for their commit.
const UNDER_WAY: usize = 4 + 32;

/// A shop with pictures, of which two each are equal.
fn shop(faults: &str) -> Shop {
    let shop = Shop::new(faults);
    (0..PICTURES).for_each(|number| shop.picture(&format!("{number}.png"), number / 2 * 2));
    shop
}

/// Asserts that every printed id is in the ledger.
fn assert_on_disk(shop: &Shop, run: &Run) {
    let done = shop.export();
    for line in run.out.lines() {
        assert!(done.values().any(|id| id == &line[..43]), "{line}");
    }
}

#[test]
fn nothing_is_lost_by_kill_9_at_any_moment() {
    let shop = shop("delay=5ms");
    let mut printed = HashSet::new();
    let mut done_before = HashMap::new();
    let assert_kept = |before: &HashMap<String, String>, now: &HashMap<String, String>| {
        for (file, id) in before {
            assert_eq!(now.get(file), Some(id), "{file} is lost");
        }
    };
    for kill in 0..8 {
        let mut child = shop.upload("pictures").start(Stdio::null());
        // From before the first read of the ledger to after several commits.
        thread::sleep(Duration::from_millis(10 + kill * 23));
        let _ = child.kill();
        let out = wait(child).out;
        // The last line may be incomplete.
        let complete = out.rfind('\n').map_or("", |end| &out[..end]);
        printed.extend(complete.lines().map(|line| line[..43].to_owned()));
        let mut done = HashMap::new();
        if shop.path("ledger").exists() && kill > 2 {
            done = shop.export();
        }
        assert_kept(&done_before, &done);
        done_before = done;
    }
    let run = shop.upload("pictures").assert_exit(0);
    run.assert_lines(PICTURES as usize);
    let export = shop.export();
    assert_eq!(export.len(), PICTURES as usize);
    assert_kept(&done_before, &export);
    let calls = shop.calls();
    let given: HashSet<_> = calls.iter().map(|(_, id)| id).collect();
    let known: HashSet<_> = export.values().collect();
    assert!(
        known.is_subset(&given),
        "an id that the gateway did not give"
    );
    let is_known = |id: &String| known.contains(id);
    assert!(
        printed.iter().all(is_known),
        "an id was printed before its commit"
    );
    let contents: HashSet<_> = calls.iter().map(|(hash, _)| hash).collect();
    assert_eq!(contents.len(), PICTURES as usize / 2);
    let sent = calls.len();
    assert!(sent <= contents.len() + 8 * UNDER_WAY, "{sent} calls");
}

fn until(mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(5));
    }
}

/// A run after its first calls.
fn started(shop: &Shop, calls: usize) -> Child {
    let child = shop.upload("pictures").start(Stdio::null());
    until(|| shop.calls().len() >= calls);
    child
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_keeps_the_ids() {
    let shop = shop("delay=20ms");
    let child = started(&shop, 10);
    signal(child.id(), "INT");
    let run = wait(child).assert_exit(1);
    run.assert_err("interrupted: run it again");
    let done = shop.export().len();
    assert!(done > 0 && done < PICTURES as usize, "{run:?}");
    assert_on_disk(&shop, &run);
}

#[cfg(unix)]
#[test]
fn a_second_run_on_the_same_ledger_is_refused_and_readers_are_not() {
    let shop = shop("delay=300ms");
    let mut upload = shop.upload("--concurrency 1 pictures");
    let mut child = upload.start(Stdio::null());
    let is_empty = || shop.ledger("status").run().out.contains("uploaded  0");
    until(|| !shop.calls().is_empty() && !is_empty());
    let second = shop.upload("pictures").assert_exit(2);
    second.assert_err("another process uploads by it");
    shop.ledger("export").assert_exit(0);
    shop.ledger("forget --older-than 0").assert_exit(0);
    signal(child.id(), "TERM");
    assert_eq!(ends(&mut child), Some(1));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_nothing_counts_as_done() {
    let shop = shop("");
    shop.upload("pictures/0.png").assert_exit(0);
    let upload = shop.upload("pictures");
    // The shell limits the length of files, and ignores the signal about it.
    let mut limited = Command::new("bash");
    let variables = upload.get_envs();
    let run = limited
        .args(["-c", "trap '' XFSZ; ulimit -f 40; exec \"$0\" \"$@\""])
        .arg(upload.get_program())
        .args(upload.get_args())
        .current_dir(shop.folder.path())
        .envs(variables.filter_map(|(name, value)| Some((name, value?))))
        .assert_exit(1);
    run.assert_err("error: the ledger ");
    assert!(shop.export().len() < PICTURES as usize, "{run:?}");
    assert_on_disk(&shop, &run);
    shop.upload("pictures").assert_exit(0);
    assert_eq!(shop.export().len(), PICTURES as usize);
}

/// Skipped without the right to mount file systems, as in many containers.
#[cfg(target_os = "linux")]
#[test]
fn a_full_file_system_is_an_error_and_a_read_only_one_is_refused() {
    let shop = shop("");
    let place = shop.path("small");
    fs::create_dir(&place).unwrap();
    let mount = |options: &str| {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs", text(&place)]);
        mount.output().is_ok_and(|it| it.status.success())
    };
    if !mount("size=128k") {
        return;
    }
    let upload = || shop.client("upload --ledger small/l pictures").run();
    let full = upload();
    let remounted = mount("remount,ro");
    let refused = upload();
    let unmounted = Command::new("umount").arg(&place).status();
    assert!(unmounted.unwrap().success() && remounted);
    full.assert_exit(1).assert_err("the disk is full");
    refused.assert_exit(2).assert_err("cannot be written");
}

#[cfg(unix)]
#[test]
fn a_ledger_that_is_removed_during_a_run_ends_it() {
    let shop = shop("delay=50ms");
    let child = started(&shop, 5);
    fs::remove_file(shop.path("ledger")).unwrap();
    let run = wait(child).assert_exit(1);
    run.assert_err("removed or replaced");
    assert_eq!(run.err.matches("error: ").count(), 1, "{run:?}");
}
