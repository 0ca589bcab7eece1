//! `cargo xtask public-api`: each library's API as a committed text, with one item in each line,
//! and the items without an example. rustdoc writes the API as JSON, whose format changes with
//! Rust; the library public-api reads the format of one version, and fails with others.

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::{Context, Result};
use public_api::PublicApi;
use serde_json::Value;

use crate::workspace::{Workspace, require_none};

pub(crate) const FILE: &str = "public-api.txt";

/// Writes the lists, or with `check` only compares them, of these libraries or of all.
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
        // In a folder of its own, or JSON and HTML would replace each other. JSON is not stable
        // yet.
        let rustdoc = format!("cargo rustdoc --quiet --locked --lib --all-features -p {name}");
        let options = "--target-dir target/public-api -- -Zunstable-options --output-format=json";
        let rustdoc = ws.line(&format!("{rustdoc} {options}"));
        rustdoc.env("RUSTC_BOOTSTRAP", "1").run()?;
        let json = format!("target/public-api/doc/{}.json", name.replace('-', "_"));
        let json = ws.root().join(json);
        // Without `Send` and `Sync`, which cargo-semver-checks compares.
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
            findings.push(format!("{path}:\n{}", difference.join("\n")));
        }
        let json = serde_json::from_str(&sh.read_file(&json)?).context("rustdoc's JSON is none")?;
        for item in without_example(&api, &json) {
            findings.push(format!("no example that runs as a doctest: {item}"));
        }
    }
    let advice = "where a list differs on purpose, `cargo xtask public-api` writes it";
    require_none(&findings, advice)
}

/// The lines that only one list has, as `- ITEM` and `+ ITEM`. An item that has changed has one of
/// each.
pub(crate) fn difference(old: &str, new: &str) -> Vec<String> {
    let [old, new] = [old, new].map(|list| list.lines().collect::<BTreeSet<_>>());
    let gone = old.difference(&new).map(|item| format!("- {item}"));
    gone.chain(new.difference(&old).map(|item| format!("+ {item}")))
        .collect()
}

/// The items that need an example and have none, without the methods of traits.
fn without_example(api: &PublicApi, json: &Value) -> Vec<String> {
    let mut by_traits = HashSet::new();
    for (_, item) in json["index"].as_object().into_iter().flatten() {
        let block = &item["inner"]["impl"];
        if !block["trait"].is_null() {
            by_traits.extend(block["items"].as_array().into_iter().flatten());
        }
    }
    let mut examples = HashMap::new();
    let mut items = Vec::new();
    // A type comes before its items.
    for item in api.items() {
        let (id, shown) = (item.id().0, item.to_string());
        let docs = json["index"][id.to_string()]["docs"].as_str();
        let docs = docs.unwrap_or_default();
        let path = shown.split(['<', '(']).next().unwrap_or_default();
        let path = path.rsplit(' ').next().unwrap_or_default();
        let wanted = wants_example(&shown);
        let is_wanted = wanted.is_some_and(|(type_, call)| {
            let docs: Option<&&str> = examples.get(type_);
            docs.is_none_or(|docs| !docs.contains(call))
        });
        if has_example(docs) {
            examples.insert(path.to_owned(), docs);
        } else if is_wanted && !by_traits.contains(&Value::from(id)) {
            items.push(shown);
        }
    }
    items
}

/// For a constructor or a function that can fail: the path of its type, and the text by which an
/// example of that type is enough: any code block for a constructor, the function's name for
/// others.
fn wants_example(item: &str) -> Option<(&str, &str)> {
    let (item, _bounds) = item.split_once(" where ").unwrap_or((item, ""));
    let (head, result) = item.split_once("fn ")?.1.rsplit_once(" -> ")?;
    let (path, arguments) = head.split_once('(').unwrap_or((head, ""));
    let (type_, name) = path.rsplit_once("::")?;
    let mut receivers = ["self", "&self", "&mut self"].iter();
    let is_method = receivers.any(|it| arguments.starts_with(it));
    let is_constructor = !is_method && (result.contains("Self") || result.contains(type_));
    let name = name.split('<').next()?;
    let call = if is_constructor { "```" } else { name };
    let is_wanted = is_constructor || result.contains("Result<");
    Some((type_.split('<').next()?, call)).filter(|_| is_wanted)
}

/// Whether the documentation has a code block that is at least compiled.
fn has_example(docs: &str) -> bool {
    let tested = ["", "compile_fail", "no_run", "rust", "should_panic"];
    let lines = docs.lines().map(str::trim_start);
    // Every second line of marks closes a block.
    let mut opening = lines.filter_map(|it| it.strip_prefix("```")).step_by(2);
    let is_tested = |mark: &str| tested.contains(&mark.trim());
    opening.any(|marks| marks.split([',', ' ']).all(is_tested))
}

#[test]
fn constructors_and_functions_that_can_fail_need_an_example() {
    for (item, call) in [
        ("new(&str) -> core::result::Result<Self, a::Error>", "```"),
        ("load(&self) -> a::Result<u8>", "load"),
        ("new<T>() -> a::A<T>", "```"),
        ("name(&self) -> &str", ""),
        ("fast(self) -> Self", ""),
    ] {
        let wanted = Some(("a::A", call)).filter(|_| !call.is_empty());
        assert_eq!(
            wants_example(&format!("pub const fn a::A<T>::{item}")),
            wanted
        );
    }
    assert!(has_example("```text\nb\n```\n\n```rust,no_run\na();\n```"));
    assert!(!has_example("```text\na\n```\n\n```ignore\na();\n```"));
}
