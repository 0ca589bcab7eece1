//! `cargo xtask msrv`: the oldest Rust that is promised, against what the dependencies need.

use std::path::Path;

use anyhow::{Context, bail};

use crate::metadata::Metadata;

pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    println!("msrv: {}", check(&Metadata::load(root)?)?);
    Ok(())
}

/// What holds, in a sentence.
fn check(metadata: &Metadata) -> anyhow::Result<String> {
    let mut promised = None;
    let mut needed = None;
    for member in metadata.published() {
        let declared = member.rust_version.as_deref();
        let declared = declared.with_context(|| format!("{} has no rust-version", member.name))?;
        promised = promised.max(Some((parse(declared)?, declared)));
        for (package, chain) in metadata.shipped_packages(&member.name) {
            // Those of the workspace are what is to be checked.
            if metadata.member(&package.name).is_some() {
                continue;
            }
            let version = package.rust_version.as_deref().unwrap_or("1.0");
            needed = needed.max(Some((parse(version)?, version, chain)));
        }
    }
    let (promised, declared) = promised.context("no package is published")?;
    let Some((needed, version, chain)) = needed else {
        return Ok(format!("{declared}, and there are no dependencies"));
    };
    if promised < needed {
        bail!("rust-version is {declared}, but {chain} needs {version}: raise it, or do without");
    }
    if promised > needed {
        bail!(
            "rust-version is {declared}, but no dependency needs more than {version} ({chain}): \
             lower it, or say in this check why not"
        );
    }
    Ok(format!("{declared}, for {chain} needs it"))
}

/// `1.89` and `1.89.0` are the same.
fn parse(version: &str) -> anyhow::Result<[u32; 3]> {
    let mut numbers = [0; 3];
    for (number, text) in numbers.iter_mut().zip(version.split('.')) {
        *number = text
            .parse()
            .with_context(|| format!("`{version}` is no version of Rust"))?;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::metadata;

    fn said(lines: &str) -> String {
        check(&metadata(lines)).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn what_is_declared_must_be_what_is_needed() {
        let needs_89 = "wxpay-a @ 1.89\nwxpay-a -> aes\nxtask -> wild\nwild @ 1.99";
        assert_eq!(
            said(&format!("{needs_89}\naes @ 1.89.0")),
            "1.89, for wxpay-a → aes needs it"
        );
        assert!(said(&format!("{needs_89}\naes @ 1.90")).contains("→ aes needs 1.90: raise it"));
        assert!(
            said(&format!("{needs_89}\naes @ 1.80")).contains("more than 1.80 (wxpay-a → aes)")
        );
        assert_eq!(said("wxpay-a"), "wxpay-a has no rust-version");
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(parse("1.9").unwrap() < parse("1.89").unwrap());
        assert_eq!(parse("1.89").unwrap(), parse("1.89.0").unwrap());
        assert!(parse("stable").is_err());
    }
}
