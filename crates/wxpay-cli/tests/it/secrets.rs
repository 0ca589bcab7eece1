//! Settings that lead to secrets: read in every form that people have, and never repeated.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    config::complete,
    program::{KEY, Run, RunToEnd, example, text, wait, wxpay},
    sandbox::Sandbox,
};

const PASSWORD: &str = "Tr0ub4dor&3-horse";

/// No eight characters in a row of a secret are in what was printed.
fn assert_hidden(run: &Run, secret: &str) {
    let characters: Vec<char> = secret.chars().filter(|c| !c.is_whitespace()).collect();
    for part in characters.windows(8) {
        let part: String = part.iter().collect();
        // What every PEM file has is no secret.
        if part.contains("---") || "BEGINPRIVATEKEY ENDPRIVATEKEY".contains(&part) {
            continue;
        }
        assert!(
            !run.out.contains(&part) && !run.err.contains(&part),
            "{part}: {run:?}"
        );
    }
}

/// The program with complete settings, as people call it: for people, as JSON, and the doctor.
fn ways(folder: &Path) -> [Command; 3] {
    let picture = example("licence.png");
    let variables = || {
        let complete = complete(folder);
        let set = complete.get_envs().filter_map(|(name, value)| {
            let name = name.to_str().unwrap().to_owned();
            Some((name, value?.to_owned()))
        });
        set.collect::<Vec<_>>()
    };
    [
        &["upload", text(&picture)][..],
        &["upload", "--json", text(&picture)],
        &["doctor", "--json", "--timeout", "0.2"],
    ]
    .map(|arguments| {
        let mut command = wxpay(arguments.iter().copied());
        command
            .envs(variables())
            .env("WXPAY_ENDPOINT", "https://127.0.0.1:1");
        command
    })
}

fn base64(folder: &Path, file: &Path) -> String {
    let run = Command::new("openssl")
        .args(["base64", "-A", "-in", text(file)])
        .current_dir(folder)
        .run();
    run.assert_exit(0).out.trim_end().to_owned()
}

/// The settings of a folder's own PEM pair as a PKCS#12 file.
fn pkcs12(folder: &Path) -> PathBuf {
    complete(folder);
    let arguments =
        "pkcs12 -export -in cert.pem -inkey cert_key.pem -passout pass:1900000109 -out own.p12";
    let run = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .run();
    run.assert_exit(0);
    folder.join("own.p12")
}

#[test]
fn a_secret_given_as_a_path_is_not_echoed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let p12 = base64(folder, &pkcs12(folder));
    let pem = fs::read_to_string(folder.join("cert_key.pem")).unwrap();
    for (variable, secret) in [
        ("WXPAY_KEY", &*pem),
        ("WXPAY_KEY", &pem.replace('\n', " ")),
        ("WXPAY_KEY", KEY),
        ("WXPAY_CERT", &pem),
        ("WXPAY_CA", &pem),
        ("WXPAY_P12", &p12),
        ("WXPAY_P12", PASSWORD),
        ("WXPAY_MCH_ID", KEY),
        ("WXPAY_ENDPOINT", "https://operator:Tr0ub4dor-3@proxy"),
    ] {
        for mut command in ways(folder) {
            if variable == "WXPAY_P12" {
                command.env_remove("WXPAY_CERT").env_remove("WXPAY_KEY");
            }
            let run = command.env(variable, secret).run();
            assert!(matches!(run.status, Some(1 | 2)), "{run:?}");
            assert!((run.out.clone() + &run.err).contains(variable), "{run:?}");
            assert_hidden(&run, secret.trim_start_matches("https://"));
        }
    }
    let for_curl = format!("{}:{PASSWORD}", folder.join("own.p12").display());
    for (flag, secret) in [
        ("--cert", &*for_curl),
        ("--p12", &for_curl),
        ("--cert", "missing.p12:Tr0ub4dor"),
        ("--key", &*pem),
        ("--key", &format!("\n{pem}")),
        ("--cert", &pem),
        ("--ca", &pem),
        ("--api-key-file", KEY),
        ("--mch-id", KEY),
        ("--p12", &p12),
        ("--key-password-file", PASSWORD),
        ("--p12-password-file", PASSWORD),
        ("--proxy-auth-file", "operator:Tr0ub4dor"),
    ] {
        for mut command in ways(folder) {
            if flag.starts_with("--p12-") {
                command.args(["--p12", text(&folder.join("own.p12"))]);
            }
            if flag.starts_with("--proxy") {
                command.args(["--proxy", "http://127.0.0.1:1"]);
            }
            let run = command.args([flag, secret]).run();
            assert!(matches!(run.status, Some(1 | 2)), "{run:?}");
            assert!((run.out.clone() + &run.err).contains(flag), "{run:?}");
            let secret = secret
                .rsplit_once(".p12:")
                .map_or(secret, |(_, password)| password);
            assert_hidden(&run, secret);
        }
    }
}

