//! The state on the disk when a run ends in the middle, however it does.

use std::{
    collections::{HashMap, HashSet},
    fs,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use super::Shop;
use crate::program::{RunToEnd, ends, signal, text, wait, wxpay};

const PICTURES: u32 = 60;

/// Up to so many are under way: those that call, and those that wait for their commit.
const UNDER_WAY: usize = 4 + 32;

fn fill(shop: &Shop) {
    (0..PICTURES).for_each(|number| shop.picture(&format!("{number}.png"), number / 2 * 2));
}

#[test]
fn nothing_is_lost_by_kill_9_at_any_moment() {
    let shop = Shop::new(&["delay=5ms"]);
    fill(&shop);
    let mut printed = HashSet::new();
    let mut done_before = HashMap::new();
    for kill in 0..8 {
        let mut child = shop.upload("pictures").start();
        // From before its first look at the ledger to after several commits.
        thread::sleep(Duration::from_millis(10 + kill * 23));
        let _ = child.kill();
        let out = wait(child).out;
        // The last line may be cut.
        let whole = out.rfind('\n').map_or("", |end| &out[..end]);
        printed.extend(whole.lines().map(|line| line[..43].to_owned()));
        let done = if shop.path("ledger").exists() && kill > 2 {
            shop.export()
        } else {
            HashMap::new()
        };
        for (file, id) in &done_before {
            assert_eq!(done.get(file), Some(id), "{file} is lost");
        }
        done_before = done;
    }
    let run = shop.upload("pictures").assert_exit(0);
    let export = shop.export();
    assert_eq!(
        (run.out.lines().count(), export.len()),
        (PICTURES as usize, PICTURES as usize)
    );
    for (file, id) in &done_before {
        assert_eq!(export.get(file), Some(id), "{file} is lost");
    }
    let calls = shop.calls();
    let given: HashSet<_> = calls.iter().map(|(_, id)| id.as_str()).collect();
    let known: HashSet<_> = export.values().map(String::as_str).collect();
    assert!(
        known.is_subset(&given),
        "an id that the gateway did not give"
    );
    assert!(
        printed.iter().all(|id| known.contains(id.as_str())),
        "an id was printed before its commit"
    );
    let contents: HashSet<_> = calls.iter().map(|(hash, _)| hash).collect();
    assert_eq!(contents.len(), PICTURES as usize / 2);
    assert!(
        calls.len() <= contents.len() + 8 * UNDER_WAY,
        "{} calls",
        calls.len()
    );
}

/// A run that is under way: so many calls have come in.
fn started(shop: &Shop, calls: usize) -> Child {
    let child = shop.upload("pictures").start();
    let started = Instant::now();
    while shop.calls().len() < calls {
        assert!(started.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(5));
    }
    child
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_keeps_what_is_done() {
    let shop = Shop::new(&["delay=20ms"]);
    fill(&shop);
    let child = started(&shop, 10);
    signal(child.id(), "INT");
    let run = wait(child).assert_exit(1);
    run.assert_err("interrupted: run it again");
    let done = shop.export();
    assert!(
        !done.is_empty() && done.len() < PICTURES as usize,
        "{run:?}"
    );
    for line in run.out.lines() {
        assert!(done.values().any(|id| id == &line[..43]), "{line}");
    }
}

#[cfg(unix)]
#[test]
fn a_second_run_on_the_same_ledger_is_told_and_readers_are_not_in_the_way() {
    let shop = Shop::new(&["delay=300ms"]);
    fill(&shop);
    let mut child = shop.upload("--concurrency 1 pictures").start();
    let started = Instant::now();
    while shop.ledger("status", "").out.matches("uploaded  0").count() == 1
        || shop.calls().is_empty()
    {
        assert!(started.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(20));
    }
    let second = shop.upload("pictures").assert_exit(2);
    second.assert_err("another process uploads by it");
    shop.ledger("export", "").assert_exit(0);
    shop.ledger("forget", "--older-than 0").assert_exit(0);
    signal(child.id(), "TERM");
    assert_eq!(ends(&mut child), Some(1));
}

/// A shell that limits how long a file may become, and ignores the signal that says so.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_is_told_and_nothing_is_taken_for_done() {
    let shop = Shop::new(&[]);
    fill(&shop);
    shop.upload("pictures/0.png").assert_exit(0);
    let arguments = shop.upload("pictures");
    let mut limited = Command::new("bash");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 40; exec \"$0\" \"$@\""])
        .arg(arguments.get_program())
        .args(arguments.get_args())
        .current_dir(shop.folder.path())
        .envs(
            arguments
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    let run = limited.assert_exit(1);
    run.assert_err("error: the ledger ");
    let done = shop.export();
    assert!(done.len() < PICTURES as usize, "{run:?}");
    for line in run.out.lines() {
        assert!(
            done.values().any(|id| id == &line[..43]),
            "{line} is not on the disk"
        );
    }
    shop.upload("pictures").assert_exit(0);
    assert_eq!(shop.export().len(), PICTURES as usize);
}

/// Where file systems can be mounted: as root of a machine, not of every container.
#[cfg(target_os = "linux")]
#[test]
fn a_small_file_system_that_fills_up_is_told_and_one_that_is_read_only_is_refused() {
    let shop = Shop::new(&[]);
    fill(&shop);
    let place = shop.path("small");
    fs::create_dir(&place).unwrap();
    let mount = |options: &str| {
        let arguments = ["-t", "tmpfs", "-o", options, "tmpfs", text(&place)];
        Command::new("mount")
            .args(arguments)
            .output()
            .is_ok_and(|it| it.status.success())
    };
    if !mount("size=128k") {
        return;
    }
    let ledger = place.join("l");
    let upload = || {
        let mut command = wxpay(["upload", "--ledger", text(&ledger), "pictures"]);
        let variables = shop.variables.iter().map(|(name, value)| (name, value));
        command
            .envs(variables)
            .current_dir(shop.folder.path())
            .run()
    };
    let full = upload();
    let remounted = mount("remount,ro");
    let refused = upload();
    let unmounted = Command::new("umount").arg(&place).status();
    assert!(unmounted.unwrap().success() && remounted);
    assert!(full.assert_exit(1).err.contains("the disk is full"));
    assert!(refused.assert_exit(2).err.contains("cannot be written"));
}

#[cfg(unix)]
#[test]
fn a_ledger_that_is_removed_under_a_run_ends_it() {
    let shop = Shop::new(&["delay=50ms"]);
    fill(&shop);
    let child = started(&shop, 5);
    fs::remove_file(shop.path("ledger")).unwrap();
    let run = wait(child).assert_exit(1);
    run.assert_err("removed or replaced");
    assert_eq!(run.err.matches("error: ").count(), 1, "{run:?}");
}
