//! Which files to upload: those of the command line, of a list, of folders; read as they are needed, and
//! looked up in the ledger.

use std::{
    ffi::OsString,
    fs::{self, DirEntry, File, Metadata, ReadDir},
    io::{self, BufRead, BufReader},
    iter,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context, bail};
use tokio::sync::mpsc;
use wxpay_ledger::{Account, Entry, FileState, Reader};

use crate::{args::UploadArgs, upload::picture};

/// Files that are looked up together. The first batch is small, so that its uploads begin at once.
const BATCH: usize = 256;
const FIRST_BATCH: usize = 16;

/// A file, and what the ledger knows of it as it is now.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) path: PathBuf,
    pub(super) state: FileState,
    pub(super) known: Option<Entry>,
    /// A folder or list that cannot be read.
    pub(super) error: Option<io::Error>,
}

/// The files to upload.
#[derive(Debug, Clone)]
pub(super) struct Source {
    files: Vec<PathBuf>,
    list: Option<PathBuf>,
    separator: u8,
    /// The ledger's own files may be in a folder that is walked.
    ledger: PathBuf,
}

/// A path, or a folder or list that cannot be read.
type Found = (PathBuf, io::Result<()>);

impl Source {
    pub(super) fn find(args: &UploadArgs, ledger: &Path) -> anyhow::Result<Self> {
        let list = args.from.clone();
        if let Some(list) = &list {
            let from_stdin = |file: &PathBuf| picture::is_stdin(file);
            if from_stdin(list) && args.files.iter().any(from_stdin) {
                bail!("`-` can be given once: stdin holds a list or a picture");
            }
            if !from_stdin(list) {
                File::open(list)
                    .with_context(|| format!("cannot read the list {}", list.display()))?;
            }
        }
        Ok(Self {
            files: args.files.clone(),
            list,
            separator: if args.null { 0 } else { b'\n' },
            ledger: std::path::absolute(ledger).unwrap_or_else(|_| ledger.to_owned()),
        })
    }

    /// The number of files, where it can be known before they have been read.
    pub(super) fn count(&self) -> Option<u64> {
        let is_stream = self.list.as_deref().is_some_and(picture::is_stdin);
        (!is_stream).then(|| self.paths().count() as u64)
    }

    /// Hands out the files, on a thread of its own.
    pub(super) fn read(
        self,
        reader: Reader,
        account: Account,
    ) -> mpsc::Receiver<anyhow::Result<Vec<Item>>> {
        let (sender, receiver) = mpsc::channel(2);
        thread::spawn(move || {
            let mut paths = self.paths();
            let mut size = FIRST_BATCH;
            loop {
                let batch = look_up(paths.by_ref().take(size), &reader, account);
                let is_last = batch.as_ref().is_ok_and(Vec::is_empty);
                if is_last || sender.blocking_send(batch).is_err() {
                    return;
                }
                size = BATCH;
            }
        });
        receiver
    }

    fn paths(&self) -> impl Iterator<Item = Found> + '_ {
        let files = self.files.iter().flat_map(|file| self.walk(file));
        files.chain(self.list.iter().flat_map(|list| self.lines(list)))
    }

    /// The paths in a list. A line of Windows ends in CR LF; with NUL names are as they are.
    fn lines(&self, list: &Path) -> Box<dyn Iterator<Item = Found>> {
        let separator = self.separator;
        let list = list.to_owned();
        let mut lines: Box<dyn BufRead> = if picture::is_stdin(&list) {
            Box::new(BufReader::new(io::stdin()))
        } else {
            match File::open(&list) {
                Ok(file) => Box::new(BufReader::new(file)),
                Err(error) => return Box::new(iter::once((list, Err(error)))),
            }
        };
        let mut is_first = true;
        let mut next = move || {
            loop {
                let mut line = Vec::new();
                match lines.read_until(separator, &mut line) {
                    Ok(0) => return None,
                    Ok(_) => {}
                    Err(error) => return Some((list.clone(), Err(error))),
                }
                line.pop_if(|byte| *byte == separator);
                if separator == b'\n' {
                    line.pop_if(|byte| *byte == b'\r');
                }
                if is_first && line.starts_with("\u{feff}".as_bytes()) {
                    line.drain(.."\u{feff}".len());
                }
                is_first = false;
                if !line.is_empty() {
                    return Some((path_of(line).into(), Ok(())));
                }
            }
        };
        let mut has_failed = false;
        Box::new(iter::from_fn(move || {
            let line = next().filter(|_| !has_failed);
            has_failed |= line.as_ref().is_some_and(|(_, read)| read.is_err());
            line
        }))
    }

    /// A file, or all files in a folder: without hidden ones, and without following links to folders.
    fn walk(&self, root: &Path) -> Box<dyn Iterator<Item = Found> + '_> {
        if !root.is_dir() {
            return Box::new(iter::once((root.to_owned(), Ok(()))));
        }
        let mut folders: Vec<(PathBuf, ReadDir)> = Vec::new();
        let mut enter = Some(root.to_owned());
        Box::new(iter::from_fn(move || {
            loop {
                if let Some(folder) = enter.take() {
                    match fs::read_dir(&folder) {
                        Ok(entries) => folders.push((folder, entries)),
                        Err(error) => return Some((folder, Err(error))),
                    }
                }
                let (folder, entries) = folders.last_mut()?;
                match entries.next() {
                    None => {
                        folders.pop();
                    }
                    Some(Err(error)) => {
                        let folder = folder.clone();
                        folders.pop();
                        return Some((folder, Err(error)));
                    }
                    Some(Ok(entry)) if is_hidden(&entry.file_name()) => {}
                    Some(Ok(entry)) if entry.file_type().is_ok_and(|it| it.is_dir()) => {
                        enter = Some(entry.path());
                    }
                    Some(Ok(entry)) if is_link_to_folder(&entry) => {}
                    Some(Ok(entry)) if self.is_ledger(&entry.path()) => {}
                    Some(Ok(entry)) => return Some((entry.path(), Ok(()))),
                }
            }
        }))
    }

    fn is_ledger(&self, path: &Path) -> bool {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let rest = path.as_os_str().as_encoded_bytes();
        let rest = rest.strip_prefix(self.ledger.as_os_str().as_encoded_bytes());
        rest.is_some_and(|rest| [&b""[..], b"-wal", b"-shm", b"-lock"].contains(&rest))
    }
}

fn is_link_to_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|it| it.is_symlink()) && entry.path().is_dir()
}

fn is_hidden(name: &OsString) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

#[cfg(unix)]
fn path_of(line: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(line)
}

#[cfg(not(unix))]
fn path_of(line: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&line).into_owned().into()
}

fn look_up(
    paths: impl Iterator<Item = Found>,
    reader: &Reader,
    account: Account,
) -> anyhow::Result<Vec<Item>> {
    let (paths, read): (Vec<PathBuf>, Vec<io::Result<()>>) = paths.unzip();
    let state = |path: &PathBuf| fs::metadata(path).ok().filter(Metadata::is_file);
    let states = paths
        .iter()
        .map(|path| state(path).as_ref().map(FileState::of));
    let states: Vec<_> = states.map(Option::unwrap_or_default).collect();
    let files: Vec<_> = paths.into_iter().zip(states).collect();
    let known = reader.files(account, &files)?;
    let all = files.into_iter().zip(known).zip(read);
    let items = all.map(|(((path, state), known), read)| Item {
        path,
        state,
        known,
        error: read.err(),
    });
    Ok(items.collect())
}