#[test]
fn a_message_says_what_a_setting_wants() {
    let folder = tempfile::tempdir().unwrap();
    let pem = {
        complete(folder.path());
        fs::read_to_string(folder.path().join("cert_key.pem")).unwrap()
    };
    let picture = example("licence.png");
    let mut command = complete(folder.path());
    let run = command.env("WXPAY_KEY", &pem).arg(&picture).assert_exit(2);
    run.assert_err("WXPAY_KEY holds the private key itself; it wants the path of a file");
    run.assert_err("WXPAY_KEY_PEM");
    let mut command = complete(folder.path());
    let run = command.args(["--api-key-file", KEY]).arg(&picture).run();
    run.assert_err("--api-key-file holds the API v2 key itself");
}

#[test]
fn a_secret_among_the_arguments_is_not_echoed() {
    for arguments in [
        &["upload", "--api-key", KEY, "x.png"][..],
        &["upload", &format!("--{KEY}"), "x.png"],
        &["upload", "--retries", KEY, "x.png"],
        &["upload", &format!("--json={KEY}"), "x.png"],
        &[
            "upload",
            "--endpoint",
            "https://operator:192006250b@h",
            "x.png",
        ],
        &["sign", "a=b", KEY],
        &["sign", "a=b", "--sign-type", KEY],
        &["doctor", KEY],
        &["verify", "reply.xml", KEY],
        &[KEY],
    ] {
        let run = wxpay(arguments.iter().copied()).assert_exit(2);
        assert_hidden(&run, KEY);
    }
}

#[test]
fn a_mark_before_a_text_and_a_line_end_after_it_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let _sandbox = Sandbox::in_folder(folder);
    let file = |name: &str, before: &str, content: &str, after: &str| {
        let path = folder.join(format!("marked-{name}"));
        fs::write(&path, [before, content, after].concat()).unwrap();
        path
    };
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    for after in ["", "\r\n"] {
        let mark = "\u{feff}";
        let variables = Sandbox::variables(folder);
        let key = file("key.txt", mark, read("api_key.txt").trim_end(), after);
        let password = file("password.txt", mark, "1900000109", after);
        let crlf = |name: &str| read(name).replace('\n', "\r\n");
        for identity in [
            vec![
                "--cert".to_owned(),
                text(&file("c.pem", mark, &crlf("apiclient_cert.pem"), after)).to_owned(),
                "--key".to_owned(),
                text(&file("k.pem", mark, &crlf("apiclient_key.pem"), after)).to_owned(),
            ],
            vec![
                "--p12".to_owned(),
                text(&folder.join("apiclient_cert.p12")).to_owned(),
                "--p12-password-file".to_owned(),
                text(&password).to_owned(),
            ],
        ] {
            wxpay(["upload", text(&example("licence.png"))])
                .envs(variables.clone())
                .env_remove("WXPAY_API_KEY")
                .args(["--api-key-file", text(&key)])
                .args(["--ca", text(&file("ca.pem", mark, &crlf("ca.pem"), after))])
                .args(identity)
                .assert_exit(0);
        }
    }
}

