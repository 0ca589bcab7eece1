//! A crate's API as a list, one item a line: `public-api.txt`, as `cargo xtask public-api` writes it.

use std::collections::BTreeSet;

use super::step::Step;

/// What one list has and the other has not.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Difference {
    pub(super) gone: Vec<String>,
    pub(super) new: Vec<String>,
}

impl Difference {
    /// An item that has changed is gone, and new in another form.
    pub(super) fn between(old: &str, new: &str) -> Self {
        let (old, new) = (items(old), items(new));
        let only = |a: &BTreeSet<&str>, b: &BTreeSet<&str>| {
            let items = a.difference(b);
            items.map(|item| (*item).to_owned()).collect()
        };
        Self {
            gone: only(&old, &new),
            new: only(&new, &old),
        }
    }

    pub(super) fn step(&self) -> Step {
        match (self.gone.is_empty(), self.new.is_empty()) {
            (false, _) => Step::Breaking,
            (true, false) => Step::Addition,
            (true, true) => Step::Patch,
        }
    }

    /// `API: 1 item gone, 2 new`.
    pub(super) fn summary(&self) -> String {
        let items = |count: usize| match count {
            1 => "1 item".to_owned(),
            _ => format!("{count} items"),
        };
        match (self.gone.len(), self.new.len()) {
            (0, 0) => "API: unchanged".to_owned(),
            (0, new) => format!("API: {} new", items(new)),
            (gone, 0) => format!("API: {} gone", items(gone)),
            (gone, new) => format!("API: {} gone, {new} new", items(gone)),
        }
    }
}

/// Whether a type of `package` shows in the API that `listing` lists.
pub(super) fn shows(listing: &str, package: &str) -> bool {
    let module = package.replace('-', "_");
    let is_identifier = |letter: char| letter.is_alphanumeric() || letter == '_';
    listing
        .split(|letter| !is_identifier(letter))
        .any(|word| word == module)
}

fn items(listing: &str) -> BTreeSet<&str> {
    let lines = listing.lines().map(str::trim_end);
    lines.filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "pub mod a\npub fn a::sign()\n";

    fn step(new: &str) -> Step {
        Difference::between(OLD, new).step()
    }

    #[test]
    fn a_line_less_breaks_and_a_line_more_adds() {
        assert_eq!(step(OLD), Step::Patch);
        assert_eq!(step("pub fn a::sign()\n\npub mod a"), Step::Patch);
        assert_eq!(
            step("pub mod a\npub fn a::sign()\npub fn a::verify()"),
            Step::Addition
        );
        assert_eq!(step("pub mod a\n"), Step::Breaking);
        assert_eq!(
            step("pub mod a\npub fn a::sign(key: &str)\n"),
            Step::Breaking
        );
    }

    #[test]
    fn the_summary_counts() {
        let summary = |new| Difference::between(OLD, new).summary();
        assert_eq!(summary(OLD), "API: unchanged");
        assert_eq!(summary("pub mod a"), "API: 1 item gone");
        assert_eq!(summary("x\ny\npub mod a"), "API: 1 item gone, 2 new");
    }

    #[test]
    fn a_dependency_shows_by_its_own_name_only() {
        let listing = "pub fn wxpay_media::key(&self) -> &wxpay_sign::ApiKey";
        assert!(shows(listing, "wxpay-sign"));
        assert!(!shows(listing, "wxpay-xml"));
        assert!(!shows("pub fn a::my_wxpay_sign()", "wxpay-sign"));
        assert!(shows("pub use wxpay_media::wxpay_sign", "wxpay-sign"));
    }
}
