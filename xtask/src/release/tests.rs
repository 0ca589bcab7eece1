//! Releases of a small workspace in a temporary git repository.

use anyhow::Result;
use xshell::{Shell, TempDir, cmd};

use super::{bump, notes, plan::Plan, publish};
use crate::workspace::Workspace;

/// Names, dependencies, the root, and the list of the API, which the program does not have.
const CRATES: &str = "\
wxpay-sign,,lib.rs,public-api.txt,wxpay_sign::old()
wxpay-xml,wxpay-sign.workspace = true,lib.rs,public-api.txt,wxpay_xml::run()
wxpay-media,wxpay-sign.workspace = true,lib.rs,public-api.txt,wxpay_media::key(wxpay_sign::Key)
wxpay-cli,wxpay-media.workspace = true,main.rs,none.txt,";
const ALL: &str = "wxpay-sign 0.1.0, wxpay-media 0.1.0, wxpay-cli 0.1.0, wxpay-xml 0.1.0";

struct Repo(Shell, TempDir);

impl Repo {
    fn new() -> Self {
        let sh = Shell::new().unwrap();
        let folder = sh.create_temp_dir().unwrap();
        sh.change_dir(folder.path());
        let repo = Self(sh, folder);
        let mut all = "[workspace]\nmembers = [\"crates/*\"]\n".to_owned();
        all += "[workspace.dependencies]\n";
        for line in CRATES.lines() {
            let [name, needs, root, list, api] = line.split(',').collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            let write = |file: &str, text: &str| repo.write(&format!("crates/{name}/{file}"), text);
            let head = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"");
            write("Cargo.toml", &format!("{head}\n[dependencies]\n{needs}\n"));
            let first = "# Changelog\n\n## [Unreleased]\n\nThe first version.\n";
            write("CHANGELOG.md", first);
            write(&format!("src/{root}"), "");
            write(list, &format!("{api}\n"));
            let own = format!("version = \"0.1.0\", path = \"crates/{name}\"");
            all += &format!("{name} = {{ {own} }} # ours\n");
        }
        repo.write("Cargo.toml", &all);
        let lock = cmd!(repo.0, "cargo generate-lockfile --offline --quiet");
        lock.run().unwrap();
        repo.write("benches/Cargo.lock", &repo.read("Cargo.lock"));
        repo.git("init --quiet --initial-branch main");
        let user = "[user]\nname = Maintainer\nemail = maintainer@example.com\n";
        let config = repo.read(".git/config") + user + "[commit]\ngpgSign = false\n";
        repo.write(".git/config", &config);
        repo.commit();
        repo
    }

    /// A repository with tags for 0.1.0 of all crates.
    fn released() -> Self {
        let repo = Self::new();
        repo.bump().unwrap();
        repo.tag_all();
        repo
    }

    fn tag_all(&self) {
        for line in CRATES.lines() {
            let (name, _) = line.split_once(',').unwrap();
            self.git(&format!("update-ref refs/tags/{name}-v0.1.0 HEAD"));
        }
    }

    /// The crates to be released, such as `wxpay-sign 0.1.1`.
    fn due(&self) -> String {
        let ws = self.ws();
        let plan = Plan::new(&ws, false).unwrap();
        let due: Vec<_> = plan.due().map(ToString::to_string).collect();
        due.join(", ")
    }

    fn ws(&self) -> Workspace {
        Workspace::load(self.1.path()).unwrap()
    }

    fn bump(&self) -> Result<()> {
        bump(&self.ws(), false)
    }

    fn publish(&self) -> Result<()> {
        publish(&self.ws(), false, "crates-io")
    }

    fn notes(&self) -> String {
        notes(&self.ws()).unwrap()
    }

    fn note(&self, name: &str, entry: &str) {
        let (path, heading) = (format!("crates/{name}/CHANGELOG.md"), "## [Unreleased]\n");
        let more = format!("{heading}\n{entry}\n");
        self.write(&path, &self.read(&path).replacen(heading, &more, 1));
        self.commit();
    }

    fn break_sign(&self) {
        self.write("crates/wxpay-sign/public-api.txt", "");
        self.note("wxpay-sign", "### Removed\n\n- `old`.");
    }

    fn commit(&self) {
        self.git("add .");
        self.git("commit --quiet --message change");
    }

    fn git(&self, line: &str) -> String {
        cmd!(self.0, "git").args(line.split(' ')).read().unwrap()
    }

    fn read(&self, path: &str) -> String {
        self.0.read_file(path).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        self.0.write_file(path, text).unwrap();
    }
}

#[track_caller]
fn assert_refused(result: Result<()>, why: &str) {
    let error = format!("{:#}", result.unwrap_err());
    assert!(error.contains(why), "{error}");
}

#[test]
fn the_first_release_has_all_crates_in_the_versions_of_their_manifests() {
    let repo = Repo::new();
    assert_eq!(repo.due(), ALL);
    repo.bump().unwrap();
    let changelog = repo.read("crates/wxpay-cli/CHANGELOG.md");
    assert!(changelog.starts_with("# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 20"));
    let end = "\n\nThe first version.\n";
    assert!(changelog.ends_with(end), "{changelog}");
    assert_eq!(repo.git("status --porcelain"), "");
    assert_eq!(repo.due(), ALL);
    assert!(repo.notes().starts_with("## wxpay-sign 0.1.0\n\nThe first"));
}

