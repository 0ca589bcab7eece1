//! `cargo xtask public-api`: each library's API as a text that is committed, one item a line.
//!
//! rustdoc says in JSON what is public, in a form that changes with Rust; public-api reads the form
//! of one Rust. With another one this verb says so.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};

use crate::{
    cargo,
    metadata::{Metadata, Package},
};

/// The file in a library's folder.
pub(crate) const FILE: &str = "public-api.txt";

/// What to list.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail where a committed list is not what the library has
    #[arg(long)]
    check: bool,

    /// Only these libraries
    #[arg(value_name = "CRATE")]
    libraries: Vec<String>,
}

pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let metadata = Metadata::load(root)?;
    let libraries = metadata.published().filter(|package| package.is_library());
    let mut stale = Vec::new();
    for library in libraries.filter(|library| is_wanted(&args.libraries, &library.name)) {
        let path = root.join(library.path(FILE));
        let list = list(root, library)?;
        if !args.check {
            fs::write(&path, list).with_context(|| format!("cannot write {}", path.display()))?;
            continue;
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        let difference = difference(&committed, &list);
        if !difference.is_empty() {
            println!("{}:\n{difference}", library.path(FILE));
            stale.push(library.name.as_str());
        }
    }
    ensure!(
        stale.is_empty(),
        "the API is not as listed: {}: where that is meant, run `cargo xtask public-api` and commit",
        stale.join(", ")
    );
    Ok(())
}

fn is_wanted(names: &[String], name: &str) -> bool {
    names.is_empty() || names.iter().any(|wanted| wanted == name)
}

/// All items with all features, sorted. What every type has (blanket implementations) is left out;
/// `Send` and `Sync` are not: to lose one breaks users.
fn list(root: &Path, library: &Package) -> anyhow::Result<String> {
    let json = rustdoc_json(root, &library.name)?;
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .build()
        .with_context(|| format!("cannot read what rustdoc says of {}", library.name))?;
    let mut list = String::new();
    for item in api.items() {
        writeln!(list, "{item}").context("a string takes all that is written to it")?;
    }
    Ok(list)
}

fn rustdoc_json(root: &Path, library: &str) -> anyhow::Result<PathBuf> {
    // A folder of its own: JSON and HTML would each make the other stale.
    let target = root.join("target/public-api");
    let status = cargo::command(root)
        .args(["rustdoc", "--quiet", "--locked", "--lib", "--all-features"])
        .args(["--package", library, "--target-dir"])
        .arg(&target)
        .args(["--", "-Zunstable-options", "--output-format=json"])
        // rustdoc's JSON is not stable yet.
        .env("RUSTC_BOOTSTRAP", "1")
        .status()
        .context("cannot start `cargo rustdoc`")?;
    if !status.success() {
        bail!("`cargo rustdoc` failed for {library}");
    }
    Ok(target.join(format!("doc/{}.json", library.replace('-', "_"))))
}

/// The lines that only one has, as `-` and `+`.
fn difference(committed: &str, now: &str) -> String {
    let only = |mark: char, here: &str, there: &str| -> String {
        here.lines()
            .filter(|line| !there.lines().any(|other| other == *line))
            .map(|line| format!("{mark} {line}\n"))
            .collect()
    };
    only('-', committed, now) + &only('+', now, committed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_went_and_what_came() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), "");
        assert_eq!(difference("a\nb\n", "b\nc\nd\n"), "- a\n+ c\n+ d\n");
        assert_eq!(difference("", "a\n"), "+ a\n");
    }
}
