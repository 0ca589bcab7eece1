//! `wxpay upload --dry-run` sends nothing and shows everything but the key.

use std::fs;

use crate::{
    config::complete,
    program::{KEY, RunToEnd, example, text, wxpay},
};

#[test]
fn it_shows_hash_canonical_string_and_fields() {
    let folder = tempfile::tempdir().unwrap();
    let picture = example("licence.png");
    let mut command = complete(folder.path());
    // Nobody listens there, and nobody is asked.
    command.env("WXPAY_ENDPOINT", "https://127.0.0.1:1");
    let run = command.args(["--dry-run", text(&picture)]).assert_exit(0);
    for word in [
        "mch_id=1900000109&media_hash=",
        "&sign_type=HMAC-SHA256&key=***",
        "image/png",
        "licence.png",
        "sign_type",
    ] {
        run.assert_out(word);
    }
    assert!(!run.out.contains(KEY), "{run:?}");
}

#[test]
fn as_json_it_is_one_object_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let picture = example("licence.png");
    let missing = folder.path().join("missing.jpg");
    let mut command = complete(folder.path());
    command.args(["--dry-run", "--json", "--sign-type", "md5"]);
    let run = command
        .args([text(&picture), text(&missing)])
        .assert_exit(1);
    let [shown, failed] = run.json().try_into().unwrap();
    let hash = shown["media_hash"].as_str().unwrap();
    assert_eq!(shown["fields"]["media_hash"], hash);
    assert_eq!(shown["fields"]["sign"].as_str().unwrap().len(), 32);
    assert_eq!(shown["fields"].as_object().unwrap().len(), 3);
    assert_eq!(failed["error"]["kind"], "image");
}

#[test]
fn it_needs_no_certificate_but_judges_one_that_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let picture = example("licence.png");
    let mut command = complete(folder.path());
    command.env_remove("WXPAY_CERT").env_remove("WXPAY_KEY");
    command.args(["--dry-run", text(&picture)]).assert_exit(0);

    fs::write(folder.path().join("bad.pem"), "no certificate").unwrap();
    let mut command = complete(folder.path());
    command.arg("--cert").arg(folder.path().join("bad.pem"));
    command.args(["--dry-run", text(&picture)]).assert_exit(2);
}

#[test]
fn a_truncated_picture_and_another_name_are_warnings_as_they_are_in_an_upload() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("licence.jfif");
    let whole = fs::read(example("licence.jpg")).unwrap();
    fs::write(&picture, &whole[..whole.len() / 2]).unwrap();
    for arguments in [
        &["upload", "--sandbox", "--dry-run"][..],
        &["upload", "--sandbox"],
    ] {
        let run = wxpay(arguments.iter().copied()).arg(&picture).run();
        run.assert_err("the picture is truncated");
        run.assert_err("is sent as `licence.jpg`");
    }
}

#[test]
fn with_the_sandbox_it_needs_nothing() {
    let run = wxpay([
        "upload",
        "--sandbox",
        "--dry-run",
        text(&example("licence.jpg")),
    ])
    .run();
    assert!(run.assert_exit(0).out.contains("media_hash="));
}
