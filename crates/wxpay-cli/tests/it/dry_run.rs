//! `wxpay upload --dry-run` sends nothing, and shows everything except the key.

use std::fs;

use crate::{
    config::complete,
    program::{JPG, KEY, PNG, Runnable, text, wxpay},
};

#[test]
fn it_shows_hash_canonical_string_and_fields() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens there.
    let run = complete(folder.path())
        .with("WXPAY_ENDPOINT=https://127.0.0.1:1 --dry-run")
        .arg(PNG)
        .assert_exit(0);
    run.assert_out("mch_id=1900000109&media_hash=")
        .assert_out("&sign_type=HMAC-SHA256&key=***")
        .assert_out("licence.png (image/png, ")
        .assert_not(KEY);
}

#[test]
fn as_json_it_is_one_object_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let run = complete(folder.path())
        .with("--dry-run --json --sign-type md5 missing.jpg")
        .arg(PNG)
        .assert_exit(1);
    let [failed, shown] = run.json().try_into().unwrap();
    assert_eq!(failed["error"]["kind"], "image");
    assert_eq!(shown["fields"]["media_hash"], shown["media_hash"]);
    assert_eq!(shown["fields"]["sign"].as_str().unwrap().len(), 32);
    assert_eq!(shown["fields"].as_object().unwrap().len(), 3);
}

#[test]
fn it_needs_no_certificate_but_checks_a_given_one() {
    let folder = tempfile::tempdir().unwrap();
    let without = "--dry-run WXPAY_CERT= WXPAY_KEY=";
    let mut command = complete(folder.path());
    command.with(without).arg(PNG).assert_exit(0);
    fs::write(folder.path().join("bad.pem"), "no certificate").unwrap();
    let mut command = complete(folder.path());
    command
        .with("--dry-run --cert bad.pem")
        .arg(PNG)
        .assert_exit(2);
    wxpay("upload --sandbox --dry-run").arg(PNG).assert_exit(0);
}

#[test]
fn a_truncated_picture_and_another_name_are_warnings_as_they_are_in_an_upload() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("licence.jfif");
    let whole = fs::read(JPG).unwrap();
    fs::write(&picture, &whole[..whole.len() / 2]).unwrap();
    for words in ["upload --sandbox --dry-run", "upload --sandbox"] {
        let run = wxpay(words).arg(text(&picture)).run();
        run.assert_err("the picture is truncated")
            .assert_err("is sent as `licence.jpg`");
    }
}
