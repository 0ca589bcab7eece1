//! Text files end in a line break, and no line ends in white space, so that no diff shows what
//! nobody sees.

use super::Finding;
use crate::source::Source;

/// All but data of tests, which is what it is to the byte.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter(|source| source.is_rust() || !source.path.contains("/tests/"))
        .flat_map(|source| trailing(source).into_iter().chain(end(source)))
        .collect()
}

fn trailing(source: &Source) -> Vec<Finding> {
    (1..)
        .zip(source.text.split('\n'))
        .filter(|(_, line)| line.ends_with(char::is_whitespace))
        .map(|(at, _)| Finding::new(&source.path, "the line ends in white space: delete it").at(at))
        .collect()
}

fn end(source: &Source) -> Option<Finding> {
    let text = source.text.as_str();
    let problem = match text {
        "" => return None,
        _ if !text.ends_with('\n') => "the last line is not ended: add a line break",
        _ if text.ends_with("\n\n") => "ends in empty lines: delete them",
        _ => return None,
    };
    Some(Finding::new(&source.path, problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{source::source, tidy::finding::shown};

    #[test]
    fn plain_text_passes() {
        assert_eq!(
            check(&[source("a.md", "a\n\n  b\n"), source("b.rs", "")]),
            []
        );
    }

    #[test]
    fn white_space_at_ends_is_found() {
        assert_eq!(
            shown(&check(&[source("a.md", "a\nb \n")])),
            ["a.md:2: the line ends in white space: delete it"]
        );
        assert_eq!(check(&[source("a.rs", "a\r\n")]).len(), 1);
        assert_eq!(check(&[source("a.rs", "a")]).len(), 1);
        assert_eq!(check(&[source("a.rs", "a\n\n")]).len(), 1);
    }

    #[test]
    fn data_of_tests_is_left_alone() {
        assert_eq!(check(&[source("crates/a/tests/b/c.md", "a ")]), []);
        assert_eq!(check(&[source("crates/a/tests/b.rs", "a \n")]).len(), 1);
    }
}
