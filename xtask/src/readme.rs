//! `cargo xtask readme`: generates the blocks of the READMEs between `<!-- crates -->` or
//! `<!-- output -->` and `<!-- end -->`.

use std::env::{self, consts::EXE_SUFFIX};

use anyhow::{Context, Result, ensure};
use xshell::Cmd;

use crate::workspace::{Workspace, is_library, require_none};

const FILES: [&str; 3] = ["README.md", "README.zh-CN.md", "crates/wxpay-cli/README.md"];
const END: &str = "<!-- end -->";

/// The command of READMEs for a program that is not installed.
const FROM_SOURCE: &str = "cargo run --release --bin wxpay -- ";
/// The key of the API's documentation, which signs the examples.
const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

/// Writes the blocks, or with `check` only reports the READMEs that would change.
pub(crate) fn run(ws: &Workspace, check: bool) -> Result<()> {
    ws.run("cargo build --quiet --locked --bin wxpay --target-dir target")?;
    let mut stale = Vec::new();
    for file in FILES {
        let old = ws.sh.read_file(file)?;
        let new = replace(&old, |kind, inside| match kind {
            "crates" => crates(ws, file.contains("zh-CN"), inside).map(Some),
            "output" => console(ws, inside).map(Some),
            _ => Ok(None),
        });
        let new = new.context(file)?;
        if new != old && !check {
            ws.sh.write_file(file, &new)?;
        }
        stale.extend((new != old && check).then(|| file.to_owned()));
    }
    require_none(&stale, "`cargo xtask readme` writes these anew")
}

/// Replaces the inside of each block by the result of `make(kind, inside)`; other comments give
/// `None`. Blocks do not nest: an inside ends with the next comment.
fn replace(text: &str, make: impl Fn(&str, &str) -> Result<Option<String>>) -> Result<String> {
    let mut pieces = text.split("<!-- ");
    let mut done = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let parts = piece.split_once(" -->");
        let (kind, inside) = parts.context("a comment is not closed")?;
        let Some(made) = make(kind, inside.trim())? else {
            done += &format!("<!-- {piece}");
            continue;
        };
        let is_closed = text.contains(&format!("<!-- {piece}{END}"));
        ensure!(is_closed, "`<!-- {kind} -->` has no `{END}`");
        done += &format!("<!-- {kind} -->\n\n{}\n\n", made.trim());
    }
    Ok(done)
}

/// The table of crates, from `[package.metadata.readme]` of each manifest. Rows keep their order;
/// new crates come last.
fn crates(ws: &Workspace, is_chinese: bool, inside: &str) -> Result<String> {
    let (language, heading, program) = match is_chinese {
        true => ("zh-CN", "我想要", "程序"),
        false => ("en", "I want to", "the program"),
    };
    let mut packages: Vec<_> = ws.published().collect();
    packages.sort_by_key(|package| {
        let link = format!("]({})", ws.path(package, ""));
        inside.find(&link).unwrap_or(usize::MAX)
    });
    let mut table = format!("| {heading} | crate |\n|---|---|\n");
    for package in packages {
        let text = package.metadata["readme"][language].as_str();
        let problem = || format!("{} has no `{language}` under metadata.readme", package.name);
        let text = text.filter(|it| !it.contains('|')).with_context(problem)?;
        let (name, folder) = (&package.name, ws.path(package, ""));
        table += &match is_library(package) {
            true => format!("| {text} | [`{name}`]({folder}) |\n"),
            false => format!("| {text} | {program} [`wxpay`]({folder}) |\n"),
        };
    }
    Ok(table)
}

/// Runs the command of a console block, and returns the block with the present output. It stays as
/// it is if only ports and media ids differ.
fn console(ws: &Workspace, inside: &str) -> Result<String> {
    let text = inside.strip_prefix("```console\n$ ");
    let text = text.and_then(|text| text.strip_suffix("```"));
    let (command, shown) = split(text.context("a console begins with a command")?);
    let words = command.replace("\\\n", " ");
    let words = words.strip_prefix(FROM_SOURCE).unwrap_or(&words);
    let words = words.trim_start_matches("wxpay ").split_whitespace();
    let program = ws.root().join(format!("target/debug/wxpay{EXE_SUFFIX}"));
    let wxpay = ws.cmd(program).args(words);
    let ours = env::vars_os().map(|(name, _)| name);
    let ours = ours.filter(|name| name.to_string_lossy().starts_with("WXPAY_"));
    let wxpay = ours.fold(wxpay, Cmd::env_remove).env("WXPAY_API_KEY", KEY);
    let output = wxpay.ignore_status().output()?;
    // A terminal shows the notes before the results.
    let printed = String::from_utf8([output.stderr, output.stdout].concat());
    let printed = printed.context("`wxpay` prints no UTF-8")?;
    let is_same = steady(shown) == steady(&printed);
    let printed = if is_same { shown } else { &printed };
    Ok(format!("```console\n$ {command}\n{printed}```"))
}

/// Splits a block into the command, which continues after a backslash, and its output.
fn split(text: &str) -> (&str, &str) {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if !line.trim_end().ends_with('\\') {
            break;
        }
    }
    let (command, shown) = text.split_at(end);
    (command.trim_end(), shown)
}

/// Replaces ports and media ids, which differ from run to run.
fn steady(text: &str) -> String {
    let words = text.split_inclusive([' ', '\n', ':']).map(|word| {
        let core = word.trim_end_matches([' ', '\n', ':']);
        let is_port = core.len() >= 4 && core.bytes().all(|byte| byte.is_ascii_digit());
        match is_port || is_media_id(core) {
            true => word.replacen(core, "…", 1),
            false => word.to_owned(),
        }
    });
    words.collect()
}

pub(crate) fn is_media_id(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    text.len() == 43 && text.bytes().all(is_letter)
}

#[test]
fn only_what_has_changed_in_a_block_changes() {
    let upper = |kind: &str, inside: &str| Ok((kind == "up").then(|| inside.to_uppercase()));
    let text = "a <!-- x --> b\n<!-- up -->\n\nc\n\n<!-- end -->\nd";
    let replaced = replace(text, upper).unwrap();
    assert_eq!(replaced, text.replace("\nc\n", "\nC\n"));
    assert!(replace("<!-- up --> a", upper).is_err());
    assert!(replace("<!-- up", upper).is_err());
    // A command may have two lines; ports and media ids do not count.
    let (command, shown) = ("wxpay a \\\n  b", "at https://127.0.0.1:41005: its\n");
    assert_eq!(split(&format!("{command}\n{shown}")), (command, shown));
    let id = "Rq6ISAcWRGVD-Yfjc2xyLtVF4UM9k_tvm2fNZeJ8OQw";
    assert_eq!(steady(shown), steady(&shown.replace("41005", id)));
    assert_ne!(steady(shown), steady(&shown.replace("its", "the")));
}
