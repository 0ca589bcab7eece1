//! `cargo xtask ci`: the jobs that a change must pass, in their order, up to the first that fails.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::builder::PossibleValuesParser;

use crate::workspace::{Workspace, missing};
use crate::{fuzz, manifests, public_api, readme, release, tidy, vectors};

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Only these, in the order of the list; without any, the quick set
    #[arg(value_name = "JOB", value_parser = PossibleValuesParser::new(JOBS.iter().map(|it| it.name)))]
    jobs: Vec<String>,

    /// Everything, the slow jobs and those that need tools included
    #[arg(long, conflicts_with = "jobs")]
    all: bool,

    /// Print the jobs and run none
    #[arg(long)]
    list: bool,

    /// Fail where a tool is missing, instead of skipping what needs it
    #[arg(long)]
    no_skip: bool,
}

struct Job {
    name: &'static str,
    /// Whether it runs when nothing is asked for.
    quick: bool,
    /// Tools that not every machine has.
    needs: &'static [&'static str],
    run: fn(&Workspace) -> Result<()>,
    /// What holds when it has passed.
    about: &'static str,
}

/// In the order in which they run: what is fast and fails often comes first.
#[rustfmt::skip]
const JOBS: &[Job] = &[
    Job { name: "fmt", quick: true, needs: &[], run: |ws| ws.run("cargo fmt --all --check"),
        about: "rustfmt would change nothing" },
    Job { name: "clippy", quick: true, needs: &[], run: clippy,
        about: "no warning of clippy, in any target, with the main sets of features" },
    Job { name: "test", quick: true, needs: &[], run: test,
        about: "the tests of the workspace, doctests included, with the main sets of features" },
    Job { name: "doc", quick: true, needs: &[], run: doc,
        about: "rustdoc warns of nothing: links lead somewhere, everything public is explained" },
    Job { name: "tidy", quick: true, needs: &[], run: tidy::run,
        about: "arrows between crates, files and manifests are as the design has them" },
    Job { name: "msrv", quick: true, needs: &[], run: manifests::msrv,
        about: "the declared oldest Rust is the one that the dependencies declare" },
    Job { name: "readme", quick: true, needs: &[], run: |ws| readme::run(ws, true),
        about: "the READMEs show what the manifests say and what the program prints" },
    Job { name: "alone", quick: true, needs: &[], run: alone,
        about: "each library builds by itself, without default features" },
    Job { name: "vectors", quick: false, needs: &vectors::NEEDS, run: |ws| vectors::run(ws, true),
        about: "openssl and Python compute the committed signature vectors" },
    Job { name: "typos", quick: false, needs: &["typos"], run: |ws| ws.run("typos"),
        about: "no well-known misspelling in any file" },
    // With cargo's metadata: without it md-5, whose library is `md5`, is taken for unused.
    Job { name: "machete", quick: false, needs: &["cargo-machete"],
        run: |ws| ws.run("cargo machete --with-metadata"),
        about: "no dependency that nothing uses" },
    // Advisories need a database from the network: `cargo deny check advisories`, where there is one.
    Job { name: "deny", quick: false, needs: &["cargo-deny"],
        run: |ws| ws.run("cargo deny --locked --all-features check bans licenses sources"),
        about: "licences, bans and sources of dependencies are as deny.toml has them" },
    Job { name: "package", quick: false, needs: &[], run: manifests::package,
        about: "each package holds what it needs and nothing else, and builds from that" },
    Job { name: "public-api", quick: false, needs: &[], run: |ws| public_api::run(ws, true, &[]),
        about: "the committed list of each library's API is what it has, and examples are there" },
    Job { name: "semver", quick: false, needs: &["cargo-semver-checks"], run: release::semver,
        about: "each library's version says what changed in its API since its last release" },
    Job { name: "minimal-versions", quick: false, needs: &[], run: manifests::minimal,
        about: "each library builds with the oldest direct dependencies that its manifest allows" },
    Job { name: "features", quick: false, needs: &["cargo-hack"], run: features,
        about: "each library compiles with no feature, each one and each two" },
    Job { name: "benches", quick: false, needs: &[], run: benches,
        about: "the measurements of benches/ build" },
    Job { name: "examples", quick: false, needs: &[], run: examples,
        about: "the programs of examples/ build, and work against the sandbox" },
    Job { name: "fuzz-smoke", quick: false, needs: &fuzz::NEEDS, run: fuzz::smoke,
        about: "each fuzz target holds for 20 seconds" },
];

