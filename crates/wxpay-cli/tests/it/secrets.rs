//! Settings that lead to secrets: read in every form that people have, and never repeated.

use std::{fs, path::Path, process::Command};

use crate::{
    config::complete,
    program::{KEY, Run, RunToEnd, example, openssl, text, wxpay},
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
    [
        "upload x.png",
        "upload --json x.png",
        "doctor --json --timeout 0.2",
    ]
    .map(|arguments| {
        let mut command = wxpay([]);
        let complete = complete(folder);
        let set = complete
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        command.envs(set).with(arguments);
        command.env("WXPAY_ENDPOINT", "https://127.0.0.1:1");
        command
    })
}

fn base64(folder: &Path, file: &str) -> String {
    let run = openssl(folder, &format!("base64 -A -in {file}"));
    run.out.trim_end().to_owned()
}

#[test]
fn a_secret_given_as_a_path_is_not_echoed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    complete(folder);
    let own = "pkcs12 -export -in cert.pem -inkey cert_key.pem -passout pass:1900000109";
    openssl(folder, &format!("{own} -out own.p12"));
    let p12 = base64(folder, "own.p12");
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
            let password = secret.rsplit_once(".p12:");
            assert_hidden(&run, password.map_or(secret, |(_, password)| password));
        }
    }
}

#[test]
fn a_message_says_what_a_setting_wants() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = complete(folder.path());
    let pem = fs::read_to_string(folder.path().join("cert_key.pem")).unwrap();
    let run = command.env("WXPAY_KEY", &pem).arg("x.png").assert_exit(2);
    run.assert_err("WXPAY_KEY holds the private key itself; it wants the path of a file");
    run.assert_err("WXPAY_KEY_PEM");
    let mut command = complete(folder.path());
    let run = command.args(["--api-key-file", KEY, "x.png"]).run();
    run.assert_err("--api-key-file holds the API v2 key itself");
}

#[test]
fn a_secret_among_the_arguments_is_not_echoed() {
    for arguments in [
        "upload --api-key KEY x.png",
        "upload --KEY x.png",
        "upload --retries KEY x.png",
        "upload --json=KEY x.png",
        "upload --endpoint https://operator:KEY@h x.png",
        "sign a=b KEY",
        "sign a=b --sign-type KEY",
        "doctor KEY",
        "verify reply.xml KEY",
        "KEY",
    ] {
        let run = wxpay([])
            .with(&arguments.replace("KEY", KEY))
            .assert_exit(2);
        assert_hidden(&run, KEY);
    }
}

#[test]
fn a_mark_before_a_text_and_a_line_end_after_it_do_not_matter() {
    let sandbox = Sandbox::new(&[]);
    let folder = sandbox.folder();
    fs::write(folder.join("password.txt"), "1900000109").unwrap();
    let picture = example("licence.png");
    for after in ["", "\r\n"] {
        for name in [
            "api_key.txt",
            "password.txt",
            "ca.pem",
            "apiclient_cert.pem",
            "apiclient_key.pem",
        ] {
            let content = fs::read_to_string(folder.join(name)).unwrap();
            let content = content.trim_end().replace('\n', "\r\n");
            let marked = ["\u{feff}", &content, after].concat();
            fs::write(folder.join(format!("marked-{name}")), marked).unwrap();
        }
        for identity in [
            "--cert marked-apiclient_cert.pem --key marked-apiclient_key.pem",
            "--p12 apiclient_cert.p12 --p12-password-file marked-password.txt",
        ] {
            Sandbox::client(folder, &["upload", text(&picture)])
                .env_remove("WXPAY_API_KEY")
                .with("--api-key-file marked-api_key.txt --ca marked-ca.pem")
                .with(identity)
                .assert_exit(0);
        }
    }
}

