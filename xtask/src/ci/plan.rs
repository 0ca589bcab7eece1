//! What `ci` runs, in this order: what is fast and fails often comes first.

use super::{features::FeatureSet, step::Step};
use crate::metadata::Metadata;

pub(super) fn steps(metadata: &Metadata) -> Vec<Step> {
    let sets = FeatureSet::all(metadata);
    let mut steps = vec![
        Step::new("fmt", "fmt --all --check"),
        Step::new(
            "clippy",
            "clippy --locked --workspace --all-targets -- -D warnings",
        ),
    ];
    steps.extend(sets.iter().map(clippy));
    steps.push(Step::new("tests", "test --locked --workspace"));
    steps.extend(sets.iter().map(tests));
    steps.extend([
        Step::new("docs", "doc --locked --workspace --no-deps")
            .with_variable("RUSTDOCFLAGS", "-Dwarnings"),
        Step::new("tidy", "xtask tidy"),
    ]);
    let libraries = metadata.members().filter(|package| package.is_library());
    steps.extend(libraries.map(|package| alone(&package.name)));
    steps
}

fn clippy(set: &FeatureSet<'_>) -> Step {
    Step::new(
        format!("clippy with {}", set.name()),
        &format!(
            "clippy --locked {} --all-targets -- -D warnings",
            set.arguments()
        ),
    )
}

/// What is compiled must also work: a feature that chooses a crypto provider compiles long before
/// it shakes hands.
fn tests(set: &FeatureSet<'_>) -> Step {
    // Examples show a crate with a feature that makes it useful; without any they do not compile.
    let without_examples = if set.features.is_empty() {
        "--tests"
    } else {
        ""
    };
    Step::new(
        format!("tests with {}", set.name()),
        &format!("test --locked {} {without_examples}", set.arguments()),
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
                "cargo clippy --locked -p wxpay-a --no-default-features --all-targets \
                 -- -D warnings",
                "cargo clippy --locked -p wxpay-a --no-default-features --features fast \
                 --all-targets -- -D warnings",
                "cargo clippy --locked -p wxpay-a --no-default-features --features fast,std \
                 --all-targets -- -D warnings",
                "cargo test --locked --workspace",
                "cargo test --locked -p wxpay-a --no-default-features --tests",
                "cargo test --locked -p wxpay-a --no-default-features --features fast",
                "cargo test --locked -p wxpay-a --no-default-features --features fast,std",
                "RUSTDOCFLAGS=-Dwarnings cargo doc --locked --workspace --no-deps",
                "cargo xtask tidy",
                "cargo build --locked -p wxpay-a --lib --no-default-features",
                "cargo build --locked -p wxpay-b --lib --no-default-features",
            ]
        );
    }
}
