//! curl: what a shell script would do. It neither hashes nor signs; the fields are made up, and the
//! server does not look at them.

use std::{ffi::OsString, fs, path::Path};

use super::Work;

const FIELDS: [(&str, &str); 4] = [
    ("mch_id", "1900000109"),
    ("media_hash", "709d1e858d2ef9d0501cc053668b2872"),
    ("sign_type", "HMAC-SHA256"),
    (
        "sign",
        "EF01EF4D7F95EBAA05112833E6B783D5DEEB0EC124096474986AC8EED47C63AC",
    ),
];

/// One process for each upload, as many at a time as are asked for.
pub(super) fn for_each(work: &Work<'_>) -> anyhow::Result<Vec<OsString>> {
    let config = work.folder.join("curl-one.conf");
    fs::write(&config, upload(work, &work.pictures[0]))?;
    let script = format!(
        "seq {} | xargs -P {} -I@ curl --config {}",
        work.count,
        work.concurrency,
        config.display(),
    );
    Ok(vec!["sh".into(), "-c".into(), script.into()])
}

/// One process for all uploads, over as many connections as are asked for.
pub(super) fn for_all(work: &Work<'_>) -> anyhow::Result<Vec<OsString>> {
    let uploads: Vec<String> = work
        .pictures
        .iter()
        .cycle()
        .take(work.count)
        .map(|picture| upload(work, picture))
        .collect();
    let config = work.folder.join("curl-all.conf");
    fs::write(&config, uploads.join("next\n"))?;
    let mut command: Vec<OsString> = vec!["curl".into()];
    if work.concurrency > 1 {
        let most = work.concurrency.to_string();
        command.extend(["--parallel".into(), "--parallel-max".into(), most.into()]);
    }
    command.extend(["--config".into(), config.into()]);
    Ok(command)
}

fn upload(work: &Work<'_>, picture: &Path) -> String {
    let folder = work.folder.display();
    let mut config = format!(
        "silent\nfail\noutput = /dev/null\nurl = {}/secapi/mch/uploadmedia\n\
         cacert = {folder}/ca.pem\ncert = {folder}/client.pem\nkey = {folder}/client.key\n",
        work.origin,
    );
    for (name, value) in FIELDS {
        config += &format!("form = {name}={value}\n");
    }
    config + &format!("form = media=@{};type=image/png\n", picture.display())
}