#[test]
fn an_unchanged_crate_is_not_released_again() {
    let repo = Repo::released();
    let before = repo.git("rev-parse HEAD");
    repo.bump().unwrap();
    repo.publish().unwrap();
    assert_eq!(repo.git("rev-parse HEAD"), before);
    assert!(repo.notes().contains("## wxpay-cli 0.1.0"));
    // Files that are not packed do not count.
    repo.write("crates/wxpay-xml/tests/it.rs", "");
    repo.write("crates/wxpay-xml/public-api.txt", "as another tool\n");
    repo.commit();
    assert_eq!(repo.due(), "");
}

#[test]
fn a_compatible_change_raises_the_version_of_its_crate_and_its_requirement() {
    let repo = Repo::released();
    let api = "wxpay_sign::new()\nwxpay_sign::old()\n";
    repo.write("crates/wxpay-sign/public-api.txt", api);
    repo.note("wxpay-sign", "### Added\n\n- `new`.");
    let notes = repo.notes();
    assert_eq!(notes, "## wxpay-sign 0.1.1\n\n### Added\n\n- `new`.\n");
    repo.bump().unwrap();
    assert_eq!(repo.due(), "wxpay-sign 0.1.1");
    assert_eq!(repo.notes(), notes);
    let manifest = repo.read("Cargo.toml");
    let entry = r#"wxpay-sign = { version = "0.1.1", path = "crates/wxpay-sign" } # ours"#;
    assert!(manifest.contains(entry), "{manifest}");
    assert_eq!(manifest.matches("0.1.0").count(), 3, "{manifest}");
    // Other workspaces lock it, too.
    assert_eq!(repo.read("benches/Cargo.lock"), repo.read("Cargo.lock"));
}

#[test]
fn a_breaking_change_releases_the_dependents_too() {
    let repo = Repo::released();
    repo.break_sign();
    let due = "wxpay-sign 0.2.0, wxpay-media 0.2.0, wxpay-cli 0.1.1, wxpay-xml 0.1.1";
    assert_eq!(repo.due(), due);
    let plan = Plan::new(&repo.ws(), false).unwrap().to_string();
    for line in [
        "0.1.0 → 0.2.0\n    breaking: API: 1 gone, 0 new\n      - wxpay_sign::old()\n",
        "breaking: follows wxpay-sign 0.2.0: its API shows it\n",
        "patch: follows wxpay-sign 0.2.0: its API does not show it\n",
        "patch: follows wxpay-media 0.2.0: no user of a program sees it\n",
    ] {
        assert!(plan.contains(line), "{line}\n\n{plan}");
    }
    repo.bump().unwrap();
    // An entry after a bump is released with it.
    let entries = "### Fixed\n\n- A typo.\n\n### Changed\n\n- More.";
    repo.note("wxpay-media", entries);
    repo.bump().unwrap();
    assert_eq!(repo.due(), due);
    let changelog = repo.read("crates/wxpay-media/CHANGELOG.md");
    let (_, section) = changelog.split_once("## [0.2.0] - 20").unwrap();
    assert!(section.contains(entries), "{section}");
    assert!(section.contains("\n\n### Changed\n\n- Follows `wxpay-sign` 0.2.0.\n"));
    assert_eq!(changelog.matches("Follows").count(), 1, "{changelog}");
}

#[test]
fn a_changelog_can_say_that_a_change_breaks() {
    let repo = Repo::released();
    repo.note("wxpay-xml", "### Changed\n\n- **Breaking**: no quotes.");
    repo.note("wxpay-cli", "### Fixed\n\n- A typo.");
    assert_eq!(repo.due(), "wxpay-cli 0.1.1, wxpay-xml 0.2.0");
    repo.note("wxpay-cli", "### Removed\n\n- `--old`.");
    assert_eq!(repo.due(), "wxpay-cli 0.2.0, wxpay-xml 0.2.0");
}

#[test]
fn unfinished_releases_are_refused() {
    let repo = Repo::new();
    assert_refused(repo.publish(), "CHANGELOG.md says nothing of 0.1.0");
    repo.bump().unwrap();
    repo.write("crates/wxpay-sign/src/lib.rs", "// unfinished\n");
    assert_refused(repo.publish(), "the working tree has changes");
    assert_refused(repo.bump(), "crates/wxpay-sign/src/lib.rs");
    repo.note("wxpay-sign", "### Fixed\n\n- More.");
    assert_refused(repo.publish(), "has entries under `## [Unreleased]`");
    repo.bump().unwrap();
    repo.tag_all();
    repo.write("crates/wxpay-xml/src/lib.rs", "// faster\n");
    repo.commit();
    assert_refused(repo.bump(), "crates/wxpay-xml/CHANGELOG.md");
    repo.break_sign();
    assert_refused(repo.publish(), "wxpay-sign is 0.1.0 and has to be 0.2.0");
    repo.git("update-ref refs/tags/wxpay-sign-v0.2.0 HEAD");
    assert_refused(repo.bump(), "is 0.1.0 in its manifest, but 0.2.0 is tagged");
}
