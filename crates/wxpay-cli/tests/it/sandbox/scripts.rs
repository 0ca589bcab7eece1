//! `wxpay sandbox` in scripts: signals, waiting for it, commands, and proxies.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use super::{Sandbox, shell};
use crate::program::{RunToEnd, example, signal, text, wait, wxpay};

#[test]
fn a_signal_ends_it_while_it_is_blocked() {
    let folder = tempfile::tempdir().unwrap();
    let lock = fs::File::open(folder.path()).unwrap();
    lock.lock().unwrap();
    for name in ["INT", "TERM", "HUP"] {
        let mut child = wxpay(["sandbox", "--listen", "127.0.0.1:0", "--dir"])
            .arg(folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        err.read_line(&mut line).unwrap();
        assert!(line.starts_with("waiting for another sandbox"), "{line}");
        signal(child.id(), name);
        wait(child).assert_exit(1);
    }
}

#[test]
fn a_signal_that_was_ignored_at_the_start_ends_it_from_the_first_line_on() {
    // A shell without job control starts background commands with SIGINT ignored.
    for arguments in ["sandbox --listen 127.0.0.1:0", "upload --sandbox -"] {
        for _ in 0..8 {
            let script = format!(
                "trap '' INT; exec '{}' {arguments} 2>&1",
                env!("CARGO_BIN_EXE_wxpay")
            );
            let mut child = Command::new("sh")
                .args(["-c", &script])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            // Held open: a picture that never comes.
            let stdin = child.stdin.take();
            let mut line = String::new();
            let mut out = BufReader::new(child.stdout.take().unwrap());
            out.read_line(&mut line).unwrap();
            signal(child.id(), "INT");
            let run = wait(child);
            assert!(matches!(run.status, Some(0 | 1)), "{line} {run:?}");
            drop(stdin);
        }
    }
}

#[test]
fn a_script_can_wait_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready");
    // What an earlier one has left.
    fs::write(&ready, "https://127.0.0.1:1\n").unwrap();
    let script = format!(
        "cd '{0}'; rm -f ready; '{program}' sandbox --listen 127.0.0.1:0 --dir creds --ready-file ready >out &\n\
         until [ -e ready ]; do sleep 0.05; done\n\
         . creds/env && cat ready && '{program}' upload '{1}'; kill -INT $!; wait $!",
        folder.path().display(),
        example("licence.png").canonicalize().unwrap().display(),
        program = env!("CARGO_BIN_EXE_wxpay"),
    );
    let run = shell(&script).assert_exit(0);
    assert!(run.out.starts_with("https://127.0.0.1:"), "{run:?}");
    run.assert_out("licence.png");
    assert!(!ready.exists());
    // A file of somebody else is left alone.
    fs::write(&ready, "mine").unwrap();
    let arguments = ["sandbox", "--listen", "127.0.0.1:0", "--ready-file"];
    let run = wxpay(arguments.into_iter().chain([text(&ready)])).assert_exit(2);
    run.assert_err("ready");
    assert_eq!(fs::read_to_string(&ready).unwrap(), "mine");
    // One that cannot be written is called by its name, and no temporary one.
    let missing = folder.path().join("missing/ready");
    let run = wxpay(arguments.into_iter().chain([text(&missing)])).assert_exit(2);
    let said = format!("cannot write {}: ", missing.display());
    run.assert_err(&said);
    run.assert_not_err("at path");
}

#[test]
fn a_command_runs_while_it_is_up_and_ends_it() {
    let (program, picture) = (env!("CARGO_BIN_EXE_wxpay"), example("licence.png"));
    let run = wxpay(["sandbox", "--", program, "upload", text(&picture)])
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .assert_exit(0);
    assert!(run.out.ends_with("licence.png\n"), "{run:?}");
    run.assert_lines(1);
    for (command, status) in [("exit 7", 7), ("kill -KILL $$", 137), ("true", 0)] {
        wxpay(["sandbox", "--", "sh", "-c", command]).assert_exit(status);
    }
    let run = wxpay(["sandbox", "--", "/no/such/program"]).assert_exit(2);
    run.assert_err("/no/such/program");
}

#[test]
fn a_signal_is_passed_on_to_the_command() {
    let script = "trap 'echo told; exit 9' TERM; echo up; while :; do sleep 0.05; done";
    let mut child = wxpay(["sandbox", "--", "sh", "-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "up\n");
    signal(child.id(), "TERM");
    wait(child).assert_exit(9);
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "up\ntold\n");
}

#[test]
fn the_proxy_of_a_company_is_not_asked_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut sandbox = Sandbox::in_folder(folder.path());
    let curl = sandbox.line("curl ");
    let proxy = "export HTTPS_PROXY=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1";
    let run = shell(&format!(
        "{proxy}; {} --silent --show-error",
        curl.trim_end()
    ))
    .assert_exit(0);
    run.assert_out("SUCCESS");
    let env = folder.path().join("env");
    for before in [
        "unset NO_PROXY no_proxy; set -u",
        "export NO_PROXY=intern.test no_proxy=intern.test",
    ] {
        let script = format!(
            "{proxy}; {before}; . '{}' && echo $NO_PROXY $no_proxy && '{}' upload '{}'",
            env.display(),
            env!("CARGO_BIN_EXE_wxpay"),
            example("licence.png").canonicalize().unwrap().display()
        );
        let run = shell(&script).assert_exit(0);
        assert_eq!(
            run.out.contains("intern.test"),
            before.contains("intern"),
            "{run:?}"
        );
        // With the variables alone, as other clients do.
        let script = format!(
            "{proxy}; . '{}' && curl --silent --show-error --cacert \"$WXPAY_CA\" $WXPAY_ENDPOINT/",
            env.display()
        );
        shell(&script).assert_exit(0);
    }
}
