//! Checksums, in the form that `sha256sum --check` reads.

use std::{fmt::Write, fs, path::Path};

use anyhow::Context;
use sha2::{Digest, Sha256};

pub(super) fn write(path: &Path, files: &[&Path]) -> anyhow::Result<()> {
    let mut lines = String::new();
    for file in files {
        let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let _ = writeln!(lines, "{}  {name}", hex(&Sha256::digest(content)));
    }
    fs::write(path, lines).with_context(|| format!("cannot write {}", path.display()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let (file, sums) = (folder.path().join("a"), folder.path().join("SHA256SUMS"));
        fs::write(&file, "abc").unwrap();
        write(&sums, &[&file]).unwrap();
        assert_eq!(
            fs::read_to_string(&sums).unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n"
        );
    }
}
