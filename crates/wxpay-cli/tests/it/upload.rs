//! `wxpay upload`, with right and wrong pictures and answers.

use std::{fs, process::Stdio};

use serde_json::{Value, json};

use crate::{
    program::{BMP, JPG, PNG, Runnable, text, wxpay},
    sandbox::Sandbox,
};

#[test]
fn the_first_command_of_the_readme_works() {
    let run = wxpay("upload --sandbox").arg(JPG).assert_exit(0);
    let line = run.out.strip_suffix('\n').unwrap();
    let (id, path) = line.split_once("  ").unwrap();
    assert_eq!((id.len(), path), (43, JPG), "{run:?}");
    let in_id = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    assert!(id.chars().all(in_id), "{run:?}");
    run.assert_err("sandbox at https://127.0.0.1:");
}

#[test]
fn every_format_uploads_with_every_sign_type() {
    for sign_type in ["md5", "hmac-sha256", "MD5"] {
        let mut command = wxpay("upload --sandbox --strict-reply-sign --sign-type");
        let run = command.args([sign_type, JPG, PNG, BMP]).assert_exit(0);
        run.assert_lines(3);
    }
}

#[test]
fn json_has_exactly_the_documented_fields() {
    let run = wxpay("upload --sandbox --json").arg(PNG).assert_exit(0);
    let line = run.json_line();
    let keys = line.as_object().unwrap().keys().map(String::as_str);
    let keys: Vec<_> = keys.collect();
    assert_eq!(
        keys.join(" "),
        "attempts bytes endpoint file media_hash media_id"
    );
    assert_eq!(line["file"], PNG);
    assert_eq!(line["bytes"], fs::metadata(PNG).unwrap().len());
    assert_eq!(line["attempts"], 1);
    assert_eq!(line["media_hash"].as_str().unwrap().len(), 32);
    let endpoint = line["endpoint"].as_str().unwrap();
    assert!(endpoint.starts_with("https://127.0.0.1:"), "{line}");
}

#[test]
fn a_picture_is_read_from_stdin() {
    let picture = fs::read(BMP).unwrap();
    let run = wxpay("upload --sandbox -")
        .run_with_input(&picture)
        .assert_exit(0);
    assert!(run.out.ends_with("  -\n"), "{run:?}");
    let empty = wxpay("upload --sandbox --json -").assert_exit(1);
    assert_eq!(empty.json_line()["error"]["kind"], "image");
    wxpay("upload --sandbox - -").assert_exit(2);
}

#[test]
fn an_error_says_why_a_file_is_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("text.jpg"), "not a picture").unwrap();
    fs::write(file("empty.png"), "").unwrap();
    let mut large = fs::read(PNG).unwrap();
    large.resize(2 << 20, 0);
    fs::write(file("large.png"), large).unwrap();
    for (name, word) in [
        ("text.jpg", "text"),
        ("empty.png", "empty"),
        ("large.png", "2097152"),
        ("missing.jpg", "No such file"),
        ("", "not a regular file"),
    ] {
        let path = file(name);
        let path = text(&path);
        let run = wxpay("upload --sandbox --json").arg(path).assert_exit(1);
        let line = run.json_line();
        assert_eq!(line["file"], path);
        let error = line["error"].as_object().unwrap();
        assert_eq!(
            (&error["kind"], &error["code"]),
            (&json!("image"), &Value::Null)
        );
        assert!(
            error["message"].as_str().unwrap().contains(word),
            "{error:?}"
        );
        assert_eq!(error.len(), 5);

        let run = wxpay("upload --sandbox").arg(path).assert_exit(1);
        run.assert_err(word).assert_err(path).assert_lines(0);
    }
}

#[test]
fn each_bad_answer_has_its_kind() {
    for (fault, more, kind, retryable) in [
        ("doctype", "", "xml", false),
        ("no-signature", "", "signature", false),
        ("other-algorithm", "--strict-reply-sign", "signature", false),
        ("bad-gateway-page", "", "http", true),
        ("certificate-page", "", "tls", false),
        ("frequency-limited-without-code", "", "gateway", true),
        ("delay=60s", "--timeout 0.5", "timeout", true),
    ] {
        let sandbox = Sandbox::new(&format!("--fault {fault}"));
        let mut command = Sandbox::client(sandbox.folder(), "upload --json --retries 0");
        let run = command.with(more).arg(PNG).assert_exit(1);
        let error = &run.json_line()["error"];
        assert_eq!(error["kind"], kind, "{fault}: {error}");
        assert_eq!(error["code"], Value::Null, "{fault}: {error}");
        assert_eq!(error["retryable"], retryable, "{fault}: {error}");
        assert!(!error["advice"].as_str().unwrap().is_empty(), "{error}");
    }
    let sandbox = Sandbox::new("--fault other-algorithm");
    let mut command = Sandbox::client(sandbox.folder(), "upload");
    command.arg(PNG).assert_exit(0);
}

#[test]
fn many_files_have_an_id_each() {
    let mut command = wxpay("upload --sandbox --concurrency 16");
    let run = command.args([PNG; 40]).assert_exit(0);
    let mut ids: Vec<_> = run.out.lines().map(|line| &line[..43]).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_is_a_failure_not_a_panic() {
    use crate::program::wait;

    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for words in [
        &format!("upload --sandbox {PNG}"),
        &format!("upload --sandbox --json {PNG}"),
        "upload --sandbox --json missing",
        &format!("upload --sandbox --dry-run {PNG}"),
        "doctor --timeout 0.1 --endpoint https://127.0.0.1:1",
        "sandbox --listen 127.0.0.1:0 --inspector off",
        "sign --canonical a=b",
        "completions bash",
        "--help",
        "--version",
    ] {
        let run_onto = |out: Stdio| {
            let mut command = wxpay(words);
            command
                .stdin(Stdio::null())
                .stdout(out)
                .stderr(Stdio::piped());
            wait(command.spawn().unwrap()).assert_exit(1)
        };
        run_onto(full().into()).assert_err("standard output");
        // A broken pipe is no error.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        run_onto(writer.into()).assert_not("error");
    }
    // A log that cannot be written does not stop an upload.
    let mut command = wxpay("upload -v --sandbox");
    command.arg(PNG).stdout(Stdio::piped()).stderr(full());
    wait(command.spawn().unwrap())
        .assert_exit(0)
        .assert_lines(1);
}

#[cfg(unix)]
#[test]
fn an_interrupted_upload_ends_cleanly() {
    use std::{io::Read, net::TcpListener};

    use crate::program::{signal, wait};

    // A server that accepts and does not answer.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let mut command = crate::config::complete(folder.path());
    let words = format!("--json --endpoint https://localhost:{port}");
    let child = command.with(&words).arg(PNG).start(Stdio::null());
    let (mut connection, _) = listener.accept().unwrap();
    connection.read_exact(&mut [0; 5]).unwrap();
    signal(child.id(), "TERM");
    let run = wait(child).assert_exit(1);
    let error = &run.json_line()["error"];
    assert_eq!(error["kind"], "other");
    assert_eq!(error["retryable"], true);
}