/// How long the quick set may take from an empty target folder on two cores.
const BUDGET: Duration = Duration::from_secs(15 * 60);

/// Runs the chosen jobs, and prints a table of them at the end.
///
/// # Errors
///
/// At the first job that fails, naming it and the command that repeats it.
pub(crate) fn run(ws: &Workspace, args: &Args) -> Result<()> {
    if args.list {
        print!("{}", list());
        return Ok(());
    }
    let jobs = chosen(args);
    let mut rows = Vec::new();
    let mut failure = None;
    for (number, job) in (1..).zip(&jobs) {
        let outcome = match missing(job.needs) {
            _ if failure.is_some() => Outcome::NotRun,
            Some(why) => {
                failure = args.no_skip.then(|| (job.name, why.clone()));
                Outcome::Skipped(why)
            }
            None => {
                println!("\n[{number}/{}] {}: {}", jobs.len(), job.name, job.about);
                let start = Instant::now();
                let result = (job.run)(ws);
                failure = result.err().map(|error| (job.name, format!("{error:#}")));
                match failure {
                    None => Outcome::Ok(start.elapsed()),
                    Some(_) => Outcome::Failed(start.elapsed()),
                }
            }
        };
        rows.push((job.name, outcome));
    }
    println!("\n{}", table(&rows, args.jobs.is_empty() && !args.all));
    if let Some((job, why)) = failure {
        bail!("ci failed at {job}: {why}\n\nto repeat it alone:\n  cargo xtask ci {job}");
    }
    Ok(())
}

fn chosen(args: &Args) -> Vec<&'static Job> {
    let is_chosen = |job: &&Job| match args.jobs.as_slice() {
        [] => args.all || job.quick,
        names => names.iter().any(|name| name == job.name),
    };
    JOBS.iter().filter(is_chosen).collect()
}

fn list() -> String {
    let mut list = String::new();
    for job in JOBS {
        let mark = if job.quick { '*' } else { ' ' };
        let why = missing(job.needs).map(|why| format!(" [skipped here: {why}]"));
        let why = why.unwrap_or_default();
        list += &format!("{mark} {:16}  {}{why}\n", job.name, job.about);
    }
    list + "\n* the quick set, which `cargo xtask ci` alone runs\n"
}

enum Outcome {
    Ok(Duration),
    Failed(Duration),
    /// Why, and what to do.
    Skipped(String),
    /// One before it failed.
    NotRun,
}

/// One line a job, those that did not run included, and their sum.
fn table(rows: &[(&str, Outcome)], is_quick: bool) -> String {
    let (mut table, mut total, mut skipped, mut failed) = (String::new(), Duration::ZERO, 0, false);
    for (name, outcome) in rows {
        let (time, words) = match outcome {
            Outcome::Ok(time) => (Some(*time), "ok".to_owned()),
            Outcome::Failed(time) => (Some(*time), "FAILED".to_owned()),
            Outcome::Skipped(why) => (None, format!("skipped: {why}")),
            Outcome::NotRun => (None, "-".to_owned()),
        };
        total += time.unwrap_or_default();
        skipped += usize::from(matches!(outcome, Outcome::Skipped(_)));
        failed |= matches!(outcome, Outcome::Failed(_));
        let time = time.map(minutes).unwrap_or_default();
        let _ = writeln!(table, "{name:16}  {time:>7}  {words}");
    }
    let words = match skipped {
        _ if failed => "FAILED".to_owned(),
        _ if is_quick && total > BUDGET => "ok, but over 15 minutes".to_owned(),
        0 => "ok".to_owned(),
        _ => format!("ok, but {skipped} skipped"),
    };
    table + &format!("total             {:>7}  {words}\n", minutes(total))
}

