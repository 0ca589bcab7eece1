//! A line of the index: one version of a crate, as resolution sees it.

use std::collections::BTreeMap;

use serde::Serialize;

/// Its form is the second, in which features may be written as `dep:serde` and `serde?/std`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) vers: String,
    pub(super) deps: Vec<Dependency>,
    /// SHA-256 of the archive.
    pub(super) cksum: String,
    /// Those of the first form: none.
    pub(super) features: BTreeMap<String, Vec<String>>,
    pub(super) features2: BTreeMap<String, Vec<String>>,
    pub(super) yanked: bool,
    pub(super) links: Option<String>,
    pub(super) rust_version: Option<String>,
    pub(super) v: u32,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Dependency {
    /// What the manifest calls it.
    pub(super) name: String,
    pub(super) req: String,
    pub(super) features: Vec<String>,
    pub(super) optional: bool,
    pub(super) default_features: bool,
    pub(super) target: Option<String>,
    pub(super) kind: String,
    /// None: from this registry.
    pub(super) registry: Option<String>,
    /// Its own name, where the manifest has another.
    pub(super) package: Option<String>,
}

/// Where the lines of a crate are, below the index's root: `se/rd/serde`.
pub(super) fn path(name: &str) -> String {
    let name = name.to_lowercase();
    match name.len() {
        1 => format!("1/{name}"),
        2 => format!("2/{name}"),
        3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    }
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn paths_go_by_the_names_length() {
        assert_eq!(path("a"), "1/a");
        assert_eq!(path("ab"), "2/ab");
        assert_eq!(path("abc"), "3/a/abc");
        assert_eq!(path("serde"), "se/rd/serde");
        assert_eq!(path("Inflector"), "in/fl/inflector");
    }
}
