//! Every public function of a library has an example, which cargo tests.
//!
//! What is read is text, so this sees and misses the following.
//!
//! - Seen: free functions and methods behind a plain `pub`, which the lint `unreachable_pub` keeps
//!   for what is really public, with the `///` above them. What is `#[doc(hidden)]` or
//!   `#[cfg(test)]`, or in such a module or `impl`, is left out; so are a module's files.
//! - Not taken for an example: a block of another language, and one that is marked `ignore`.
//! - Reported too much: methods of a hidden type, unless their `impl` is hidden too; functions
//!   documented by `#[doc = …]` or `/** … */`.
//! - Missed: what comes out of a macro; methods that a trait declares.

mod items;

use super::Finding;
use crate::{metadata::Metadata, source::Source};
use items::Item;

/// What may stand behind the three backticks of a block that is compiled.
const TESTED: [&str; 5] = ["", "compile_fail", "no_run", "rust", "should_panic"];

pub(super) fn check(metadata: &Metadata, sources: &[Source]) -> Vec<Finding> {
    let libraries: Vec<_> = metadata.members().filter(|it| it.is_library()).collect();
    let files: Vec<_> = sources
        .iter()
        .filter(|source| libraries.iter().any(|it| source.is_code_of(it)))
        .collect();
    let closed: Vec<_> = files.iter().flat_map(|file| closed_modules(file)).collect();
    files
        .iter()
        .filter(|file| !closed.iter().any(|module| is_of(&file.path, module)))
        .flat_map(|file| in_file(file))
        .collect()
}

/// The modules that a file declares and that have no reader, as paths without `.rs`.
fn closed_modules(file: &Source) -> Vec<String> {
    let stem = file.path.strip_suffix(".rs").unwrap_or(&file.path);
    let folder = stem.strip_suffix("/lib").unwrap_or(stem);
    Item::all(&file.tokens())
        .iter()
        .filter(|item| item.is_closed())
        .filter_map(Item::module)
        .map(|name| format!("{folder}/{name}"))
        .collect()
}

