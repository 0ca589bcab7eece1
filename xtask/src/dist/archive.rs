//! The folder in one file.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::Context;
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

/// Packs a folder into `FOLDER.tar.gz` beside it. Names, times, owners and order depend on nothing
/// but the content.
pub(super) fn pack(folder: &Path, time: u64) -> anyhow::Result<PathBuf> {
    let name = folder.file_name().context("a folder has a name")?;
    let path = folder.with_file_name(format!("{}.tar.gz", name.to_string_lossy()));
    let context = || format!("cannot write {}", path.display());
    let file = File::create(&path).with_context(context)?;
    // Without the name and the time that gzip would keep.
    let gzip = GzBuilder::new().write(file, Compression::best());
    let mut archive = Builder::new(gzip);
    for file in files(folder)? {
        let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mtime(time);
        header.set_mode(if is_program(folder, &file) {
            0o755
        } else {
            0o644
        });
        let inside = Path::new(name).join(file.strip_prefix(folder)?);
        archive
            .append_data(&mut header, inside, content.as_slice())
            .with_context(context)?;
    }
    let gzip = archive.into_inner().with_context(context)?;
    gzip.finish().with_context(context)?;
    Ok(path)
}

/// All files, sorted.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let context = || format!("cannot read {}", folder.display());
    let mut files = Vec::new();
    for entry in folder.read_dir().with_context(context)? {
        let path = entry.with_context(context)?.path();
        match path.is_dir() {
            true => files.extend(self::files(&path)?),
            false => files.push(path),
        }
    }
    files.sort();
    Ok(files)
}

fn is_program(folder: &Path, file: &Path) -> bool {
    file.parent() == Some(folder) && file.file_stem().is_some_and(|stem| stem == "wxpay")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_folder_gives_the_same_archive() {
        let root = tempfile::tempdir().unwrap();
        let packed = ["one", "two"].map(|place| {
            let folder = root.path().join(place).join("wxpay-1");
            fs::create_dir_all(folder.join("man")).unwrap();
            fs::write(folder.join("wxpay"), "program").unwrap();
            fs::write(folder.join("man/wxpay.1"), "page").unwrap();
            fs::read(pack(&folder, 1_790_000_000).unwrap()).unwrap()
        });
        assert_eq!(packed[0], packed[1]);
        let archive = flate2::read::GzDecoder::new(packed[0].as_slice());
        let mut archive = tar::Archive::new(archive);
        let entries = archive.entries().unwrap().map(|entry| {
            let header = entry.unwrap().header().clone();
            let path = header.path().unwrap().display().to_string();
            (path, header.mode().unwrap())
        });
        let expected = [("wxpay-1/man/wxpay.1", 0o644), ("wxpay-1/wxpay", 0o755)];
        assert_eq!(
            entries.collect::<Vec<_>>(),
            expected.map(|(path, mode)| (path.to_owned(), mode))
        );
    }
}
