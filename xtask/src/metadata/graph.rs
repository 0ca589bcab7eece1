//! Everything that a package's users get with it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Kind, Metadata, Package};

impl Metadata {
    /// The names of all packages that come with a member by normal and build dependencies, each
    /// with the shortest chain of names that leads to it, such as `wxpay-xml → quick-xml → memchr`.
    ///
    /// Two versions of one package have one name: one of them is shown.
    pub(crate) fn shipped(&self, member: &str) -> BTreeMap<&str, String> {
        let packages = self.shipped_packages(member).into_iter();
        packages
            .map(|(package, chain)| (package.name.as_str(), chain))
            .collect()
    }

    /// The same packages, every version of each.
    ///
    /// cargo unites the features of the whole workspace here, those of tests included, so a package
    /// may show that the member would not have alone, but none is missing.
    pub(crate) fn shipped_packages(&self, member: &str) -> Vec<(&Package, String)> {
        let packages: BTreeMap<&str, &Package> = self
            .packages
            .iter()
            .map(|package| (package.id.as_str(), package))
            .collect();
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        let mut waiting: VecDeque<(&str, String)> = self
            .member(member)
            .map(|package| (package.id.as_str(), package.name.clone()))
            .into_iter()
            .collect();
        while let Some((id, chain)) = waiting.pop_front() {
            for next in self.edges(id) {
                let Some(package) = packages.get(next) else {
                    continue;
                };
                if seen.insert(next) {
                    let chain = format!("{chain} → {}", package.name);
                    found.push((*package, chain.clone()));
                    waiting.push_back((next, chain));
                }
            }
        }
        found
    }

    fn edges(&self, id: &str) -> impl Iterator<Item = &str> {
        self.resolve
            .nodes
            .iter()
            .filter(move |node| node.id == id)
            .flat_map(|node| &node.deps)
            .filter(|edge| {
                edge.dep_kinds
                    .iter()
                    .any(|kind| kind.kind != Some(Kind::Dev))
            })
            .map(|edge| edge.pkg.as_str())
    }
}

#[cfg(test)]
mod tests {
    use crate::metadata::metadata;

    #[test]
    fn follows_normal_and_build_dependencies_to_the_end() {
        let metadata = metadata(
            "wxpay-a -> one
             one -> two
             two -> three (build)
             one -> unseen (dev)
             wxpay-a -> proptest (dev)",
        );
        let shipped = metadata.shipped("wxpay-a");
        let names: Vec<_> = shipped.keys().copied().collect();
        assert_eq!(names, ["one", "three", "two"]);
        assert_eq!(shipped["three"], "wxpay-a → one → two → three");
    }

    #[test]
    fn names_the_shortest_chain_and_ends_on_a_circle() {
        let metadata = metadata(
            "wxpay-a -> one
             one -> two
             two -> one
             two -> three
             wxpay-a -> three",
        );
        assert_eq!(metadata.shipped("wxpay-a")["three"], "wxpay-a → three");
    }

    #[test]
    fn a_stranger_has_no_graph() {
        assert!(metadata("wxpay-a -> one").shipped("wxpay-b").is_empty());
    }
}
