//! Dependencies first.

use anyhow::bail;

/// Names with what each depends on, in an order in which all that one needs stands before it; among
/// those that could be next, by name. Names that are not in the list are no part of the question.
pub(super) fn order<'a>(packages: &[(&'a str, Vec<&'a str>)]) -> anyhow::Result<Vec<&'a str>> {
    let mut waiting: Vec<_> = packages.iter().collect();
    waiting.sort();
    let mut done: Vec<&str> = Vec::new();
    while !waiting.is_empty() {
        let is_free = |needs: &[&str]| !waiting.iter().any(|(name, _)| needs.contains(name));
        let Some(next) = waiting.iter().position(|(_, needs)| is_free(needs)) else {
            let names: Vec<_> = waiting.iter().map(|(name, _)| *name).collect();
            bail!(
                "no order of publishing: these need each other: {}",
                names.join(", ")
            );
        };
        done.push(waiting.remove(next).0);
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_stands_before_what_needs_it() {
        let packages = [
            ("media", vec!["sign", "xml"]),
            ("cli", vec!["media", "clap"]),
            ("xml", vec![]),
            ("sign", vec![]),
        ];
        assert_eq!(order(&packages).unwrap(), ["sign", "xml", "media", "cli"]);
    }

    #[test]
    fn a_circle_is_named() {
        let packages = [("a", vec!["b"]), ("b", vec!["a"]), ("c", vec![])];
        let error = order(&packages).unwrap_err().to_string();
        assert!(error.ends_with("a, b"), "{error}");
    }
}
