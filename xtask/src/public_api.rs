//! `cargo xtask public-api`: each library's API as a text that is committed, one item a line; and the
//! examples that its items have.
//!
//! rustdoc says in JSON what is public, in a form that changes with Rust; the library public-api reads
//! the form of one Rust, and says so with another.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};
use public_api::PublicApi;
use serde_json::Value;
use xshell::cmd;

use crate::workspace::Workspace;

/// The file in a library's folder.
pub(crate) const FILE: &str = "public-api.txt";

/// Writes the lists, or with `check` only compares them; of all libraries, where none is named.
pub(crate) fn run(ws: &Workspace, check: bool, names: &[String]) -> Result<()> {
    for name in names {
        ws.member(name)?;
    }
    let sh = &ws.sh;
    let mut findings = Vec::new();
    for library in ws.libraries() {
        let name = library.name.as_str();
        if !names.is_empty() && names.iter().all(|wanted| wanted != name) {
            continue;
        }
        // A folder of its own: JSON and HTML would each make the other stale.
        let folder = ws.root().join("target/public-api");
        let rustdoc = cmd!(
            ws,
            "cargo rustdoc --quiet --locked --lib --all-features -p {name}"
        );
        let rustdoc = rustdoc.arg("--target-dir").arg(&folder);
        // rustdoc's JSON is not stable yet.
        let rustdoc = rustdoc.args(["--", "-Zunstable-options", "--output-format=json"]);
        rustdoc.env("RUSTC_BOOTSTRAP", "1").run()?;
        let json = folder.join(format!("doc/{}.json", name.replace('-', "_")));
        // `Send` and `Sync` are not in it: cargo-semver-checks looks at them.
        let api = public_api::Builder::from_rustdoc_json(&json);
        let api = api.omit_blanket_impls(true).omit_auto_trait_impls(true);
        let api = api.omit_auto_derived_impls(true).build();
        let api = api.with_context(|| format!("cannot read what rustdoc says of {name}"))?;
        let list: String = api.items().map(|item| format!("{item}\n")).collect();
        let path = ws.path(library, FILE);
        let difference = difference(&sh.read_file(&path).unwrap_or_default(), &list);
        if !check {
            sh.write_file(&path, &list)?;
        } else if !difference.is_empty() {
            findings.push(format!(
                "{path} is not the API: where that is meant, run `cargo xtask public-api` and \
                 commit\n{difference}"
            ));
        }
        let json = serde_json::from_str(&sh.read_file(&json)?).context("rustdoc's JSON is none")?;
        for item in without_example(&api, &json) {
            findings.push(format!("no example that runs as a doctest: {item}"));
        }
    }
    ensure!(findings.is_empty(), "{}", findings.join("\n"));
    Ok(())
}

/// The lines that only one has, as `-` and `+`.
fn difference(committed: &str, now: &str) -> String {
    let only = |mark: char, here: &str, there: &str| -> String {
        let there: HashSet<_> = there.lines().collect();
        let lines = here.lines().filter(|line| !there.contains(line));
        lines.map(|line| format!("{mark} {line}\n")).collect()
    };
    only('-', committed, now) + &only('+', now, committed)
}

/// The items that want an example and have none. What a type does by a trait is explained there.
fn without_example(api: &PublicApi, json: &Value) -> Vec<String> {
    let items = json["index"]
        .as_object()
        .into_iter()
        .flat_map(|it| it.values());
    let impls = items
        .map(|item| &item["inner"]["impl"])
        .filter(|it| !it["trait"].is_null());
    let items = impls.flat_map(|it| it["items"].as_array().into_iter().flatten());
    let by_traits: HashSet<_> = items.filter_map(Value::as_u64).collect();
    let has_none = |item: &&public_api::PublicItem| {
        let docs = json["index"][item.id().0.to_string()]["docs"].as_str();
        let is_own = !by_traits.contains(&u64::from(item.id().0));
        is_own && wants_example(&item.to_string()) && !has_example(docs.unwrap_or_default())
    };
    api.items()
        .filter(has_none)
        .map(ToString::to_string)
        .collect()
}

/// Types, constructors and functions that can fail do; getters do not.
fn wants_example(item: &str) -> bool {
    let item = item.trim_start_matches("#[non_exhaustive] ");
    let function = item
        .split_once("fn ")
        .and_then(|(_, it)| it.rsplit_once(" -> "));
    let Some((head, result)) = function else {
        return ["pub struct ", "pub enum ", "pub trait "]
            .iter()
            .any(|it| item.starts_with(it));
    };
    let (path, arguments) = head.split_once('(').unwrap_or((head, ""));
    let is_method = arguments.starts_with("self") || arguments.starts_with('&');
    let type_ = path.rsplit_once("::").map_or("", |(type_, _)| type_);
    result.contains("Result<") || !is_method && (result == "Self" || result == type_)
}

/// Whether among a documentation's blocks there is one that is compiled, at least.
fn has_example(docs: &str) -> bool {
    const TESTED: [&str; 5] = ["", "compile_fail", "no_run", "rust", "should_panic"];
    let fences = docs
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("```"));
    // The others close a block.
    let mut opening = fences.step_by(2);
    opening.any(|marks| {
        marks
            .split([',', ' '])
            .all(|mark| TESTED.contains(&mark.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_tells_what_went_and_what_came() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), "");
        assert_eq!(difference("a\nb\n", "b\nc\n"), "- a\n+ c\n");
    }

    #[test]
    fn types_constructors_and_what_can_fail_want_an_example() {
        for item in [
            "pub struct wxpay_a::A",
            "#[non_exhaustive] pub enum wxpay_a::A<T>",
            "pub fn wxpay_a::A::new(&str) -> core::result::Result<Self, wxpay_a::Error>",
            "pub async fn wxpay_a::A::call(&self) -> wxpay_a::Result<u8>",
            "pub const fn wxpay_a::A::new() -> wxpay_a::A",
            "pub fn wxpay_a::A<T>::new(T) -> Self",
            "pub fn wxpay_a::load(std::path::PathBuf) -> std::io::error::Result<wxpay_a::A>",
        ] {
            assert!(wants_example(item), "{item}");
        }
        for item in [
            "pub mod wxpay_a",
            "pub fn wxpay_a::A::name(&self) -> &str",
            "pub fn wxpay_a::A::fast(self) -> Self",
            "pub fn wxpay_a::A::close(&mut self)",
            "pub wxpay_a::A::B(core::result::Result<u8, u8>)",
            "impl core::fmt::Display for wxpay_a::A",
        ] {
            assert!(!wants_example(item), "{item}");
        }
    }

    #[test]
    fn an_example_is_a_block_of_rust_that_is_compiled() {
        for docs in [
            "```\na();\n```",
            "A.\n\n```text\nb\n```\n\n```rust,no_run\na();\n```",
        ] {
            assert!(has_example(docs), "{docs}");
        }
        for docs in ["A.", "```text\na\n```", "```ignore\na();\n```"] {
            assert!(!has_example(docs), "{docs}");
        }
    }
}
