//! What comes of arguments that a stranger has chosen: names of files, and what a shell makes of them.

use std::{fs, path::Path, process::Command};

use crate::{
    config::complete,
    program::{Run, RunToEnd, example, text, wxpay},
};

/// Nothing that steers a terminal is in what was printed.
fn assert_harmless(run: &Run) {
    for output in [&run.out, &run.err] {
        let harmful = output.chars().find(|&character| {
            character != '\n' && character.is_control()
                || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}')
                || matches!(character, '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{feff}')
                || matches!(character, '\u{e0020}'..='\u{e007f}')
        });
        assert_eq!(harmful, None, "{run:?}");
    }
}

/// One of each kind: C0, DEL, C1, an override and an isolate of direction, a line of Unicode's, a tag.
const NAMES: [&str; 7] = [
    "\u{1b}]0;x\u{7}.png",
    "\u{7f}.png",
    "\u{9b}31m.png",
    "gpj.\u{202e}.png",
    "\u{2066}gpj.png",
    "a\u{2028}b.png",
    "\u{e0041}.png",
];

#[cfg(target_os = "linux")]
#[test]
fn a_file_name_does_not_steer_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        let path = folder.path().join(name);
        fs::copy(example("licence.png"), &path).unwrap();
        let missing = folder.path().join(format!("no {name}"));
        for (path, status) in [(&path, 0), (&missing, 1)] {
            for more in [
                &[][..],
                &["--json"],
                &["--dry-run"],
                &["--dry-run", "--json"],
            ] {
                let mut command = wxpay(["-v", "upload", "--sandbox"]);
                let run = command
                    .args(more)
                    .args(["--", text(path)])
                    .assert_exit(status);
                assert_harmless(&run);
                if more.contains(&"--json") {
                    // The value itself is unchanged.
                    assert_eq!(run.json()[0]["file"], text(path));
                }
            }
        }
    }
}

#[test]
fn an_argument_does_not_steer_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        for arguments in [
            &["upload", &format!("--{name}")][..],
            &["upload", "--sandbox", &format!("--json={name}"), "x.png"],
            &["upload", "--region", name, "x.png"],
            &["sandbox", "--fault", name],
            &["sign", name],
            &["sign", "a=b", &format!("sign_type={name}")],
            &["verify", name],
            &["completions", name],
            &[name],
        ] {
            let run = wxpay(arguments.iter().copied()).assert_exit(2);
            assert_harmless(&run);
        }
        let mut command = complete(folder.path());
        command.env("WXPAY_CA", name).arg("x.png");
        assert_harmless(&command.assert_exit(2));
    }
}

fn in_folder(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = wxpay(arguments.iter().copied());
    command.current_dir(folder);
    command
}

#[cfg(unix)]
#[test]
fn an_option_that_is_a_file_here_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "--ca=x.pem",
        "--resolve=api.mch.weixin.qq.com:443:127.0.0.1",
        "--json",
        "-v",
        "--\u{1b}]0;x\u{7}.jpg",
        "--key",
    ] {
        fs::write(folder.path().join(name), "").unwrap();
        for verb in ["upload", "doctor", "sign"] {
            let run = in_folder(folder.path(), &[verb, name, "a.png"]).assert_exit(2);
            assert!(run.err.contains("`--`") && run.out.is_empty(), "{run:?}");
            assert_harmless(&run);
        }
        // After the mark it is a file: not a picture, here.
        let run = in_folder(folder.path(), &["upload", "--sandbox", "--", name]).assert_exit(1);
        run.assert_err("empty");
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    // A link into nowhere is a file here, too.
    std::os::unix::fs::symlink("nowhere", folder.path().join("--sandbox")).unwrap();
    in_folder(folder.path(), &["upload", "--sandbox", "a.png"]).assert_exit(2);
}

#[test]
fn what_decides_trust_destination_or_identity_is_given_once() {
    let gateway = "--ca --cert --key --key-password-file --p12 --p12-password-file --api-key-file \
                   --mch-id --proxy --proxy-auth-file";
    let mut twice = Vec::new();
    for verb in ["upload x.png", "doctor"] {
        twice.push(format!("{verb} --region us --region us"));
        for flag in gateway.split(' ').filter(|flag| !flag.is_empty()) {
            let proxy = if flag == "--proxy-auth-file" {
                "--proxy http://h"
            } else {
                ""
            };
            twice.push(format!("{verb} {proxy} {flag} a {flag} a"));
        }
    }
    for flag in "--dir --keep --mch-id --api-key-file --ready-file".split(' ') {
        twice.push(format!("sandbox {flag} 1 {flag} 2"));
    }
    let listen = "sandbox --listen 127.0.0.1:0 --listen 0.0.0.0:0";
    twice.push(listen.to_owned());
    for verb in ["sign a=b", "verify a"] {
        twice.push(format!("{verb} --api-key-file a --api-key-file b"));
    }
    for arguments in twice {
        let run = wxpay([]).with(&arguments).assert_exit(2);
        run.assert_err("multiple times");
    }
    // What decides none of these may be said again, as for an alias.
    let again = "--timeout 9 --timeout 8 --json --json --retries 1 --retries 0 --concurrency 1 \
                 --concurrency 2";
    let picture = example("licence.png");
    let mut upload = wxpay(["upload", "--sandbox", text(&picture)]);
    upload.with(again).assert_exit(0);
}

#[test]
fn what_is_not_a_file_is_said_to_be_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for (argument, word) in [
        ("https://example.com/a.jpg", "URL"),
        ("HTTP://example.com/a.jpg", "URL"),
        ("file:///tmp/a.jpg", "URL"),
        ("@list.txt", "list"),
        ("pictures/*.jpg", "pattern"),
        ("licence[0-9].png", "pattern"),
        ("missing?.png", "pattern"),
    ] {
        let upload = ["upload", "--sandbox", argument];
        let run = in_folder(folder.path(), &upload).assert_exit(1);
        run.assert_err(word);
        run.assert_err(argument);
        let run = in_folder(folder.path(), &upload)
            .arg("--json")
            .assert_exit(1);
        let error = &run.json()[0]["error"];
        assert_eq!(error["kind"], "image");
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
    }
    let run = in_folder(folder.path(), &["upload", "--sandbox", ""]).assert_exit(2);
    run.assert_err("empty");
    // A file of just this name is a file.
    #[cfg(unix)]
    for name in ["@list.txt", "a*.jpg"] {
        fs::copy(example("licence.jpg"), folder.path().join(name)).unwrap();
        in_folder(folder.path(), &["upload", "--sandbox", name]).assert_exit(0);
    }
}
