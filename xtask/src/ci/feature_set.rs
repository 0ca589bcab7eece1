//! Which sets of features are checked.

use std::collections::BTreeMap;

use crate::metadata::{Metadata, Package};

/// The crypto providers. Where there are such, the other features do little without one, and examples
/// do not compile: they are checked with all together.
const PROVIDERS: [&str; 2] = ["ring", "aws-lc-rs"];

/// Packages with the same features, and one set of these.
///
/// They are checked in one go: `wxpay-media` hands its features on to `wxpay-transport`, so that
/// one without the other would compile the same dependencies twice.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct FeatureSet<'a> {
    pub(super) packages: Vec<&'a str>,
    pub(super) features: Vec<&'a str>,
}

impl<'a> FeatureSet<'a> {
    /// For each group of packages: no feature, each by itself, and all; without the default set,
    /// which the workspace as a whole is checked with.
    ///
    /// Pairs are left out: features are additive.
    pub(super) fn all(metadata: &'a Metadata) -> Vec<Self> {
        let mut groups: BTreeMap<Vec<&str>, Vec<&Package>> = BTreeMap::new();
        for package in metadata.members() {
            let names = package.features.keys().map(String::as_str);
            let names: Vec<_> = names.filter(|name| *name != "default").collect();
            if !names.is_empty() {
                groups.entry(names).or_default().push(package);
            }
        }
        groups
            .iter()
            .flat_map(|(names, packages)| sets(names, packages))
            .collect()
    }

    /// For people.
    pub(super) fn name(&self) -> String {
        match self.features.as_slice() {
            [] => "no features".to_owned(),
            features => features.join(" and "),
        }
    }

    /// For cargo.
    pub(super) fn arguments(&self) -> String {
        let packages = self.packages.iter().map(|name| format!("-p {name}"));
        let mut arguments: Vec<_> = packages.collect();
        arguments.push("--no-default-features".to_owned());
        if !self.features.is_empty() {
            arguments.push(format!("--features {}", self.features.join(",")));
        }
        arguments.join(" ")
    }
}

fn sets<'a>(names: &[&'a str], packages: &[&'a Package]) -> Vec<FeatureSet<'a>> {
    let mut sets = vec![Vec::new()];
    let alone = |name: &&&str| PROVIDERS.contains(name) || !names.contains(&PROVIDERS[0]);
    sets.extend(names.iter().filter(alone).map(|name| vec![*name]));
    if names.len() > 1 {
        sets.push(names.to_vec());
    }
    sets.retain(|set| !packages.iter().all(|package| is_default(package, set)));
    sets.into_iter()
        .map(|features| FeatureSet {
            packages: packages
                .iter()
                .map(|package| package.name.as_str())
                .collect(),
            features,
        })
        .collect()
}

fn is_default(package: &Package, set: &[&str]) -> bool {
    let default = package.features.get("default");
    default.map_or(set.is_empty(), |default| default == set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::metadata;

    fn sets(lines: &str) -> Vec<String> {
        FeatureSet::all(&metadata(lines))
            .iter()
            .map(|set| format!("{}: {}", set.packages.join(" "), set.features.join(" ")))
            .collect()
    }

    #[test]
    fn none_each_and_all_but_the_default() {
        // The fixture's default is `std`.
        assert_eq!(
            sets("wxpay-a = default, std, fast, small"),
            [
                "wxpay-a: ",
                "wxpay-a: fast",
                "wxpay-a: small",
                "wxpay-a: fast small std"
            ]
        );
    }

    #[test]
    fn beside_crypto_providers_the_others_come_with_all() {
        assert_eq!(
            sets("wxpay-a = aws-lc-rs, p12, ring"),
            [
                "wxpay-a: aws-lc-rs",
                "wxpay-a: ring",
                "wxpay-a: aws-lc-rs p12 ring"
            ]
        );
    }

    #[test]
    fn one_feature_alone_is_all() {
        assert_eq!(sets("wxpay-a = fast"), ["wxpay-a: fast"]);
        assert_eq!(sets("wxpay-a = default, std"), ["wxpay-a: "]);
    }

    #[test]
    fn packages_of_the_same_features_go_together() {
        let lines = "wxpay-a = fast\nwxpay-b = fast\nwxpay-c = slow\nwxpay-d";
        assert_eq!(sets(lines), ["wxpay-a wxpay-b: fast", "wxpay-c: slow"]);
    }

    #[test]
    fn names_and_arguments() {
        let metadata = metadata("wxpay-a = default, std, fast\nwxpay-b = std, fast");
        let shown: Vec<_> = FeatureSet::all(&metadata)
            .iter()
            .map(|set| format!("{}: {}", set.name(), set.arguments()))
            .collect();
        assert_eq!(
            shown,
            [
                "no features: -p wxpay-a -p wxpay-b --no-default-features",
                "fast: -p wxpay-a -p wxpay-b --no-default-features --features fast",
                "std: -p wxpay-a -p wxpay-b --no-default-features --features std",
                "fast and std: -p wxpay-a -p wxpay-b --no-default-features --features fast,std",
            ]
        );
    }

    #[test]
    fn strangers_features_are_theirs() {
        assert_eq!(sets("serde = std\nwxpay-a -> serde"), [""; 0]);
    }
}
