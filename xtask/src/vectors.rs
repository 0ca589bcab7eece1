//! `cargo xtask vectors`: the signature vectors, computed again by programs that are not ours.
//!
//! Python goes from the parameters to the signature, by the script that the crate's own tests use;
//! openssl from the canonical string to the signature. Where both agree, that is what the folder must
//! hold.

mod case;
mod judge;

use std::path::Path;

use anyhow::ensure;

use crate::tool;
use case::Case;

const FOLDER: &str = "crates/wxpay-sign/tests/vectors";

/// What to do with what differs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail where a committed file is not what they compute
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    if let Some(why) = why_not(root) {
        println!("vectors: skipped: {why}");
        return Ok(());
    }
    let cases = Case::all(&root.join(FOLDER))?;
    ensure!(!cases.is_empty(), "{FOLDER} holds no vector");
    let by_python = judge::python(root, &cases)?;
    let mut findings = Vec::new();
    for (case, computed) in cases.iter().zip(by_python) {
        let by_openssl = judge::openssl(case, &computed.canonical)?;
        ensure!(
            by_openssl == computed.signature,
            "{}: openssl and Python do not agree",
            case.name
        );
        let mut files = vec![
            ("canonical.txt", computed.canonical),
            ("signature.txt", computed.signature),
        ];
        if let Some(wrong) = case.wrong_canonical()? {
            files.push(("wrong_signature.txt", judge::openssl(case, &wrong)?));
        }
        for (name, text) in files {
            findings.extend(case.settle(name, &text, args.check)?);
        }
    }
    ensure!(findings.is_empty(), "{}", findings.join("\n"));
    println!(
        "vectors: {} confirmed by openssl and by Python",
        cases.len()
    );
    Ok(())
}

/// Why this cannot run here, if so.
pub(crate) fn why_not(_: &Path) -> Option<String> {
    tool::OPENSSL.missing().or_else(|| tool::PYTHON.missing())
}
