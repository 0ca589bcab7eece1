//! `cargo xtask public-api`: each library's API as a text that is committed, one item a line; and the
//! examples that its items have. rustdoc says in JSON what is public, in a form that changes with Rust;
//! the library public-api reads the form of one Rust, and says so with another.

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::{Context, Result};
use public_api::PublicApi;
use serde_json::Value;

use crate::workspace::{Workspace, require_none};

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
        // A folder of its own: JSON and HTML would each make the other stale. It is not stable yet.
        let rustdoc = format!("cargo rustdoc --quiet --locked --lib --all-features -p {name}");
        let options = "--target-dir target/public-api -- -Zunstable-options --output-format=json";
        let rustdoc = ws.line(&format!("{rustdoc} {options}"));
        rustdoc.env("RUSTC_BOOTSTRAP", "1").run()?;
        let json = format!("target/public-api/doc/{}.json", name.replace('-', "_"));
        let json = ws.root().join(json);
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

/// The lines that only one has, as `- ITEM` and `+ ITEM`. What has changed is gone, and new in another
/// form.
pub(crate) fn difference(old: &str, new: &str) -> Vec<String> {
    let [old, new] = [old, new].map(|list| list.lines().collect::<BTreeSet<_>>());
    let gone = old.difference(&new).map(|item| format!("- {item}"));
    gone.chain(new.difference(&old).map(|item| format!("+ {item}")))
        .collect()
}

/// The items that want an example and have none. What a type does by a trait is explained there.
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
    // A type comes before what it has.
    for item in api.items() {
        let (id, shown) = (item.id().0, item.to_string());
        let docs = json["index"][id.to_string()]["docs"]
            .as_str()
            .unwrap_or_default();
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

/// Constructors and functions that can fail do, getters and what one only gets do not. The example of
/// the type, whose path comes first, will do, for a function where it has the call, such as `read(`.
fn wants_example(item: &str) -> Option<(&str, &str)> {
    let (item, _bounds) = item.split_once(" where ").unwrap_or((item, ""));
    let (head, result) = item.split_once("fn ")?.1.rsplit_once(" -> ")?;
    let (path, arguments) = head.split_once('(').unwrap_or((head, ""));
    let (type_, name) = path.rsplit_once("::")?;
    let is_method = ["self", "&self", "&mut self"]
        .iter()
        .any(|it| arguments.starts_with(it));
    let is_constructor = !is_method && (result.contains("Self") || result.contains(type_));
    let call = if is_constructor {
        "```"
    } else {
        name.split('<').next()?
    };
    let is_wanted = is_constructor || result.contains("Result<");
    Some((type_.split('<').next()?, call)).filter(|_| is_wanted)
}

/// Whether among a documentation's blocks there is one that is compiled, at least.
fn has_example(docs: &str) -> bool {
    let tested = ["", "compile_fail", "no_run", "rust", "should_panic"];
    let lines = docs.lines().map(str::trim_start);
    // The others close a block.
    let mut opening = lines.filter_map(|it| it.strip_prefix("```")).step_by(2);
    opening.any(|marks| {
        marks
            .split([',', ' '])
            .all(|it| tested.contains(&it.trim()))
    })
}

#[test]
fn constructors_and_what_can_fail_want_an_example() {
    for (item, place) in [
        (
            "pub fn a::A::new(&str) -> core::result::Result<Self, a::Error>",
            Some(("a::A", "```")),
        ),
        (
            "pub fn a::A::load(&self) -> a::Result<u8>",
            Some(("a::A", "load")),
        ),
        (
            "pub const fn a::A<T>::new() -> a::A<T>",
            Some(("a::A", "```")),
        ),
        ("pub fn a::A::name(&self) -> &str", None),
        ("pub fn a::A::fast(self) -> Self", None),
    ] {
        assert_eq!(wants_example(item), place, "{item}");
    }
    assert!(has_example("```text\nb\n```\n\n```rust,no_run\na();\n```"));
    assert!(!has_example("```text\na\n```\n\n```ignore\na();\n```"));
}
