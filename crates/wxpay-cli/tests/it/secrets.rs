//! Settings that lead to secrets: read in every form that people have, and never repeated.

use std::{fs, path::Path, process::Command};

use crate::{
    config::complete,
    program::{KEY, PNG, Run, Runnable, openssl, wxpay},
    sandbox::Sandbox,
};

const PASSWORD: &str = "Tr0ub4dor&3-horse";

/// Asserts that no eight characters in a row of a secret were printed.
fn assert_hidden(run: &Run, secret: &str) {
    let characters: Vec<char> = secret.chars().filter(|c| !c.is_whitespace()).collect();
    for part in characters.windows(8) {
        let part: String = part.iter().collect();
        // The frame of a PEM file is no secret.
        if !part.contains("---") && !"BEGINPRIVATEKEY ENDPRIVATEKEY".contains(&part) {
            run.assert_not(&part);
        }
    }
}

/// The program with complete settings: for people, as JSON, and the doctor.
fn ways(folder: &Path) -> [Command; 3] {
    [
        "upload x.png",
        "upload --json x.png",
        "doctor --json --timeout 0.2",
    ]
    .map(|words| {
        let complete = complete(folder);
        let mut command = wxpay(words);
        let set = complete.get_envs();
        command.envs(set.filter_map(|(name, value)| Some((name, value?))));
        command.env("WXPAY_ENDPOINT", "https://127.0.0.1:1");
        command.current_dir(folder);
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
    let assert_hidden = |command: &mut Command, setting: &str, secret: &str| {
        let run = command.run();
        assert!(matches!(run.status, Some(1 | 2)), "{run:?}");
        assert!((run.out.clone() + &run.err).contains(setting), "{run:?}");
        assert_hidden(&run, secret);
    };
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
                command.with("WXPAY_CERT= WXPAY_KEY=");
            }
            let command = command.env(variable, secret);
            assert_hidden(command, variable, secret.trim_start_matches("https://"));
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
            match flag {
                "--p12-password-file" => command.with("--p12 own.p12"),
                "--proxy-auth-file" => command.with("--proxy http://127.0.0.1:1"),
                _ => &mut command,
            };
            let password = secret.rsplit_once(".p12:").map(|(_, password)| password);
            let command = command.args([flag, secret]);
            assert_hidden(command, flag, password.unwrap_or(secret));
        }
    }
}

#[test]
fn a_message_names_the_value_that_a_setting_takes() {
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
    for words in [
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
        let run = wxpay(&words.replace("KEY", KEY)).assert_exit(2);
        assert_hidden(&run, KEY);
    }
}

#[test]
fn a_byte_order_mark_and_line_ends_are_accepted() {
    let sandbox = Sandbox::new("");
    let folder = sandbox.folder();
    fs::write(folder.join("password.txt"), "1900000109").unwrap();
    let files = "api_key.txt password.txt ca.pem apiclient_cert.pem apiclient_key.pem";
    for after in ["", "\r\n"] {
        for name in files.split(' ') {
            let content = fs::read_to_string(folder.join(name)).unwrap();
            let content = content.trim_end().replace('\n', "\r\n");
            let marked = ["\u{feff}", &content, after].concat();
            fs::write(folder.join(format!("marked-{name}")), marked).unwrap();
        }
        for identity in [
            "--cert marked-apiclient_cert.pem --key marked-apiclient_key.pem",
            "--p12 apiclient_cert.p12 --p12-password-file marked-password.txt",
        ] {
            Sandbox::client(folder, "upload WXPAY_API_KEY=")
                .with("--api-key-file marked-api_key.txt --ca marked-ca.pem")
                .with(identity)
                .arg(PNG)
                .assert_exit(0);
        }
    }
}