fn minutes(time: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    format!("{}:{:02}.{}", tenths / 600, tenths % 600 / 10, tenths % 10)
}

fn clippy(ws: &Workspace) -> Result<()> {
    feature_sets(ws).iter().try_for_each(|set| {
        ws.run(&format!(
            "cargo clippy --locked --all-targets {set} -- -D warnings"
        ))
    })
}

/// What is compiled must also work: a feature that chooses a crypto provider compiles long before it
/// shakes hands. Examples run with the default features and with all: some need more than one.
fn test(ws: &Workspace) -> Result<()> {
    feature_sets(ws).iter().try_for_each(|set| {
        let tests = if set.contains("--no-default-features") {
            "--tests"
        } else {
            ""
        };
        ws.run(&format!("cargo test --locked {set} {tests}"))
    })
}

fn doc(ws: &Workspace) -> Result<()> {
    let doc = ws.line("cargo doc --locked --workspace --no-deps");
    Ok(doc.env("RUSTDOCFLAGS", "-Dwarnings").run()?)
}

/// Alone, a library shows what it borrowed from the features that the others turned on.
fn alone(ws: &Workspace) -> Result<()> {
    ws.libraries().try_for_each(|it| {
        ws.run(&format!(
            "cargo check --locked --lib --no-default-features -p {}",
            it.name
        ))
    })
}

/// Without the crates' tests, which need some features themselves.
fn features(ws: &Workspace) -> Result<()> {
    let check = "cargo hack check --locked --lib --feature-powerset --depth 2";
    let mut libraries = ws.libraries().filter(|it| !it.features.is_empty());
    libraries.try_for_each(|it| ws.run(&format!("{check} -p {}", it.name)))
}

fn benches(ws: &Workspace) -> Result<()> {
    let _folder = ws.sh.push_dir("benches");
    let build = ws.line("cargo build --locked --workspace --all-targets");
    Ok(build.env_remove("CARGO_TARGET_DIR").run()?)
}

fn examples(ws: &Workspace) -> Result<()> {
    let sandbox = "cargo run --locked --quiet --bin wxpay -- sandbox --";
    let example = "cargo run --locked --manifest-path examples/Cargo.toml --package example";
    ws.run("cargo build --locked --workspace --manifest-path examples/Cargo.toml")?;
    for name in [
        "sign-reqwest",
        "multipart-reqwest",
        "multipart-ureq",
        "own-http-client",
        "tower-http",
    ] {
        ws.run(&format!("{sandbox} {example}-{name} examples/licence.jpg"))?;
    }
    ws.run(&format!(
        "{sandbox} cargo test --locked --manifest-path examples/Cargo.toml"
    ))
}

/// cargo's arguments for the main sets of features: the default ones, none, each crypto provider that
/// is not a default one, and all. Each single feature and each pair is left to the job `features`.
fn feature_sets(ws: &Workspace) -> Vec<String> {
    let members = ws
        .members()
        .into_iter()
        .filter(|it| !it.features.is_empty());
    let members: Vec<_> = members.map(|it| (it.name.as_str(), &it.features)).collect();
    sets(&members)
}

