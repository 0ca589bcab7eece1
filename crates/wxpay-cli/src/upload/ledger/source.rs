//! The files of a run, from the command line, a list and folders, looked up in the ledger.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata},
    io::{self, BufRead, BufReader, Read},
    iter,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context, bail};
use tokio::sync::mpsc;
use wxpay_ledger::{Account, Entry, FileState, Reader};

use crate::{args::UploadArgs, settings::utf8, upload::picture};

/// Numbers of files looked up together. The first batch is small, so that uploads begin at once.
const BATCH: usize = 256;
const FIRST_BATCH: usize = 16;

/// Maximum length of a line of a list, in bytes: 16 times the longest path of Linux.
const MAX_LINE: u64 = 64 * 1024;

/// A file of the run.
#[derive(Debug)]
pub(super) enum Item {
    /// The ledger has no outcome for it.
    New(PathBuf, FileState),
    Known(PathBuf, Entry),
    /// A folder or list that cannot be read.
    Unreadable(PathBuf, io::Error),
}

type Batch = Vec<anyhow::Result<Item>>;

/// The arguments that name files.
#[derive(Debug, Clone)]
pub(super) struct Source {
    files: Vec<PathBuf>,
    list: Option<PathBuf>,
    separator: u8,
    /// Left out of folders, with the files beside it.
    ledger: PathBuf,
}

/// A path, or a folder or list that cannot be read.
type Found = (PathBuf, io::Result<()>);
type Founds<'a> = Box<dyn Iterator<Item = Found> + 'a>;

impl Source {
    pub(super) fn find(args: &UploadArgs, ledger: &Path) -> anyhow::Result<Self> {
        if let Some(list) = args.from.as_deref() {
            if !picture::is_stdin(list) {
                let open = File::open(list);
                open.with_context(|| format!("cannot read the list {}", list.display()))?;
            } else if args.files.iter().any(|file| picture::is_stdin(file)) {
                bail!("`-` can be given once: stdin holds a list or a picture");
            }
        }
        Ok(Self {
            files: args.files.clone(),
            list: args.from.clone(),
            separator: if args.null { 0 } else { b'\n' },
            ledger: std::path::absolute(ledger).unwrap_or_else(|_| ledger.to_owned()),
        })
    }

    /// The number of files, unless a list on stdin names them.
    pub(super) fn count(&self) -> Option<u64> {
        let is_stream = self.list.as_deref().is_some_and(picture::is_stdin);
        (!is_stream).then(|| self.paths().count() as u64)
    }

    /// Looks the files up on a thread of its own.
    pub(super) fn read(self, reader: Reader, account: Account) -> mpsc::Receiver<Batch> {
        let (sender, receiver) = mpsc::channel(2);
        thread::spawn(move || {
            let mut paths = self.paths();
            let mut size = FIRST_BATCH;
            loop {
                let batch = look_up(paths.by_ref().take(size), &reader, account);
                let batch = batch.unwrap_or_else(|error| vec![Err(error)]);
                if batch.is_empty() || sender.blocking_send(batch).is_err() {
                    return;
                }
                size = BATCH;
            }
        });
        receiver
    }

    fn paths(&self) -> impl Iterator<Item = Found> + '_ {
        let files = self.files.iter().flat_map(|file| match file.is_dir() {
            true => self.walk(file.clone()),
            false => Box::new(iter::once((file.clone(), Ok(())))),
        });
        files.chain(self.list.iter().flat_map(|list| self.lines(list)))
    }

    /// The paths in a list, as far as it can be read.
    fn lines(&self, list: &Path) -> Founds<'static> {
        let reader: Box<dyn BufRead> = if picture::is_stdin(list) {
            Box::new(BufReader::new(io::stdin()))
        } else {
            match File::open(list) {
                Ok(file) => Box::new(BufReader::new(file)),
                Err(error) => return Box::new(iter::once((list.to_owned(), Err(error)))),
            }
        };
        let list = list.to_owned();
        let found = move |path| match path {
            Ok(path) => (path, Ok(())),
            Err(error) => (list.clone(), Err(error)),
        };
        Box::new(paths_in(reader, self.separator).map(found))
    }

    /// All files in a folder, except hidden ones and those behind links to folders.
    fn walk(&self, folder: PathBuf) -> Founds<'_> {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => return Box::new(iter::once((folder, Err(error)))),
        };
        Box::new(entries.flat_map(move |entry| -> Founds<'_> {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return Box::new(iter::once((folder.clone(), Err(error)))),
            };
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                return Box::new(iter::empty());
            }
            let (path, kind) = (entry.path(), entry.file_type().ok());
            if kind.is_some_and(|it| it.is_dir()) {
                return self.walk(path);
            }
            let is_link_to_folder = kind.is_some_and(|it| it.is_symlink()) && path.is_dir();
            let is_taken = !is_link_to_folder && !self.is_ledger(&path);
            Box::new(is_taken.then_some((path, Ok(()))).into_iter())
        }))
    }

    fn is_ledger(&self, path: &Path) -> bool {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let rest = path.as_os_str().as_encoded_bytes();
        let rest = rest.strip_prefix(self.ledger.as_os_str().as_encoded_bytes());
        rest.is_some_and(|rest| [&b""[..], b"-wal", b"-shm", b"-lock"].contains(&rest))
    }
}