fn is_of(path: &str, module: &str) -> bool {
    let rest = path.strip_prefix(module);
    rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

fn in_file(file: &Source) -> Vec<Finding> {
    let lines: Vec<_> = file.text.lines().collect();
    let tokens = file.tokens();
    let mut findings = Vec::new();
    let mut items = Item::all(&tokens);
    while let Some(item) = items.pop() {
        if item.is_closed() {
            continue;
        }
        if item.module().is_some() || item.is_impl() {
            items.extend(Item::all(item.body));
        }
        if let Some(name) = item.public_function()
            && !has_example(&lines[item.documentation(&lines)])
        {
            let problem = format!(
                "`{}` has no example: show in its documentation what it is for, in a few lines \
                 that run as a doctest",
                name.text
            );
            findings.push(Finding::new(&file.path, problem).at(name.line));
        }
    }
    findings
}

/// Whether among the lines of a comment there is a block of Rust that is compiled, at least.
fn has_example(lines: &[&str]) -> bool {
    lines
        .iter()
        .filter_map(|line| line.trim_start().strip_prefix("///"))
        .filter_map(|line| line.trim_start().strip_prefix("```"))
        // The others close a block.
        .step_by(2)
        .any(|marks| {
            let mut marks = marks.split([',', ' ']).map(str::trim);
            marks.all(|mark| TESTED.contains(&mark))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metadata::metadata, source::source, tidy::finding::shown};

    fn count(code: &str) -> usize {
        let sources = [source("crates/wxpay-sign/src/a.rs", code)];
        check(&metadata("wxpay-sign"), &sources).len()
    }

    #[test]
    fn functions_with_an_example_pass() {
        for code in [
            "/// A.\n///\n/// ```\n/// b();\n/// ```\npub fn a() {}",
            "/// ```\n/// b();\n/// ```\n#[must_use]\n// Why.\n#[expect(\n    c,\n)]\npub fn a() {}",
            "#[must_use]\n/// ```\n/// b();\n/// ```\npub const fn a() {}",
            "impl A {\n    /// ```no_run\n    /// b();\n    /// ```\n    pub async fn a() {}\n}",
            "/// ```text\n/// b\n/// ```\n///\n/// ```rust,should_panic\n/// b();\n/// ```\npub fn a() {}",
        ] {
            assert_eq!(count(code), 0, "{code}");
        }
    }

    #[test]
    fn what_nobody_reads_passes() {
        for code in [
            "fn a() {}",
            "pub(crate) fn a() {}",
            "pub const A: fn() = b;",
            "pub struct A { pub fn_: fn() }",
            "impl B for A { fn a() {} }",
            "pub trait A { fn a(); }",
            "fn a() { macro_rules! b { () => { pub fn c() {} } } }",
            "#[doc(hidden)]\npub fn a() {}",
            "#[doc(hidden)]\npub mod a { impl B { pub fn c() {} } }",
            "#[cfg(test)]\nimpl A { pub fn b() {} }",
            "#[cfg(test)]\nmod tests { pub fn a() {} }",
            "// pub fn a() {}",
        ] {
            assert_eq!(count(code), 0, "{code}");
        }
    }

    #[test]
    fn functions_without_one_are_found() {
        for code in [
            "pub fn a() {}",
            "/// A.\npub async fn a() {}",
            "pub const unsafe extern \"C\" fn a() {}",
            "impl<A> B<A> where A: for<'a> C<'a> { pub const fn a(b: [u8; 2]) {} }",
            "pub mod a { mod b { impl C { pub fn d() {} } } }",
            "/// ```text\n/// a\n/// ```\npub fn a() {}",
            "/// ```ignore\n/// a();\n/// ```\npub fn a() {}",
            "// ```\n// a();\n// ```\npub fn a() {}",
            "/// ```\n/// a();\n/// ```\nfn a() {}\n\npub fn b() {}",
            "//! ```\n//! a();\n//! ```\n\npub fn b() {}",
            "#[cfg(test)]\nmod tests { /* ``` */ }\n#[cfg(feature = \"b\")]\npub fn b() {}",
        ] {
            assert_eq!(count(code), 1, "{code}");
        }
    }

    #[test]
    fn says_where_and_what() {
        let code = "impl A {\n    /// B.\n    #[must_use]\n    pub fn b(&self) -> u8 {}\n}\n";
        let sources = [source("crates/wxpay-sign/src/a.rs", code)];
        assert_eq!(
            shown(&check(&metadata("wxpay-sign"), &sources)),
            [
                "crates/wxpay-sign/src/a.rs:4: `b` has no example: show in its documentation what \
                 it is for, in a few lines that run as a doctest"
            ]
        );
    }

    #[test]
    fn files_of_closed_modules_are_left_out() {
        let sources = [
            source(
                "crates/wxpay-sign/src/lib.rs",
                "#[doc(hidden)]\npub mod a;\nmod b;\nmod ab;",
            ),
            source("crates/wxpay-sign/src/a.rs", "pub fn hidden() {}"),
            source("crates/wxpay-sign/src/a/c.rs", "pub fn hidden() {}"),
            source("crates/wxpay-sign/src/b.rs", "#[cfg(test)]\nmod tests;"),
            source("crates/wxpay-sign/src/b/tests.rs", "pub fn test() {}"),
            source("crates/wxpay-sign/src/ab.rs", "pub fn shown() {}"),
        ];
        let found = shown(&check(&metadata("wxpay-sign"), &sources));
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].contains("`shown`"));
    }

    #[test]
    fn only_libraries_have_readers() {
        for path in [
            "crates/wxpay-cli/src/a.rs",
            "xtask/src/a.rs",
            "crates/wxpay-sign/tests/a.rs",
            "crates/wxpay-sign/README.md",
        ] {
            let metadata = metadata("wxpay-sign\nwxpay-cli\nxtask");
            assert_eq!(check(&metadata, &[source(path, "pub fn a() {}")]), []);
        }
    }
}
