//! `CHANGELOG.md`, in the form of Keep a Changelog.

use anyhow::ensure;
use semver::Version;

use super::step::Step;

const UNRELEASED: &str = "## [Unreleased]";

/// The text of one; sections begin with `## [`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Changelog(String);

impl Changelog {
    /// # Errors
    ///
    /// Without a place for what is to come.
    pub(super) fn parse(text: String) -> anyhow::Result<Self> {
        let changelog = Self(text);
        ensure!(
            changelog.bounds(UNRELEASED).is_some(),
            "no heading `{UNRELEASED}`"
        );
        Ok(changelog)
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// What is written for the next release; empty where nothing is.
    pub(super) fn unreleased(&self) -> &str {
        self.section(UNRELEASED).unwrap_or_default()
    }

    /// What is written for a version.
    pub(super) fn version(&self, version: &Version) -> Option<&str> {
        self.section(&heading(version))
    }

    /// The same with a line more under `### Changed` of what is unreleased.
    pub(super) fn with_change(&self, line: &str) -> Self {
        const CHANGED: &str = "### Changed\n\n";
        let body = self.unreleased();
        let body = match body.find(CHANGED) {
            Some(at) => {
                let (before, after) = body.split_at(at + CHANGED.len());
                format!("{before}- {line}\n{after}")
            }
            None => format!("{body}\n\n{CHANGED}- {line}")
                .trim_start()
                .to_owned(),
        };
        self.with_unreleased(&body)
    }

    /// The same with what is unreleased under the heading of `version`, and an empty *Unreleased*
    /// above. What stands under that heading already, as after a bump that was not published,
    /// follows.
    pub(super) fn released(&self, version: &Version, date: &str) -> Self {
        let earlier = self.version(version).unwrap_or_default();
        let body = format!("{}\n\n{earlier}", self.unreleased());
        let without = match self.bounds(&heading(version)) {
            Some((start, end)) => Self(format!("{}{}", &self.0[..start], &self.0[end..])),
            None => self.clone(),
        };
        without.with_unreleased(&format!("{} - {date}\n\n{}", heading(version), body.trim()))
    }

    fn with_unreleased(&self, body: &str) -> Self {
        let all = (self.0.len(), self.0.len());
        let (start, end) = self.bounds(UNRELEASED).unwrap_or(all);
        let rest = &self.0[end..];
        let gap = if rest.is_empty() { "" } else { "\n" };
        let before = &self.0[..start];
        Self(format!("{before}{UNRELEASED}\n\n{body}\n{gap}{rest}"))
    }

    fn section(&self, heading: &str) -> Option<&str> {
        let (start, end) = self.bounds(heading)?;
        let (_, body) = self.0[start..end].split_once('\n')?;
        Some(body.trim())
    }

    /// From the heading to the next one.
    fn bounds(&self, heading: &str) -> Option<(usize, usize)> {
        let start = match self.0.starts_with(heading) {
            true => 0,
            false => self.0.find(&format!("\n{heading}"))? + 1,
        };
        let end = self.0[start..].find("\n## ");
        Some((start, end.map_or(self.0.len(), |length| start + length + 1)))
    }
}

/// What the headings say of an interface that nothing lists, a program's for one: what is removed or
/// changed may break a script.
pub(super) fn step(entries: &str) -> Step {
    let has = |heading: &str| entries.lines().any(|line| line.trim_end() == heading);
    if has("### Removed") || has("### Changed") {
        Step::Breaking
    } else if has("### Added") {
        Step::Addition
    } else {
        Step::Patch
    }
}

/// Whether an entry calls itself breaking: what a library does can change while its API stays.
pub(super) fn says_breaking(entries: &str) -> bool {
    entries
        .lines()
        .any(|line| line.trim_start().starts_with("- **Breaking"))
}

/// Without the date.
fn heading(version: &Version) -> String {
    format!("## [{version}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Changelog\n\n## [Unreleased]\n\nMore.\n\n### Added\n\n- b\n\n\
                        ## [0.1.0] - 2026-01-02\n\nThe first.\n";

    fn changelog(text: &str) -> Changelog {
        Changelog::parse(text.to_owned()).unwrap()
    }

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn sections_end_at_the_next() {
        let changelog = changelog(TEXT);
        assert_eq!(changelog.unreleased(), "More.\n\n### Added\n\n- b");
        assert_eq!(changelog.version(&version("0.1.0")), Some("The first."));
        assert_eq!(changelog.version(&version("0.1.1")), None);
    }

    #[test]
    fn what_is_to_come_needs_a_place() {
        let error = Changelog::parse("# Changelog\n".to_owned()).unwrap_err();
        assert!(error.to_string().contains("[Unreleased]"), "{error}");
    }

    #[test]
    fn a_release_leaves_an_empty_unreleased() {
        let released = changelog(TEXT).released(&version("0.1.1"), "2026-03-04");
        assert_eq!(
            released.text(),
            "# Changelog\n\n## [Unreleased]\n\n## [0.1.1] - 2026-03-04\n\nMore.\n\n### Added\n\n\
             - b\n\n## [0.1.0] - 2026-01-02\n\nThe first.\n"
        );
        assert_eq!(released.unreleased(), "");
    }

    #[test]
    fn a_version_that_is_not_out_yet_takes_what_came_since() {
        let released = changelog(TEXT).released(&version("0.1.0"), "2026-03-04");
        assert_eq!(
            released.text(),
            "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-03-04\n\nMore.\n\n### Added\n\n\
             - b\n\nThe first.\n"
        );
    }

    #[test]
    fn a_change_goes_under_its_heading() {
        let empty = changelog("# Changelog\n\n## [Unreleased]\n").with_change("c");
        assert_eq!(
            empty.text(),
            "# Changelog\n\n## [Unreleased]\n\n### Changed\n\n- c\n"
        );
        assert_eq!(
            empty.with_change("d").unreleased(),
            "### Changed\n\n- d\n- c"
        );
        let more = changelog(TEXT).with_change("c");
        assert_eq!(
            more.unreleased(),
            "More.\n\n### Added\n\n- b\n\n### Changed\n\n- c"
        );
    }

    #[test]
    fn what_breaks_a_program_stands_under_removed_or_changed() {
        assert_eq!(step("### Removed\n\n- `--old`"), Step::Breaking);
        assert_eq!(step("### Changed\n"), Step::Breaking);
        assert_eq!(step("### Added\n"), Step::Addition);
        assert_eq!(step("### Fixed\n"), Step::Patch);
    }

    #[test]
    fn an_entry_can_call_itself_breaking() {
        assert!(says_breaking(
            "### Changed\n\n- **Breaking**: refuses quotes"
        ));
        assert!(!says_breaking("### Changed\n\n- refuses quotes"));
    }
}