#[test]
fn utf_16_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("utf-16.txt");
    let picture = example("licence.png");
    for big_endian in [false, true] {
        for flag in [
            "--api-key-file",
            "--cert",
            "--key",
            "--key-password-file",
            "--ca",
        ] {
            let units = format!("\u{feff}{KEY}")
                .encode_utf16()
                .flat_map(|unit| {
                    if big_endian {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect::<Vec<u8>>();
            fs::write(&path, units).unwrap();
            let mut command = complete(folder.path());
            let run = command
                .args([flag, text(&path), text(&picture)])
                .assert_exit(2);
            run.assert_err("UTF-16");
            run.assert_err(flag);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_settings_file_is_a_regular_file_or_a_pipe_that_gives_something() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    Command::new("mkfifo").arg(&pipe).assert_exit(0);
    let picture = example("licence.png");
    for (file, word) in [
        (text(&pipe), "nobody writes"),
        ("/dev/zero", "not a regular file"),
        (text(folder.path()), "folder"),
    ] {
        for flag in ["--api-key-file", "--key", "--ca"] {
            let mut command = complete(folder.path());
            let run = command.args([flag, file, text(&picture)]).assert_exit(2);
            run.assert_err(word);
            run.assert_err(flag);
        }
    }
    let mut command = complete(folder.path());
    command.args(["--api-key-file", "/dev/stdin", "--dry-run", text(&picture)]);
    command
        .run_with_input(format!("{KEY}\n").as_bytes())
        .assert_exit(0);
}

#[test]
fn secrets_are_taken_as_text_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let _sandbox = Sandbox::in_folder(folder);
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let paths = ["WXPAY_CERT", "WXPAY_KEY"];
    let command = |verb: &[&str]| {
        let mut command = wxpay(verb.iter().copied());
        command.envs(Sandbox::variables(folder));
        for path in paths {
            command.env_remove(path);
        }
        command
    };
    let picture = example("licence.png");
    let upload = || command(&["upload", text(&picture)]);
    let pem = [
        ("WXPAY_CERT_PEM", read("apiclient_cert.pem")),
        ("WXPAY_KEY_PEM", read("apiclient_key.pem")),
    ];
    let p12 = base64(folder, &folder.join("apiclient_cert.p12"));
    upload().envs(pem.clone()).assert_exit(0);
    upload().env("WXPAY_P12_BASE64", &p12).assert_exit(0);
    let wrapped: Vec<_> = p12
        .as_bytes()
        .chunks(64)
        .map(|l| str::from_utf8(l).unwrap())
        .collect();
    upload()
        .env("WXPAY_P12_BASE64", wrapped.join("\n") + "\n")
        .assert_exit(0);

    // A flag beats a path, a path beats text; the doctor says which was taken.
    let taken = |run: Run| {
        let lines = run.json();
        let found = lines
            .iter()
            .find(|line| line["check"] == "certificate file");
        found.unwrap()["detail"].as_str().unwrap().to_owned()
    };
    let doctor = || command(&["doctor", "--json"]);
    let nothing = [("WXPAY_CERT_PEM", "nothing"), ("WXPAY_KEY_PEM", "nothing")];
    let detail = taken(doctor().envs(pem.clone()).assert_exit(0));
    assert!(
        detail.contains("WXPAY_CERT_PEM") && detail.contains("WXPAY_KEY_PEM"),
        "{detail}"
    );
    let (cert, key) = (
        folder.join("apiclient_cert.pem"),
        folder.join("apiclient_key.pem"),
    );
    let detail = taken(
        doctor()
            .envs(nothing)
            .env("WXPAY_CERT", &cert)
            .args(["--key", text(&key)])
            .assert_exit(0),
    );
    assert!(
        detail.contains("(WXPAY_CERT)") && detail.contains("(--key)"),
        "{detail}"
    );
    let detail = taken(
        doctor()
            .envs(nothing)
            .env("WXPAY_P12", folder.join("apiclient_cert.p12"))
            .assert_exit(0),
    );
    assert!(detail.contains("(WXPAY_P12)"), "{detail}");

    // Two kinds from one place, and what is not base64.
    let run = upload()
        .envs(pem)
        .env("WXPAY_P12_BASE64", &p12)
        .assert_exit(2);
    run.assert_err("WXPAY_P12_BASE64");
    run.assert_err("WXPAY_CERT_PEM");
    let run = upload()
        .env("WXPAY_P12_BASE64", "/etc/own.p12")
        .assert_exit(2);
    run.assert_err("WXPAY_P12_BASE64");
}

/// Only the flags and variables that lead to it: no secret is an argument, none is in a log.
#[test]
fn a_verbose_run_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let _sandbox = Sandbox::in_folder(folder.path());
    let picture = example("licence.png");
    let child = wxpay(["-vv", "upload", text(&picture)])
        .envs(Sandbox::variables(folder.path()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let run = wait(child).assert_exit(0);
    for file in ["api_key.txt", "apiclient_key.pem"] {
        let secret = fs::read_to_string(folder.path().join(file)).unwrap();
        assert_hidden(&run, &secret);
    }
}