#[test]
fn utf_16_and_utf_32_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("\u{feff}{KEY}");
    let utf16 = |to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect();
    let utf32 =
        |to_bytes: fn(u32) -> [u8; 4]| text.chars().flat_map(|c| to_bytes(c.into())).collect();
    let files: [(Vec<u8>, _); 4] = [
        (utf16(u16::to_be_bytes), "UTF-16"),
        (utf16(u16::to_le_bytes), "UTF-16"),
        (utf32(u32::to_be_bytes), "UTF-32"),
        (utf32(u32::to_le_bytes), "UTF-32"),
    ];
    for (bytes, name) in files {
        fs::write(folder.path().join("wide.txt"), bytes).unwrap();
        for flag in "--api-key-file --cert --key --key-password-file --ca".split(' ') {
            let mut command = complete(folder.path());
            let run = command.args([flag, "wide.txt", "x.png"]).assert_exit(2);
            run.assert_err(name).assert_err(flag);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_settings_file_is_a_regular_file_or_a_pipe_with_a_writer() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pipe = folder.join("pipe");
    Command::new("mkfifo").arg(pipe).assert_exit(0);
    for (file, word) in [
        ("pipe", "nobody writes"),
        ("/dev/zero", "not a regular file"),
        (".", "folder"),
    ] {
        for flag in ["--api-key-file", "--key", "--ca"] {
            let run = complete(folder).args([flag, file, "x.png"]).assert_exit(2);
            run.assert_err(word).assert_err(flag);
        }
    }
    complete(folder)
        .args(["--api-key-file", "/dev/stdin", "--dry-run", PNG])
        .run_with_input(format!("{KEY}\n").as_bytes())
        .assert_exit(0);
}

#[test]
fn secrets_are_taken_as_text_from_the_environment() {
    let sandbox = Sandbox::new("");
    let folder = sandbox.folder();
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let command = |words: &str| {
        let mut command = Sandbox::client(folder, "WXPAY_CERT= WXPAY_KEY=");
        command.with(words);
        command
    };
    let upload = || command(&format!("upload {PNG}"));
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

    // A flag beats a path, a path beats text; the doctor names the sources.
    let assert_taken = |doctor: &mut Command, sources: &[&str]| {
        let lines = doctor.assert_exit(0).json();
        let is_file = |line: &&serde_json::Value| line["check"] == "certificate file";
        let detail = lines.iter().find(is_file).unwrap()["detail"].as_str();
        for source in sources {
            assert!(detail.unwrap().contains(source), "{source}: {detail:?}");
        }
    };
    let mut doctor = command("doctor --json");
    let texts = ["WXPAY_CERT_PEM", "WXPAY_KEY_PEM"];
    assert_taken(doctor.envs(pem.clone()), &texts);
    let nothing = "WXPAY_CERT_PEM=nothing WXPAY_KEY_PEM=nothing";
    let pair = "WXPAY_CERT=apiclient_cert.pem --key apiclient_key.pem";
    for (words, sources) in [
        (pair, &["(WXPAY_CERT)", "(--key)"][..]),
        ("WXPAY_P12=apiclient_cert.p12", &["(WXPAY_P12)"]),
    ] {
        let mut doctor = command("doctor --json");
        assert_taken(doctor.with(nothing).with(words), sources);
    }

    // Two kinds from one place, and text that is not base64.
    let mut both = upload();
    let both = both.envs(pem).env("WXPAY_P12_BASE64", &p12).assert_exit(2);
    both.assert_err("WXPAY_P12_BASE64")
        .assert_err("WXPAY_CERT_PEM");
    let mut path = upload();
    let run = path.with("WXPAY_P12_BASE64=/etc/own.p12").assert_exit(2);
    run.assert_err("WXPAY_P12_BASE64");
}

#[test]
fn a_verbose_run_shows_no_secret() {
    let sandbox = Sandbox::new("");
    let folder = sandbox.folder();
    let run = Sandbox::client(folder, "-vv upload")
        .arg(PNG)
        .assert_exit(0);
    for file in ["api_key.txt", "apiclient_key.pem"] {
        let secret = fs::read_to_string(folder.join(file)).unwrap();
        assert_hidden(&run, &secret);
    }
}
