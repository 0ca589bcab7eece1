//! `wxpay upload --sandbox`, with right and wrong pictures.

use std::{fs, process::Stdio};

use serde_json::json;

use crate::program::{RunToEnd, example, signal, text, wait, wxpay};

#[test]
fn the_first_command_of_the_readme_works() {
    let picture = example("licence.jpg");
    let run = wxpay(["upload", "--sandbox", text(&picture)]).assert_exit(0);
    let line = run.out.strip_suffix('\n').unwrap();
    let (id, path) = line.split_once("  ").unwrap();
    assert_eq!(id.len(), 43, "{run:?}");
    let in_id = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    assert!(id.chars().all(in_id), "{run:?}");
    assert_eq!(path, text(&picture));
    run.assert_err("sandbox at https://127.0.0.1:");
}

#[test]
fn every_format_uploads_with_every_sign_type() {
    let files = ["licence.jpg", "licence.png", "licence.bmp"].map(example);
    for sign_type in ["md5", "hmac-sha256", "MD5"] {
        let mut command = wxpay(["upload", "--sandbox", "--strict-reply-sign"]);
        let run = command
            .args(["--sign-type", sign_type])
            .args(&files)
            .assert_exit(0);
        run.assert_lines(3);
    }
}

#[test]
fn json_holds_just_what_is_promised() {
    let picture = example("licence.png");
    let run = wxpay(["upload", "--sandbox", "--json", text(&picture)]).assert_exit(0);
    let [line] = run.json().try_into().unwrap();
    let size = fs::metadata(&picture).unwrap().len();
    assert_eq!(line["file"], text(&picture));
    assert_eq!(line["bytes"], size);
    assert_eq!(line["attempts"], 1);
    assert_eq!(line["media_hash"].as_str().unwrap().len(), 32);
    let endpoint = line["endpoint"].as_str().unwrap();
    assert!(endpoint.starts_with("https://127.0.0.1:"), "{line}");
    assert_eq!(line.as_object().unwrap().len(), 6);
}

#[test]
fn a_picture_is_read_from_stdin() {
    let picture = fs::read(example("licence.bmp")).unwrap();
    let run = wxpay(["upload", "--sandbox", "-"])
        .run_with_input(&picture)
        .assert_exit(0);
    assert!(run.out.ends_with("  -\n"), "{run:?}");

    let empty = wxpay(["upload", "--sandbox", "--json", "-"]).assert_exit(1);
    assert_eq!(empty.json()[0]["error"]["kind"], "image");
    wxpay(["upload", "--sandbox", "-", "-"]).assert_exit(2);
}

#[test]
fn a_file_that_is_no_picture_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("text.jpg"), "not a picture").unwrap();
    fs::write(file("empty.png"), "").unwrap();
    let mut large = fs::read(example("licence.png")).unwrap();
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
        let run = wxpay(["upload", "--sandbox", "--json", text(&path)]).assert_exit(1);
        let line = &run.json()[0];
        assert_eq!(line["file"], text(&path));
        let error = line["error"].as_object().unwrap();
        assert_eq!(error["kind"], "image");
        assert_eq!(error["code"], json!(null));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(word), "{error:?}");
        assert_eq!(error.len(), 5);

        let run = wxpay(["upload", "--sandbox", text(&path)]).assert_exit(1);
        assert_eq!(run.out, "");
        run.assert_err(word);
        run.assert_err(text(&path));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_with_a_line_break_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two\nlines\u{1b}[31m.png");
    fs::copy(example("licence.png"), &path).unwrap();
    let run = wxpay(["upload", "--sandbox", text(&path)]).assert_exit(0);
    run.assert_lines(1);
    run.assert_out(r"two\nlines\u{1b}[31m.png");
    let run = wxpay(["upload", "--sandbox", "--json", text(&path)]).assert_exit(0);
    assert_eq!(run.json()[0]["file"], text(&path));
}

#[test]
fn many_files_have_an_id_each() {
    let picture = example("licence.png");
    let files = vec![text(&picture); 40];
    let mut command = wxpay(["upload", "--sandbox", "--concurrency", "16"]);
    let run = command.args(files).assert_exit(0);
    let mut ids: Vec<_> = run.out.lines().map(|line| &line[..43]).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}

/// Runs it with this as standard output or standard error.
#[cfg(target_os = "linux")]
fn run_onto(arguments: &[&str], out: Stdio, err: Stdio) -> crate::program::Run {
    let mut command = wxpay(arguments.iter().copied());
    let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn();
    wait(child.unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_is_a_failure_not_a_panic() {
    let picture = example("licence.png");
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    for arguments in [
        &["upload", "--sandbox", text(&picture)][..],
        &["upload", "--sandbox", "--json", text(&picture)],
        &["upload", "--sandbox", "--json", text(&missing)],
        &["upload", "--sandbox", "--dry-run", text(&picture)],
        &[
            "doctor",
            "--timeout",
            "0.1",
            "--endpoint",
            "https://127.0.0.1:1",
        ],
        &["sandbox", "--listen", "127.0.0.1:0", "--inspector", "off"],
        &["sign", "--canonical", "a=b"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
    ] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let run = run_onto(arguments, full.into(), Stdio::piped()).assert_exit(1);
        run.assert_err("standard output");
        // A reader that has gone has seen enough.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let run = run_onto(arguments, writer.into(), Stdio::piped()).assert_exit(1);
        run.assert_not_err("error");
    }
}

#[cfg(unix)]
#[test]
fn a_picture_that_never_ends_on_stdin_can_be_interrupted() {
    use std::io::{BufRead, BufReader};

    let mut child = wxpay(["upload", "--sandbox", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Held open, and never written to.
    let stdin = child.stdin.take();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("sandbox at"), "{line}");
    signal(child.id(), "INT");
    let run = wait(child);
    drop(stdin);
    // Before it listens for signals, it just ends by this one.
    assert!(matches!(run.status, Some(1) | None), "{run:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_nobody_takes_does_not_stop_an_upload() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let picture = example("licence.png");
    let arguments = ["upload", "-v", "--sandbox", text(&picture)];
    let run = run_onto(&arguments, Stdio::piped(), full.into()).assert_exit(0);
    run.assert_lines(1);
}

#[cfg(unix)]
#[test]
fn an_interrupted_upload_ends_cleanly() {
    use std::{io::Read, net::TcpListener};

    // Accepts, and never says a word.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut child = crate::config::complete(folder.path())
        .arg("--endpoint")
        .arg(format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        ))
        .args(["--json", text(&example("licence.png"))])
        .start();
    let (mut connection, _) = listener.accept().unwrap();
    connection.read_exact(&mut [0; 5]).unwrap();
    signal(child.id(), "TERM");
    child.stdin.take();

    let run = wait(child).assert_exit(1);

    let error = &run.json()[0]["error"];
    assert_eq!(error["kind"], "other");
    assert_eq!(error["retryable"], true);
}
