use super::*;

/// sign ← media ← cli and sign ← sandbox, all released as 0.1.0; sign shows in the API of media.
fn packages() -> Vec<Facts> {
    let facts = |name: &str, dependencies: &[&str], listing: Option<&str>| Facts {
        name: name.to_owned(),
        manifest: Version::new(0, 1, 0),
        dependencies: dependencies.iter().map(|&it| it.to_owned()).collect(),
        listing: listing.map(str::to_owned),
        is_library: listing.is_some(),
        last: Some(Last {
            version: Version::new(0, 1, 0),
            commits: Vec::new(),
            evidence: Vec::new(),
        }),
    };
    vec![
        facts("sign", &[], Some("pub fn sign::f()")),
        facts("media", &["sign"], Some("pub fn media::f() -> sign::Key")),
        facts("sandbox", &["sign"], Some("pub fn sandbox::f()")),
        facts("cli", &["media", "sandbox"], None),
    ]
}

fn changed(mut packages: Vec<Facts>, name: &str, step: Step) -> Vec<Facts> {
    let package = packages.iter_mut().find(|it| it.name == name).unwrap();
    let last = package.last.as_mut().unwrap();
    last.commits.push("1234567 change it".to_owned());
    last.evidence.push(Evidence {
        step,
        why: format!("{step}: API"),
        details: vec!["- pub fn sign::g()".to_owned()],
    });
    packages
}

fn versions(packages: Vec<Facts>) -> Vec<String> {
    let plan = Plan::new(packages).unwrap();
    plan.due()
        .map(|entry| format!("{} {}", entry.facts.name, entry.version))
        .collect()
}

#[test]
fn without_a_change_there_is_nothing_to_release() {
    assert!(versions(packages()).is_empty());
}

#[test]
fn a_compatible_change_releases_its_package_alone() {
    let packages = changed(packages(), "sign", Step::Addition);
    assert_eq!(versions(packages), ["sign 0.1.1"]);
}

#[test]
fn a_breaking_change_breaks_those_that_show_it_and_releases_the_others() {
    let packages = changed(packages(), "sign", Step::Breaking);
    assert_eq!(
        versions(packages),
        ["sign 0.2.0", "media 0.2.0", "sandbox 0.1.1", "cli 0.1.1"]
    );
}

#[test]
fn without_a_list_a_library_may_show_anything() {
    let mut packages = changed(packages(), "sign", Step::Breaking);
    packages[2].listing = None;
    assert_eq!(versions(packages)[2], "sandbox 0.2.0");
}

#[test]
fn own_changes_and_ripples_come_to_the_larger_step() {
    let packages = changed(packages(), "sign", Step::Breaking);
    let packages = changed(packages, "media", Step::Patch);
    assert_eq!(versions(packages)[1], "media 0.2.0");
}

#[test]
fn the_first_release_is_what_the_manifest_says_and_breaks_nobody() {
    let mut packages = packages();
    packages[0].last = None;
    assert_eq!(versions(packages), ["sign 0.1.0"]);
}

#[test]
fn a_bump_that_was_made_is_kept_unless_more_is_needed() {
    let mut bumped = changed(packages(), "sign", Step::Addition);
    bumped[0].manifest = Version::new(0, 2, 0);
    assert_eq!(versions(bumped.clone())[0], "sign 0.2.0");
    let mut broken = changed(bumped, "sign", Step::Breaking);
    broken[0].manifest = Version::new(0, 1, 1);
    assert_eq!(versions(broken)[0], "sign 0.2.0");
}

#[test]
fn a_manifest_behind_its_tag_is_refused() {
    let mut packages = packages();
    packages[0].manifest = Version::new(0, 0, 9);
    let error = Plan::new(packages).unwrap_err().to_string();
    assert!(error.contains("0.1.0 is tagged"), "{error}");
}

#[test]
fn what_is_shown_says_why() {
    let shown = Plan::new(changed(packages(), "sign", Step::Breaking))
        .unwrap()
        .to_string();
    for expected in [
        "sign     0.1.0 → 0.2.0\n    breaking: API\n      - pub fn sign::g()\n    1234567 change it\n",
        "media    0.1.0 → 0.2.0\n    breaking: follows sign 0.2.0, which its API shows\n",
        "cli      0.1.0 → 0.1.1\n    patch: follows media 0.2.0, which no user of a program sees\n",
        "\n4 of 4 to release, in this order",
    ] {
        assert!(shown.contains(expected), "{expected}\n\n{shown}");
    }
}
