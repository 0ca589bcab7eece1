//! Programs that are not ours, asked what a signature is.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, bail, ensure};

use super::case::Case;

/// What the crate's own tests ask, too: one line a case in, one line a case out.
const SCRIPT: &str = "crates/wxpay-sign/tests/independent/sign.py";

/// What follows from a case.
#[derive(Debug)]
pub(super) struct Computed {
    pub(super) canonical: String,
    pub(super) signature: String,
}

/// From the parameters on.
pub(super) fn python(root: &Path, cases: &[Case]) -> anyhow::Result<Vec<Computed>> {
    let question: String = cases.iter().map(line).collect();
    let mut python = Command::new("python3");
    let answer = ask(python.arg(root.join(SCRIPT)), question.as_bytes())?;
    let computed: Vec<_> = answer
        .lines()
        .map(computed)
        .collect::<anyhow::Result<_>>()?;
    ensure!(
        computed.len() == cases.len(),
        "{SCRIPT} gave another number of answers"
    );
    Ok(computed)
}

/// From the canonical string on.
pub(super) fn openssl(case: &Case, canonical: &str) -> anyhow::Result<String> {
    let mut openssl = Command::new("openssl");
    match case.sign_type.as_str() {
        "MD5" => openssl.args(["dgst", "-md5"]),
        "HMAC-SHA256" => {
            let key = format!("hexkey:{}", hex(&case.key));
            openssl.args(["dgst", "-sha256", "-mac", "HMAC", "-macopt", &key])
        }
        other => bail!("{}: there is no sign type {other}", case.name),
    };
    let signed = format!("{canonical}&key={}", case.key);
    let answer = ask(&mut openssl, signed.as_bytes())?;
    // `MD5(stdin)= 9e19…`
    let digits = answer.trim_end().rsplit(' ').next();
    Ok(digits.unwrap_or_default().to_uppercase())
}

/// Neither program answers before it has read everything, so that no side waits for the other.
fn ask(command: &mut Command, question: &[u8]) -> anyhow::Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let mut input = child.stdin.take().context("standard input is piped")?;
    input
        .write_all(question)
        .with_context(|| format!("{name} does not read"))?;
    drop(input);
    let output = child
        .wait_with_output()
        .with_context(|| format!("{name} does not answer"))?;
    ensure!(output.status.success(), "{name} failed");
    String::from_utf8(output.stdout).with_context(|| format!("{name}'s answer is not UTF-8"))
}

/// `MD5 KEY NAME=VALUE NAME=VALUE`, names and values in hexadecimal digits.
fn line(case: &Case) -> String {
    let pairs = case.params.iter();
    let pairs: String = pairs
        .map(|(name, value)| format!(" {}={}", hex(name), hex(value)))
        .collect();
    format!("{} {}{pairs}\n", case.sign_type, case.key)
}

/// The canonical string in hexadecimal digits, and the signature.
fn computed(line: &str) -> anyhow::Result<Computed> {
    let parts = line.split_once(' ').context("an answer has two parts")?;
    let digits = parts.0.as_bytes().chunks(2);
    let bytes = digits.map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?));
    let bytes: Vec<u8> = bytes.collect::<anyhow::Result<_>>()?;
    Ok(Computed {
        canonical: String::from_utf8(bytes)?,
        signature: parts.1.to_owned(),
    })
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_answer() {
        let computed = computed("613d31 ABC").unwrap();
        assert_eq!(computed.canonical, "a=1");
        assert_eq!(computed.signature, "ABC");
        assert!(super::computed("613d31").is_err());
        assert!(super::computed("zz ABC").is_err());
    }
}
