//! Prints each call of the sandbox, and keeps it in a folder.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use wxpay_diagnose::Lang;
use wxpay_media::Format;
use wxpay_sandbox::{Pictures, RecordedRequest, Watch};

use super::folder;
use crate::terminal;

/// Prints calls on stderr, and writes them into a folder if one is given.
pub(super) struct Calls {
    json: bool,
    lang: Lang,
    folder: Option<PathBuf>,
}

impl Calls {
    pub(super) fn new(json: bool, lang: Lang, folder: Option<&Path>) -> anyhow::Result<Self> {
        let folder = folder.map(folder::make).transpose()?;
        Ok(Self { json, lang, folder })
    }

    /// Runs until the sandbox ends.
    pub(super) async fn print(self, mut calls: Watch, pictures: Pictures) {
        while let Some(call) = calls.next().await {
            let json = serde_json::to_string(&*call).unwrap_or_default();
            let json = terminal::escape_json(json);
            let told = if self.json {
                &json
            } else {
                &call.display(self.lang).to_string()
            };
            terminal::warn(told);
            if let Some(folder) = &self.folder
                && let Err(error) = keep(folder, &call, &json, pictures.of(call.number).as_deref())
            {
                let folder = folder.display().to_string();
                terminal::warn(&terminal::one_line(&format!(
                    "cannot keep a call in {folder}: {error}"
                )));
            }
        }
    }
}

/// Writes the call and its field `media`, under a name that does not depend on the client.
fn keep(folder: &Path, call: &RecordedRequest, json: &str, media: Option<&[u8]>) -> io::Result<()> {
    let since = call.time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!("{}-{}", since.as_millis(), call.number);
    create(&folder.join(format!("{name}.json")))?.write_all(json.as_bytes())?;
    let Some(media) = media else {
        return Ok(());
    };
    let extension = Format::detect(media).map_or("bin", |format| format.extensions()[0]);
    create(&folder.join(format!("{name}.{extension}")))?.write_all(media)
}

/// Creates a file that its owner alone may read: pictures of certificates are private.
fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
