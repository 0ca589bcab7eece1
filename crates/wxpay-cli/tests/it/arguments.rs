//! Arguments that a stranger has chosen: names of files, which a shell puts in place of `*`.

use std::{fs, path::Path, process::Command};

use crate::{
    config::complete,
    program::{JPG, PNG, Run, Runnable, text, wxpay},
};

/// Asserts that no character that steers a terminal was printed.
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

/// C0, a line break, DEL, C1, an override and an isolate of direction, a line separator, a tag, and
/// a soft hyphen, each with its escaped form.
const NAMES: [(&str, &str); 9] = [
    ("\u{1b}]0;x\u{7}.png", r"\u{1b}]0;x\u{7}.png"),
    ("a\nb.png", r"a\nb.png"),
    ("\u{7f}.png", r"\u{7f}.png"),
    ("\u{9b}31m.png", r"\u{9b}31m.png"),
    ("gpj.\u{202e}.png", r"gpj.\u{202e}.png"),
    ("\u{2066}gpj.png", r"\u{2066}gpj.png"),
    ("a\u{2028}b.png", r"a\u{2028}b.png"),
    ("\u{e0041}.png", r"\u{e0041}.png"),
    ("图\u{ad}.png", r"图\u{ad}.png"),
];

#[cfg(target_os = "linux")]
#[test]
fn a_file_name_does_not_steer_a_terminal_and_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for (name, escaped) in NAMES {
        let path = folder.path().join(name);
        fs::copy(PNG, &path).unwrap();
        let missing = folder.path().join(format!("no {name}"));
        for (path, status) in [(&path, 0), (&missing, 1)] {
            for (more, lines) in [
                ("", 1 - status as usize),
                ("--json", 1),
                ("--dry-run", 8 * (1 - status as usize)),
                ("--dry-run --json", 1),
            ] {
                let mut command = wxpay("-v upload --sandbox");
                let command = command.with(more).args(["--", text(path)]);
                let run = command.assert_exit(status);
                assert_harmless(&run);
                run.assert_lines(lines);
                if more.contains("--json") {
                    // The value itself is unchanged.
                    assert_eq!(run.json_line()["file"], text(path));
                } else {
                    let printed = if status == 0 { &run.out } else { &run.err };
                    assert!(printed.contains(escaped), "{run:?}");
                }
            }
        }
    }
}

#[test]
fn an_argument_does_not_steer_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    for (name, _) in NAMES {
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
            let run = wxpay("").args(arguments).assert_exit(2);
            assert_harmless(&run);
        }
        let mut command = complete(folder.path());
        command.env("WXPAY_CA", name).arg("x.png");
        assert_harmless(&command.assert_exit(2));
    }
}

fn in_folder(folder: &Path, words: &str) -> Command {
    let mut command = wxpay(words);
    command.current_dir(folder);
    command
}

#[cfg(unix)]
#[test]
fn an_option_that_is_a_file_here_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for name in [
        "--ca=x.pem",
        "--resolve=api.mch.weixin.qq.com:443:127.0.0.1",
        "--json",
        "-v",
        "--\u{1b}]0;x\u{7}.jpg",
        "--key",
    ] {
        fs::write(folder.join(name), "").unwrap();
        for verb in ["upload", "doctor", "sign"] {
            let run = in_folder(folder, &format!("{verb} {name} a.png")).assert_exit(2);
            run.assert_err("`--`").assert_lines(0);
            assert_harmless(&run);
        }
        // After `--` it is a file, and not a picture.
        let run = in_folder(folder, &format!("upload --sandbox -- {name}")).assert_exit(1);
        run.assert_err("empty");
        fs::remove_file(folder.join(name)).unwrap();
    }
    // So is a link into nowhere.
    std::os::unix::fs::symlink("nowhere", folder.join("--sandbox")).unwrap();
    in_folder(folder, "upload --sandbox a.png").assert_exit(2);
}

#[test]
fn flags_for_trust_destination_and_identity_are_given_once() {
    let mut twice = Vec::new();
    for verb in ["upload x.png", "doctor"] {
        for flag in "--region=us --ca=a --cert=a --key=a --key-password-file=a --p12=a \
                     --p12-password-file=a --api-key-file=a --mch-id=a --proxy=http://h"
            .split_whitespace()
        {
            twice.push(format!("{verb} {flag} {flag}"));
        }
        let auth = "--proxy-auth-file=a --proxy-auth-file=a";
        twice.push(format!("{verb} --proxy http://h {auth}"));
    }
    for flag in "--dir --keep --mch-id --api-key-file --ready-file".split(' ') {
        twice.push(format!("sandbox {flag} 1 {flag} 2"));
    }
    let listen = "sandbox --listen 127.0.0.1:0 --listen 0.0.0.0:0";
    twice.push(listen.to_owned());
    for verb in ["sign a=b", "verify a"] {
        twice.push(format!("{verb} --api-key-file a --api-key-file b"));
    }
    for words in twice {
        wxpay(&words).assert_exit(2).assert_err("multiple times");
    }
    // Other flags may be repeated, as after an alias.
    let again = "upload --sandbox --timeout 9 --timeout 8 --json --json --retries 1 --retries 0 \
                 --concurrency 1 --concurrency 2";
    wxpay(again).arg(PNG).assert_exit(0);
}

#[test]
fn an_argument_that_is_no_file_is_named_by_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (argument, word) in [
        ("https://example.com/a.jpg", "URL"),
        ("HTTP://example.com/a.jpg", "URL"),
        ("file:///tmp/a.jpg", "URL"),
        ("data:image/png;base64,iVBORw0KGgo", "data URL"),
        (
            &format!("DATA:image/jpeg;base64,{}", "/9j/".repeat(100)),
            "data URL",
        ),
        ("@list.txt", "list"),
        ("pictures/*.jpg", "pattern"),
        ("licence[0-9].png", "pattern"),
        ("missing?.png", "pattern"),
    ] {
        let upload = format!("upload --sandbox {argument}");
        let run = in_folder(folder, &upload).assert_exit(1);
        run.assert_err(word).assert_err(argument);
        let run = in_folder(folder, &upload).arg("--json").assert_exit(1);
        let error = &run.json_line()["error"];
        assert_eq!(error["kind"], "image");
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
    }
    let run = wxpay("upload --sandbox").arg("").assert_exit(2);
    run.assert_err("empty");
    // A file of this name is a file.
    #[cfg(unix)]
    for name in ["@list.txt", "a*.jpg"] {
        fs::copy(JPG, folder.join(name)).unwrap();
        in_folder(folder, "upload --sandbox")
            .arg(name)
            .assert_exit(0);
    }
}
