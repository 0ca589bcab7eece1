//! The table of crates, from what each manifest says.

use std::fmt::Write;

use anyhow::{Context, ensure};

use crate::metadata::{Metadata, Package};

/// What most people look for first.
const ORDER: [&str; 8] = [
    "wxpay-media",
    "wxpay-cli",
    "wxpay-sign",
    "wxpay-xml",
    "wxpay-multipart",
    "wxpay-picture",
    "wxpay-transport",
    "wxpay-sandbox",
];

pub(super) fn table(metadata: &Metadata, language: &str) -> anyhow::Result<Option<String>> {
    let left_out = metadata
        .published()
        .find(|it| !ORDER.contains(&it.name.as_str()));
    if let Some(package) = left_out {
        anyhow::bail!("{} has no place in the table of crates", package.name);
    }
    let (heading, program) = match language {
        "zh-CN" => ("我想要", "程序"),
        _ => ("I want to", "the program"),
    };
    let mut table = format!("| {heading} | crate |\n|---|---|\n");
    for name in ORDER {
        let package = metadata
            .member(name)
            .with_context(|| format!("no {name}"))?;
        let purpose = purpose(package, language)?;
        let folder = package.folder();
        let link = match package.is_library() {
            true => format!("[`{name}`]({folder})"),
            false => format!("{program} [`wxpay`]({folder})"),
        };
        writeln!(table, "| {purpose} | {link} |").context("a string takes all")?;
    }
    Ok(Some(table))
}

/// `[package.metadata.readme]` of the manifest.
fn purpose<'a>(package: &'a Package, language: &str) -> anyhow::Result<&'a str> {
    let texts = package.metadata.as_ref().and_then(|it| it.get("readme"));
    let text = texts.and_then(|texts| texts.get(language)?.as_str());
    let text = text.with_context(|| {
        let manifest = package.manifest();
        format!("{manifest} has no `{language}` under [package.metadata.readme]")
    })?;
    ensure!(
        !text.contains('|'),
        "a cell of a table holds no `|`: {text}"
    );
    Ok(text)
}
