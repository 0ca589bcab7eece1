//! `cargo xtask vectors`: the signature vectors, computed again by programs that are not ours.
//!
//! Python goes from the parameters to the signature, by the script that the crate's own tests use;
//! openssl from the canonical string to the signature. Where both agree, that is what the folder must
//! hold.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::workspace::{Workspace, missing};

pub(crate) const NEEDS: [&str; 2] = ["openssl", "python3"];
const FOLDER: &str = "crates/wxpay-sign/tests/vectors";
/// One line a case in, one line a case out.
const SCRIPT: &str = "crates/wxpay-sign/tests/independent/sign.py";

/// Writes what is computed, or with `check` only says what differs.
pub(crate) fn run(ws: &Workspace, check: bool) -> Result<()> {
    if let Some(why) = missing(&NEEDS) {
        println!("vectors: skipped: {why}");
        return Ok(());
    }
    let sh = &ws.sh;
    let folders = sh.read_dir(FOLDER)?;
    let folders: Vec<_> = folders.into_iter().filter(|path| path.is_dir()).collect();
    ensure!(!folders.is_empty(), "{FOLDER} holds no vector");
    let mut question = String::new();
    for folder in &folders {
        question += &line(
            &read(sh, folder, "sign_type.txt")?,
            &read(sh, folder, "key.txt")?,
            &read(sh, folder, "params.txt")?,
        );
    }
    let answer = cmd!(ws, "python3 {SCRIPT}").stdin(question).read()?;
    ensure!(
        answer.lines().count() == folders.len(),
        "{SCRIPT} gave another number of answers"
    );
    let mut findings = Vec::new();
    for (folder, line) in folders.iter().zip(answer.lines()) {
        let (canonical, signature) = parse(line)?;
        let again = by_openssl(ws, folder, &canonical)?;
        ensure!(
            again == signature,
            "{folder:?}: openssl and Python do not agree"
        );
        let mut files = vec![("canonical.txt", canonical), ("signature.txt", signature)];
        // What a usual mistake signs, where the case is such a trap.
        if let Ok(wrong) = read(sh, folder, "wrong_canonical.txt") {
            files.push(("wrong_signature.txt", by_openssl(ws, folder, &wrong)?));
        }
        for (name, text) in files {
            findings.extend(settle(sh, &folder.join(name), &text, check)?);
        }
    }
    ensure!(findings.is_empty(), "{}", findings.join("\n"));
    println!(
        "vectors: {} confirmed by openssl and by Python",
        folders.len()
    );
    Ok(())
}

/// `MD5 KEY NAME=VALUE NAME=VALUE`, names and values in hexadecimal digits.
fn line(sign_type: &str, key: &str, params: &str) -> String {
    let mut line = format!("{sign_type} {key}");
    for param in params.lines() {
        let (name, value) = param.split_once('=').unwrap_or((param, ""));
        line += &format!(" {}={}", hex(name), hex(value));
    }
    line + "\n"
}

/// The canonical string, which is in hexadecimal digits, and the signature.
fn parse(line: &str) -> Result<(String, String)> {
    let (digits, signature) = line.split_once(' ').context("an answer has two parts")?;
    let mut bytes = Vec::new();
    for pair in digits.as_bytes().chunks(2) {
        bytes.push(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
    }
    Ok((String::from_utf8(bytes)?, signature.to_owned()))
}

fn by_openssl(ws: &Workspace, folder: &Path, canonical: &str) -> Result<String> {
    let key = read(&ws.sh, folder, "key.txt")?;
    let digits = hex(&key);
    let openssl = match read(&ws.sh, folder, "sign_type.txt")?.as_str() {
        "MD5" => cmd!(ws, "openssl dgst -md5"),
        "HMAC-SHA256" => {
            cmd!(ws, "openssl dgst -sha256 -mac HMAC -macopt hexkey:{digits}")
        }
        other => bail!("{folder:?}: there is no sign type {other}"),
    };
    let answer = openssl.stdin(format!("{canonical}&key={key}")).read()?;
    // `MD5(stdin)= 9e19…`
    Ok(answer.rsplit(' ').next().unwrap_or_default().to_uppercase())
}

/// Makes a file hold what was computed, or says that it does not.
fn settle(sh: &Shell, path: &Path, text: &str, check: bool) -> Result<Option<String>> {
    let (text, shown) = (format!("{text}\n"), path.display());
    if sh.read_file(path).is_ok_and(|it| it == text) {
        return Ok(None);
    }
    if check {
        let problem = "is not what is computed: `cargo xtask vectors` writes it";
        return Ok(Some(format!("{shown} {problem}")));
    }
    sh.write_file(path, text)?;
    println!("{shown} written");
    Ok(None)
}

/// A file's text without the line end that closes it.
fn read(sh: &Shell, folder: &Path, name: &str) -> Result<String> {
    let text = sh.read_file(folder.join(name))?;
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_and_its_answer_are_in_hexadecimal_digits() {
        assert_eq!(line("MD5", "k", "b=1\na=x=y"), "MD5 k 62=31 61=783d79\n");
        assert_eq!(
            parse("613d31 ABC").unwrap(),
            ("a=1".to_owned(), "ABC".to_owned())
        );
        assert!(parse("613d31").is_err());
        assert!(parse("zz ABC").is_err());
    }

    #[test]
    fn what_differs_is_told_or_written() {
        let sh = Shell::new().unwrap();
        let folder = sh.create_temp_dir().unwrap();
        let path = folder.path().join("canonical.txt");
        let settle = |text: &str, check| settle(&sh, &path, text, check).unwrap();
        assert_eq!(settle("old", false), None);
        assert_eq!(settle("old", true), None);
        assert!(
            settle("new", true)
                .unwrap()
                .contains("canonical.txt is not what")
        );
        assert_eq!(settle("new", false), None);
        assert_eq!(settle("new", true), None);
    }
}
