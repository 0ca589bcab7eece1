//! `wxpay sandbox` in scripts: the `env` file and the curl command, signals, waiting, commands, and
//! proxies.

use std::{fs, io::BufReader, process::Stdio};

use super::{Sandbox, refused_in};
use crate::program::{JPG, PNG, PROGRAM, Runnable, next_line, shell, signal, text, wait, wxpay};

#[test]
fn the_env_file_is_all_that_an_upload_needs() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("it's a folder");
    let _sandbox = Sandbox::in_folder(&dir, "");
    let env = text(&dir.join("env")).replace('\'', r"'\''");
    for sign_type in ["md5", "hmac-sha256"] {
        shell(&format!(
            ". '{env}' && cd / && '{PROGRAM}' upload --sign-type {sign_type} '{JPG}'"
        ));
    }
}

#[test]
fn the_printed_curl_command_works_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    // Special characters of the shell and of curl itself.
    for name in ["plain", "it's \"$HOME\"", "a:b;c,d=e\\f"] {
        let mut sandbox = Sandbox::in_folder(&folder.path().join(name), "");
        let done = "<result_code><![CDATA[SUCCESS]]></result_code>";
        shell(&sandbox.curl()).assert_out(done);
    }
}

#[test]
fn the_p12_file_is_opened_by_the_merchant_id() {
    let sandbox = Sandbox::new("");
    let script = format!(
        "curl --silent --show-error --noproxy '*' --cacert '{0}/ca.pem' --cert-type P12 \
         --cert '{0}/apiclient_cert.p12:1900000109' -d '' {1}/secapi/mch/uploadmedia",
        sandbox.folder().display(),
        sandbox.origin
    );
    // The certificate is accepted, and the form, which is checked later, is refused.
    shell(&script).assert_out("Invalid XML format");
}

#[test]
fn a_signal_ends_it_while_it_is_blocked() {
    let folder = tempfile::tempdir().unwrap();
    let lock = fs::File::open(folder.path()).unwrap();
    lock.lock().unwrap();
    for name in ["INT", "TERM", "HUP"] {
        let mut command = wxpay("sandbox --listen 127.0.0.1:0 --dir");
        let mut child = command.arg(folder.path()).start(Stdio::null());
        let line = next_line(&mut BufReader::new(child.stderr.take().unwrap()));
        assert!(line.starts_with("waiting for another sandbox"), "{line}");
        signal(child.id(), name);
        wait(child).assert_exit(1);
    }
}

#[test]
fn a_signal_that_was_ignored_at_the_start_ends_it_from_the_first_line_on() {
    // A shell without job control starts background commands with SIGINT ignored.
    for words in ["sandbox --listen 127.0.0.1:0", "upload --sandbox -"] {
        for _ in 0..8 {
            let script = format!("trap '' INT; exec '{PROGRAM}' {words} 2>&1");
            let mut command = std::process::Command::new("sh");
            let mut child = command.args(["-c", &script]).start(Stdio::piped());
            // Open, for a picture that never comes.
            let stdin = child.stdin.take();
            let line = next_line(&mut BufReader::new(child.stdout.take().unwrap()));
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
    let folder = folder.path();
    let ready = folder.join("ready");
    // The file of an earlier sandbox.
    fs::write(&ready, "https://127.0.0.1:1\n").unwrap();
    let run = shell(&format!(
        "cd '{}'; rm -f ready; '{PROGRAM}' sandbox --listen 127.0.0.1:0 --dir creds --ready-file ready >out &\n\
         until [ -e ready ]; do sleep 0.05; done\n\
         . creds/env && cat ready && '{PROGRAM}' upload '{PNG}'; kill -INT $!; wait $!",
        folder.display(),
    ));
    assert!(run.out.starts_with("https://127.0.0.1:"), "{run:?}");
    run.assert_out("licence.png");
    assert!(!ready.exists());
    // A file of another origin is left alone.
    fs::write(&ready, "mine").unwrap();
    let words = format!("--ready-file {}", ready.display());
    refused_in(folder, &words).assert_err("ready");
    assert_eq!(fs::read_to_string(&ready).unwrap(), "mine");
    // An error names the file, not a temporary one.
    let missing = folder.join("missing/ready");
    let words = format!("--ready-file {}", missing.display());
    refused_in(folder, &words)
        .assert_err(&format!("cannot write {}: ", missing.display()))
        .assert_not("at path");
}

#[test]
fn a_command_runs_while_it_is_up_and_ends_it() {
    let mut command = wxpay("sandbox HTTPS_PROXY=http://127.0.0.1:1 --");
    let run = command.args([PROGRAM, "upload", PNG]).assert_exit(0);
    assert!(run.out.ends_with("licence.png\n"), "{run:?}");
    run.assert_lines(1);
    for (command, status) in [("exit 7", 7), ("kill -KILL $$", 137), ("true", 0)] {
        wxpay("sandbox -- sh -c").arg(command).assert_exit(status);
    }
    let run = wxpay("sandbox -- /no/such/program").assert_exit(2);
    run.assert_err("/no/such/program");
}

#[test]
fn a_signal_is_passed_on_to_the_command() {
    let script = "trap 'echo told; exit 9' TERM; echo up; while :; do sleep 0.05; done";
    let mut command = wxpay("sandbox -- sh -c");
    let mut child = command.arg(script).start(Stdio::null());
    let mut out = BufReader::new(child.stdout.take().unwrap());
    assert_eq!(next_line(&mut out), "up\n");
    signal(child.id(), "TERM");
    wait(child).assert_exit(9);
    assert_eq!(next_line(&mut out), "told\n");
}

#[test]
fn a_proxy_of_the_environment_is_not_used_for_the_sandbox() {
    let mut sandbox = Sandbox::new("");
    let proxy = "export HTTPS_PROXY=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1";
    shell(&format!("{proxy}; {}", sandbox.curl())).assert_out("SUCCESS");
    let env = sandbox.folder().join("env");
    let env = env.display();
    for before in [
        "unset NO_PROXY no_proxy; set -u",
        "export NO_PROXY=intern.test no_proxy=intern.test",
    ] {
        let run = shell(&format!(
            "{proxy}; {before}; . '{env}' && echo $NO_PROXY $no_proxy && '{PROGRAM}' upload '{PNG}'"
        ));
        let is_kept = run.out.contains("intern.test");
        assert_eq!(is_kept, before.contains("intern"), "{run:?}");
        // Clients of other languages read only the variables.
        shell(&format!(
            "{proxy}; . '{env}' && curl --silent --show-error --cacert \"$WXPAY_CA\" $WXPAY_ENDPOINT/"
        ));
    }
}