/// The paths in a list, up to the first error. Lines may end in CR LF. With NUL every byte belongs
/// to a name.
fn paths_in(mut list: impl BufRead, separator: u8) -> impl Iterator<Item = io::Result<PathBuf>> {
    let (mut is_first, mut has_failed) = (true, false);
    let lines = iter::from_fn(move || {
        if has_failed {
            return None;
        }
        let mut line = Vec::new();
        let read = list
            .by_ref()
            .take(MAX_LINE)
            .read_until(separator, &mut line);
        let is_text = separator == b'\n';
        let is_ended = line.pop_if(|byte| *byte == separator).is_some();
        let undecoded = if is_first {
            utf8(&mut line).err()
        } else {
            None
        };
        let error = match (read, undecoded.filter(|_| is_text)) {
            (Ok(0), _) => return None,
            (Err(error), _) => error,
            (_, Some(error)) => io::Error::other(format!("it {error}")),
            (Ok(read), _) if read as u64 == MAX_LINE && !is_ended => {
                io::Error::other("a line is longer than any path: a list has a path a line")
            }
            (Ok(_), _) => {
                line.pop_if(|byte| is_text && *byte == b'\r');
                is_first = false;
                return Some(Ok(path_of(line).into()));
            }
        };
        has_failed = true;
        Some(Err(error))
    });
    let is_path =
        |path: &io::Result<PathBuf>| !matches!(path, Ok(path) if path.as_os_str().is_empty());
    lines.filter(is_path)
}

fn path_of(line: Vec<u8>) -> OsString {
    #[cfg(unix)]
    return std::os::unix::ffi::OsStringExt::from_vec(line);
    #[cfg(not(unix))]
    return String::from_utf8_lossy(&line).into_owned().into();
}

fn look_up(
    found: impl Iterator<Item = Found>,
    reader: &Reader,
    account: Account,
) -> anyhow::Result<Batch> {
    let with_state = |(path, read): Found| {
        let metadata = fs::metadata(&path).ok().filter(Metadata::is_file);
        let state = metadata.as_ref().map(FileState::of);
        ((path, state.unwrap_or_default()), read.err())
    };
    let (files, errors): (Vec<_>, Vec<_>) = found.map(with_state).unzip();
    let known = reader.files(account, &files)?;
    let all = files.into_iter().zip(known).zip(errors);
    let items = all.map(|(((path, state), known), error)| match (error, known) {
        (Some(error), _) => Item::Unreadable(path, error),
        (None, Some(entry)) => Item::Known(path, entry),
        (None, None) => Item::New(path, state),
    });
    Ok(items.map(Ok).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails once.
    struct Broken(bool);

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.0 = !self.0;
            if self.0 {
                Err(io::Error::other("broken"))
            } else {
                Ok(0)
            }
        }
    }

    fn read(list: impl Read, separator: u8) -> Vec<String> {
        let shown = |path: io::Result<PathBuf>| match path {
            Ok(path) => path.display().to_string(),
            Err(error) => format!("error: {error}"),
        };
        let paths = paths_in(BufReader::new(list), separator);
        paths.map(shown).collect()
    }

    #[test]
    fn an_error_ends_a_list() {
        let list = b"a.png\nha"
            .chain(Broken(false))
            .chain(&b"lf/b.png\nd.png"[..]);
        assert_eq!(read(list, b'\n'), ["a.png", "error: broken"]);
    }

    #[test]
    fn a_line_is_bounded_and_utf_16_is_named() {
        for separator in [b'\n', 0] {
            let endless = b"a.png\n\0".chain(io::repeat(b'x'));
            let paths = read(endless, separator);
            assert!(
                paths.last().unwrap().starts_with("error: a line is longer"),
                "{paths:?}"
            );
        }
        let utf_16 = read(&b"\xff\xfea\0\n\0"[..], b'\n');
        assert_eq!(utf_16, ["error: it is in UTF-16: save it as UTF-8"]);
    }
}