fn sets(members: &[(&str, &BTreeMap<String, Vec<String>>)]) -> Vec<String> {
    let names: Vec<_> = members.iter().map(|(name, _)| *name).collect();
    let none = format!("-p {} --no-default-features", names.join(" -p "));
    let mut sets = vec!["--workspace".to_owned(), none];
    for provider in ["ring", "aws-lc-rs"] {
        let (mut names, mut features) = (String::new(), String::new());
        for (name, all) in members {
            let default = all.get("default").map_or(&[][..], Vec::as_slice);
            if all.contains_key(provider) && default.iter().all(|it| it != provider) {
                names += &format!("-p {name} ");
                features += &format!("{name}/{provider},");
            }
        }
        if !names.is_empty() {
            sets.push(format!(
                "{names}--no-default-features --features {features}"
            ));
        }
    }
    sets.push("--workspace --all-features".to_owned());
    sets
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        args: Args,
    }

    fn names(line: &str) -> Vec<&'static str> {
        let program = Program::parse_from(["ci"].into_iter().chain(line.split_whitespace()));
        chosen(&program.args).iter().map(|job| job.name).collect()
    }

    #[test]
    fn nothing_asked_for_is_the_quick_set_which_needs_no_tool() {
        assert_eq!(
            names("").join(" "),
            "fmt clippy test doc tidy msrv readme alone"
        );
        assert!(JOBS.iter().all(|job| !job.quick || job.needs.is_empty()));
        assert_eq!(names("--all").len(), JOBS.len());
    }

    #[test]
    fn jobs_run_in_the_order_of_the_list() {
        assert_eq!(names("features tidy fmt"), ["fmt", "tidy", "features"]);
        assert!(Program::try_parse_from(["ci", "fmr"]).is_err());
        assert!(Program::try_parse_from(["ci", "fmt", "--all"]).is_err());
    }

    #[test]
    fn the_workflow_and_the_list_name_every_job() {
        let workflow = include_str!("../../.github/workflows/ci.yml");
        let list = list();
        for job in JOBS {
            let mut lines = workflow.lines();
            assert!(
                lines.any(|line| line.trim() == format!("- job: {}", job.name)),
                "no {} in ci.yml",
                job.name
            );
            assert!(list.contains(job.about), "{list}");
        }
    }

    #[test]
    fn the_table_says_what_ran_and_what_did_not() {
        let ok = |seconds| Outcome::Ok(Duration::from_millis(seconds));
        let skipped = Outcome::Skipped("mill is missing: build one".to_owned());
        let shown = table(
            &[("fmt", ok(1500)), ("grind", skipped), ("test", ok(661_040))],
            true,
        );
        let expected = "fmt                0:01.5  ok\n\
                        grind                      skipped: mill is missing: build one\n\
                        test              11:01.0  ok\n\
                        total             11:02.5  ok, but 1 skipped\n";
        assert_eq!(shown, expected);
        let failed = Outcome::Failed(Duration::from_secs(2));
        let shown = table(&[("fmt", failed), ("test", Outcome::NotRun)], true);
        assert!(
            shown.contains("FAILED\ntest                       -\n"),
            "{shown}"
        );
        assert!(shown.ends_with("0:02.0  FAILED\n"), "{shown}");
        let shown = table(&[("test", ok(3_600_000))], true);
        assert!(shown.ends_with("ok, but over 15 minutes\n"), "{shown}");
    }

    #[test]
    fn features_are_tried_none_all_and_each_crypto_provider() {
        let features = |names: &[&str], default: &[&str]| -> BTreeMap<String, Vec<String>> {
            let default = default.iter().map(|&it| it.to_owned()).collect();
            let names = names.iter().map(|&it| (it.to_owned(), Vec::new()));
            names.chain([("default".to_owned(), default)]).collect()
        };
        let a = features(&["fast"], &["fast"]);
        let b = features(&["ring", "aws-lc-rs"], &["ring"]);
        let expected = "--workspace\n-p a -p b --no-default-features\n\
                        -p b --no-default-features --features b/aws-lc-rs,\n\
                        --workspace --all-features";
        assert_eq!(sets(&[("a", &a), ("b", &b)]).join("\n"), expected);
    }
}
