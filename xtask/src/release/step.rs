//! What a change means for those who use a crate, and the version that says so.

use std::fmt;

use semver::Version;

/// From the smallest to the largest, so that the larger of two is `max`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Step {
    /// Nothing that a user writes changes.
    Patch,
    /// There is more to use.
    Addition,
    /// What used to compile may do so no longer.
    Breaking,
}

impl Step {
    /// The version after `last`, by cargo's reading of Semantic Versioning: as long as the major
    /// version is zero, the minor one stands in for it, and a caret requirement allows patches.
    pub(super) fn after(self, last: &Version) -> Version {
        let Version {
            major,
            minor,
            patch,
            ..
        } = *last;
        match (major, self) {
            (0, Self::Breaking) => Version::new(0, minor + 1, 0),
            (0, _) => Version::new(0, minor, patch + 1),
            (_, Self::Breaking) => Version::new(major + 1, 0, 0),
            (_, Self::Addition) => Version::new(major, minor + 1, 0),
            (_, Self::Patch) => Version::new(major, minor, patch + 1),
        }
    }

    /// Whether a requirement of `old` refuses `new`, so that nobody gets it unasked.
    pub(super) fn is_breaking(old: &Version, new: &Version) -> bool {
        old.major != new.major || (old.major == 0 && old.minor != new.minor)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Patch => "patch",
            Self::Addition => "addition",
            Self::Breaking => "breaking",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(last: &str, step: Step) -> String {
        step.after(&last.parse().unwrap()).to_string()
    }

    #[test]
    fn before_1_0_the_minor_version_breaks() {
        assert_eq!(after("0.1.4", Step::Patch), "0.1.5");
        assert_eq!(after("0.1.4", Step::Addition), "0.1.5");
        assert_eq!(after("0.1.4", Step::Breaking), "0.2.0");
        assert_eq!(after("0.0.3", Step::Breaking), "0.1.0");
    }

    #[test]
    fn from_1_0_on_each_step_has_its_number() {
        assert_eq!(after("1.2.3", Step::Patch), "1.2.4");
        assert_eq!(after("1.2.3", Step::Addition), "1.3.0");
        assert_eq!(after("1.2.3", Step::Breaking), "2.0.0");
    }

    #[test]
    fn breaking_is_what_a_caret_refuses() {
        let is =
            |old: &str, new: &str| Step::is_breaking(&old.parse().unwrap(), &new.parse().unwrap());
        assert!(is("0.1.4", "0.2.0"));
        assert!(!is("0.1.4", "0.1.5"));
        assert!(is("0.9.0", "1.0.0"));
        assert!(!is("1.2.3", "1.3.0"));
    }

    #[test]
    fn the_larger_step_wins() {
        assert_eq!(Step::Patch.max(Step::Breaking), Step::Breaking);
        assert_eq!(Step::Addition.max(Step::Patch), Step::Addition);
    }
}