#[test]
fn utf_16_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for to_bytes in [u16::to_be_bytes, u16::to_le_bytes] {
        let units = format!("\u{feff}{KEY}");
        let bytes: Vec<u8> = units.encode_utf16().flat_map(to_bytes).collect();
        fs::write(folder.path().join("utf-16.txt"), bytes).unwrap();
        for flag in "--api-key-file --cert --key --key-password-file --ca".split(' ') {
            let mut command = complete(folder.path());
            let run = command.args([flag, "utf-16.txt", "x.png"]).assert_exit(2);
            run.assert_err("UTF-16");
            run.assert_err(flag);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_settings_file_is_a_regular_file_or_a_pipe_that_gives_something() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    Command::new("mkfifo")
        .arg(folder.join("pipe"))
        .assert_exit(0);
    for (file, word) in [
        ("pipe", "nobody writes"),
        ("/dev/zero", "not a regular file"),
        (".", "folder"),
    ] {
        for flag in ["--api-key-file", "--key", "--ca"] {
            let run = complete(folder).args([flag, file, "x.png"]).assert_exit(2);
            run.assert_err(word);
            run.assert_err(flag);
        }
    }
    let picture = example("licence.png");
    complete(folder)
        .args(["--api-key-file", "/dev/stdin", "--dry-run", text(&picture)])
        .run_with_input(format!("{KEY}\n").as_bytes())
        .assert_exit(0);
}

#[test]
fn secrets_are_taken_as_text_from_the_environment() {
    let sandbox = Sandbox::new(&[]);
    let folder = sandbox.folder();
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let command = |arguments: &[&str]| {
        let mut command = Sandbox::client(folder, arguments);
        command.env_remove("WXPAY_CERT").env_remove("WXPAY_KEY");
        command
    };
    let picture = example("licence.png");
    let upload = || command(&["upload", text(&picture)]);
    let pem = [
        ("WXPAY_CERT_PEM", read("apiclient_cert.pem")),
        ("WXPAY_KEY_PEM", read("apiclient_key.pem")),
    ];
    let p12 = base64(folder, "apiclient_cert.p12");
    let (start, end) = p12.split_at(64);
    upload().envs(pem.clone()).assert_exit(0);
    for base64 in [&p12, &format!("{start}\n{end}\n")] {
        upload().env("WXPAY_P12_BASE64", base64).assert_exit(0);
    }

    // A flag beats a path, a path beats text; the doctor says which was taken.
    let assert_taken = |doctor: &mut Command, sources: &[&str]| {
        let lines = doctor.assert_exit(0).json();
        let found = lines
            .iter()
            .find(|line| line["check"] == "certificate file");
        let detail = found.unwrap()["detail"].as_str().unwrap();
        let is_named = |source: &&str| detail.contains(source);
        assert!(sources.iter().all(is_named), "{sources:?}: {detail}");
    };
    let mut doctor = command(&["doctor", "--json"]);
    assert_taken(
        doctor.envs(pem.clone()),
        &["WXPAY_CERT_PEM", "WXPAY_KEY_PEM"],
    );
    let nothing = "WXPAY_CERT_PEM=nothing WXPAY_KEY_PEM=nothing";
    for (settings, sources) in [
        (
            "WXPAY_CERT=apiclient_cert.pem --key apiclient_key.pem",
            &["(WXPAY_CERT)", "(--key)"][..],
        ),
        ("WXPAY_P12=apiclient_cert.p12", &["(WXPAY_P12)"]),
    ] {
        let mut doctor = command(&["doctor", "--json"]);
        assert_taken(doctor.with(nothing).with(settings), sources);
    }

    // Two kinds from one place, and what is not base64.
    let both = upload()
        .envs(pem)
        .env("WXPAY_P12_BASE64", &p12)
        .assert_exit(2);
    both.assert_err("WXPAY_P12_BASE64");
    both.assert_err("WXPAY_CERT_PEM");
    let run = upload()
        .with("WXPAY_P12_BASE64=/etc/own.p12")
        .assert_exit(2);
    run.assert_err("WXPAY_P12_BASE64");
}

/// Only the flags and variables that lead to it: no secret is an argument, none is in a log.
#[test]
fn a_verbose_run_shows_no_secret() {
    let sandbox = Sandbox::new(&[]);
    let picture = example("licence.png");
    let run = Sandbox::client(sandbox.folder(), &["-vv", "upload", text(&picture)]).assert_exit(0);
    for file in ["api_key.txt", "apiclient_key.pem"] {
        let secret = fs::read_to_string(sandbox.folder().join(file)).unwrap();
        assert_hidden(&run, &secret);
    }
}
