//! What `ci` runs, in this order: what is fast and fails often comes first.

use super::{features::FeatureSet, step::Step};
use crate::metadata::Metadata;

pub(super) fn steps(metadata: &Metadata) -> Vec<Step> {
    let mut steps = vec![
        Step::new("fmt", "fmt --all --check"),
        Step::new(
            "clippy",
            "clippy --locked --workspace --all-targets -- -D warnings",
        ),
    ];
    steps.extend(FeatureSet::all(metadata).iter().map(clippy));
    steps.extend([
        Step::new("tests", "test --locked --workspace"),
        Step::new("docs", "doc --locked --workspace --no-deps")
            .with_variable("RUSTDOCFLAGS", "-Dwarnings"),
        Step::new("tidy", "xtask tidy"),
    ]);
    let libraries = metadata.members().filter(|package| package.is_library());
    steps.extend(libraries.map(|package| alone(&package.name)));
    steps
}

fn clippy(set: &FeatureSet<'_>) -> Step {
    let (name, features) = match set.features.as_slice() {
        [] => ("no features".to_owned(), String::new()),
        features => (
            features.join(" and "),
            format!("--features {}", features.join(",")),
        ),
    };
    let packages: Vec<_> = set.packages.iter().map(|it| format!("-p {it}")).collect();
    Step::new(
        format!("clippy with {name}"),
        &format!(
            "clippy --locked {} --all-targets --no-default-features {features} -- -D warnings",
            packages.join(" ")
        ),
    )
}

/// Alone, a library shows what it borrowed from the features that the others turned on.
fn alone(library: &str) -> Step {
    Step::new(
        format!("{library} alone"),
        &format!("build --locked -p {library} --lib --no-default-features"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::metadata;

    #[test]
    fn everything_that_a_change_must_pass() {
        let metadata = metadata("wxpay-a = default, std, fast\nwxpay-b\nwxpay-cli\nxtask");
        let steps: Vec<_> = steps(&metadata).iter().map(ToString::to_string).collect();
        assert_eq!(
            steps,
            [
                "cargo fmt --all --check",
                "cargo clippy --locked --workspace --all-targets -- -D warnings",
                "cargo clippy --locked -p wxpay-a --all-targets --no-default-features \
                 -- -D warnings",
                "cargo clippy --locked -p wxpay-a --all-targets --no-default-features \
                 --features fast -- -D warnings",
                "cargo clippy --locked -p wxpay-a --all-targets --no-default-features \
                 --features fast,std -- -D warnings",
                "cargo test --locked --workspace",
                "RUSTDOCFLAGS=-Dwarnings cargo doc --locked --workspace --no-deps",
                "cargo xtask tidy",
                "cargo build --locked -p wxpay-a --lib --no-default-features",
                "cargo build --locked -p wxpay-b --lib --no-default-features",
            ]
        );
    }
}
