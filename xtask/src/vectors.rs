//! `cargo xtask vectors`: computes the signature vectors with foreign programs: Python from the
//! parameters to the signature, openssl from the canonical string to the signature.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::{Workspace, require_none};

pub(crate) const NEEDS: [&str; 2] = ["openssl", "python3"];
const FOLDER: &str = "crates/wxpay-sign/tests/vectors";
const SCRIPT: &str = "crates/wxpay-sign/tests/independent/sign.py";

pub(crate) fn run(ws: &Workspace, check: bool) -> Result<()> {
    let (mut count, mut findings) = (0, Vec::new());
    for folder in ws.sh.read_dir(FOLDER)?.iter().filter(|path| path.is_dir()) {
        count += 1;
        for (name, text) in compute(ws, folder)? {
            let path = folder.join(name);
            if ws.sh.read_file(&path).ok().as_ref() == Some(&text) {
                continue;
            }
            findings.push(format!("{} is not what is computed", path.display()));
            if !check {
                ws.sh.write_file(&path, text)?;
            }
        }
    }
    ensure!(count > 0, "{FOLDER} holds no vector");
    if check {
        require_none(&findings, "`cargo xtask vectors` writes these")?;
    }
    println!("vectors: {count} computed by openssl and by Python");
    Ok(())
}

fn compute(ws: &Workspace, folder: &Path) -> Result<Vec<(&'static str, String)>> {
    let read = |name: &str| ws.sh.read_file(folder.join(name));
    let (key, params) = (read("key.txt")?, read("params.txt")?);
    let (key, sign_type) = (key.trim_end_matches('\n'), read("sign_type.txt")?);
    let digits = hex(key);
    let by_openssl = |canonical: &str| -> Result<String> {
        let options = match sign_type.trim_end() {
            "MD5" => "-md5".to_owned(),
            "HMAC-SHA256" => format!("-sha256 -mac HMAC -macopt hexkey:{digits}"),
            other => bail!("{}: there is no sign type {other}", folder.display()),
        };
        let openssl = ws.line(&format!("openssl dgst {options}"));
        let answer = openssl.stdin(format!("{canonical}&key={key}")).read()?;
        // `MD5(stdin)= 9e19…`
        Ok(answer.rsplit(' ').next().unwrap_or_default().to_uppercase())
    };
    // `MD5 KEY NAME=VALUE NAME=VALUE`, with names and values in hexadecimal digits.
    let mut question = format!("{} {key}", sign_type.trim_end());
    for line in params.lines() {
        let (name, value) = line.split_once('=').context("a parameter has no `=`")?;
        question += &format!(" {}={}", hex(name), hex(value));
    }
    let python = ws.cmd("python3").arg(SCRIPT).stdin(question);
    let (canonical, signature) = parse(&python.read()?)?;
    let is_same = by_openssl(&canonical)? == signature;
    ensure!(is_same, "{folder:?}: openssl and Python do not agree");
    let mut files = vec![
        ("canonical.txt", format!("{canonical}\n")),
        ("signature.txt", format!("{signature}\n")),
    ];
    // Some cases also have the string and the signature of a usual mistake.
    if let Ok(wrong) = read("wrong_canonical.txt") {
        let wrong = by_openssl(wrong.trim_end_matches('\n'))?;
        files.push(("wrong_signature.txt", format!("{wrong}\n")));
    }
    Ok(files)
}

/// Splits Python's answer into the canonical string, which is in hexadecimal digits, and the
/// signature.
fn parse(line: &str) -> Result<(String, String)> {
    let (digits, signature) = line.split_once(' ').context("Python printed one part")?;
    let mut bytes = Vec::new();
    for pair in digits.as_bytes().chunks(2) {
        bytes.push(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
    }
    Ok((String::from_utf8(bytes)?, signature.to_owned()))
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
