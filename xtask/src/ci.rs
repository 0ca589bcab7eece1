//! `cargo xtask ci`: runs the jobs that a change must pass, up to the first that fails.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use clap::builder::PossibleValuesParser;

use crate::workspace::{Workspace, missing};
use crate::{fuzz, manifests, public_api, readme, release, tidy, vectors};

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Only these jobs, in the order of the list; without any, the quick set
    #[arg(value_name = "JOB", value_parser = PossibleValuesParser::new(JOBS.iter().map(|it| it.0)))]
    jobs: Vec<String>,
    /// All jobs, including the slow ones and those that need tools
    #[arg(long, conflicts_with = "jobs")]
    all: bool,
    /// Print the jobs and run none
    #[arg(long)]
    list: bool,
    /// Fail if a tool is missing, instead of skipping the jobs that need it
    #[arg(long)]
    no_skip: bool,
}

/// The name, whether the job is in the quick set, the tools that it needs, its function, and what
/// holds when it has passed.
type Job = (
    &'static str,
    bool,
    &'static [&'static str],
    fn(&Workspace) -> Result<()>,
    &'static str,
);

/// In the order of the run: jobs that are fast and fail often come first. Without cargo's metadata
/// machete reports md-5, whose library is `md5`, as unused. Advisories are not checked, for they
/// need a database from the network: `cargo deny check advisories`.
#[rustfmt::skip]
const JOBS: &[Job] = &[
    ("fmt", true, &[], |ws| ws.run("cargo fmt --all --check"), "rustfmt would change nothing"),
    ("clippy", true, &[], clippy, "no warning of clippy, in any target, with the main sets of features"),
    ("test", true, &[], test, "all tests, doctests included, with the main sets of features"),
    ("doc", true, &[], doc, "no warning of rustdoc, such as a broken link"),
    ("tidy", true, &[], tidy::run, "dependencies, files and manifests follow docs/architecture.md"),
    ("msrv", true, &[], manifests::msrv, "the declared oldest Rust is what dependencies declare"),
    ("readme", true, &[], |ws| readme::run(ws, true), "the READMEs show what the program prints"),
    ("alone", true, &[], |ws| each(ws, "cargo check --locked --lib --no-default-features"),
        "each library builds by itself, without default features"),
    ("vectors", false, &vectors::NEEDS, |ws| vectors::run(ws, true),
        "openssl and Python compute the committed signature vectors"),
    ("typos", false, &["typos"], |ws| ws.run("typos"), "no well-known misspelling in any file"),
    ("machete", false, &["cargo-machete"], |ws| ws.run("cargo machete --with-metadata crates xtask"),
        "no dependency that nothing uses"),
    ("deny", false, &["cargo-deny"],
        |ws| ws.run("cargo deny --locked --all-features check bans licenses sources"),
        "licences, bans and sources of dependencies are as deny.toml has them"),
    ("package", false, &[], manifests::package, "each package has its files, and builds alone"),
    ("public-api", false, &[], |ws| public_api::run(ws, true, &[]),
        "the committed list of each library's API is right, and no example is missing"),
    ("semver", false, &["cargo-semver-checks"], release::semver,
        "each library's version matches the changes of its API since its last release"),
    ("minimal-versions", false, &[], manifests::minimal,
        "each library builds with the oldest direct dependencies that its manifest allows"),
    ("features", false, &["cargo-hack"],
        |ws| each(ws, "cargo hack check --locked --lib --feature-powerset --depth 2"),
        "each library compiles with no feature, each one and each two"),
    ("benches", false, &[], benches, "the measurements of benches/ build"),
    ("examples", false, &[], examples, "the programs of examples/ build, and work with the sandbox"),
    ("fuzz-smoke", false, &fuzz::NEEDS, fuzz::smoke, "each fuzz target holds for 20 seconds"),
];

/// Maximum time of the quick set, from an empty target folder on two cores.
const BUDGET: Duration = Duration::from_secs(15 * 60);

pub(crate) fn run(ws: &Workspace, args: &Args) -> Result<()> {
    if args.list {
        print!("{}", list());
        return Ok(());
    }
    let jobs = chosen(args);
    let (mut rows, mut result) = (Vec::new(), Ok(()));
    for (number, (name, _, needs, job, about)) in (1..).zip(&jobs) {
        let missing = missing(needs);
        if result.is_err() {
            rows.push((*name, None, "-".to_owned()));
        } else if let (Some(why), false) = (&missing, args.no_skip) {
            rows.push((*name, None, format!("skipped: {why}")));
        } else {
            println!("\n[{number}/{}] {name}: {about}", jobs.len());
            let start = Instant::now();
            result = missing.map_or_else(|| job(ws), |why| Err(anyhow!(why)));
            let words = if result.is_ok() { "ok" } else { "FAILED" };
            rows.push((*name, Some(start.elapsed()), words.to_owned()));
        }
    }
    println!("\n{}", table(&rows, args.jobs.is_empty() && !args.all));
    if let (Err(why), Some((job, ..))) = (result, rows.iter().find(|row| row.2 == "FAILED")) {
        bail!("ci failed at {job}: {why:#}\n\nto repeat it alone:\n  cargo xtask ci {job}");
    }
    Ok(())
}

fn chosen(args: &Args) -> Vec<Job> {
    let is_chosen = |(name, quick, ..): &&Job| match args.jobs.as_slice() {
        [] => args.all || *quick,
        names => names.iter().any(|it| it == name),
    };
    JOBS.iter().filter(is_chosen).copied().collect()
}

fn list() -> String {
    let mut list = String::new();
    for (name, quick, needs, _, about) in JOBS {
        let mark = if *quick { '*' } else { ' ' };
        let missing = missing(needs).map(|why| format!(" [skipped here: {why}]"));
        list += &format!("{mark} {name:16}  {about}{}\n", missing.unwrap_or_default());
    }
    list + "\n* the quick set, which `cargo xtask ci` alone runs\n"
}

fn table(rows: &[(&str, Option<Duration>, String)], is_quick: bool) -> String {
    let line = |name: &str, time: Option<Duration>, words: &str| {
        let time = time.map(minutes).unwrap_or_default();
        format!("{name:16}  {time:>7}  {words}\n")
    };
    let total = rows.iter().filter_map(|row| row.1).sum();
    let count = |words: &str| rows.iter().filter(|row| row.2.starts_with(words)).count();
    let skipped = count("skipped");
    let words = match skipped {
        _ if count("FAILED") > 0 => "FAILED".to_owned(),
        _ if is_quick && total > BUDGET => "ok, but over 15 minutes".to_owned(),
        0 => "ok".to_owned(),
        _ => format!("ok, but {skipped} skipped"),
    };
    let lines = rows.iter().map(|row| line(row.0, row.1, &row.2));
    lines.collect::<String>() + &line("total", Some(total), &words)
}

fn minutes(time: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    format!("{}:{:02}.{}", tenths / 600, tenths % 600 / 10, tenths % 10)
}

fn clippy(ws: &Workspace) -> Result<()> {
    let mut sets = feature_sets(ws).into_iter();
    let clippy = "cargo clippy --locked --all-targets";
    sets.try_for_each(|set| ws.run(&format!("{clippy} {set} -- -D warnings")))
}

/// The tests run with each set of features: a crypto provider that compiles may still fail in a
/// handshake. Doctests run with the default features and with all, since some need more than one.
fn test(ws: &Workspace) -> Result<()> {
    feature_sets(ws).into_iter().try_for_each(|set| {
        let is_bare = set.contains("--no-default-features");
        let tests = if is_bare { "--tests" } else { "" };
        ws.run(&format!("cargo test --locked {set} {tests}"))
    })
}

fn doc(ws: &Workspace) -> Result<()> {
    let doc = ws.line("cargo doc --locked --workspace --no-deps");
    Ok(doc.env("RUSTDOCFLAGS", "-Dwarnings").run()?)
}

fn benches(ws: &Workspace) -> Result<()> {
    let _folder = ws.sh.push_dir("benches");
    let build = ws.line("cargo build --locked --workspace --all-targets");
    Ok(build.env_remove("CARGO_TARGET_DIR").run()?)
}

fn examples(ws: &Workspace) -> Result<()> {
    const UPLOADS: &str = "blocking multipart-reqwest multipart-ureq own-http-client sign-reqwest \
                           tower-http";
    let folder = "--manifest-path examples/Cargo.toml --target-dir examples/target";
    let all = format!("--locked --workspace {folder}");
    let sandbox = "cargo run --locked --quiet --bin wxpay -- sandbox --";
    ws.run(&format!("cargo build {all}"))?;
    for name in UPLOADS.split(' ') {
        let program = format!("examples/target/debug/example-{name}");
        ws.run(&format!("{sandbox} {program} examples/licence.jpg"))?;
    }
    ws.run(&format!("{sandbox} cargo test {all}"))
}

/// Runs a command for each library alone: features that only others turn on are then missing.
fn each(ws: &Workspace, line: &str) -> Result<()> {
    let mut libraries = ws.libraries();
    libraries.try_for_each(|it| ws.run(&format!("{line} -p {}", it.name)))
}

/// The main sets of features: the default ones of all; of the libraries that have features none,
/// the other crypto provider, and all. Each single feature and each pair is left to the job
/// `features`.
fn feature_sets(ws: &Workspace) -> [String; 4] {
    let libraries = ws.libraries().filter(|it| !it.features.is_empty());
    let libraries: String = libraries.map(|it| format!("-p {} ", it.name)).collect();
    let none = format!("{libraries}--no-default-features");
    let other = format!("{none} --features aws-lc-rs");
    let all = format!("{libraries}--all-features");
    ["--workspace".into(), none, other, all]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_arguments_the_quick_set_runs_in_the_order_of_the_list() {
        let names = |jobs: &str, all| {
            let mut args = Args::default();
            (args.jobs, args.all) = (jobs.split_whitespace().map(str::to_owned).collect(), all);
            let names: Vec<_> = chosen(&args).iter().map(|job| job.0).collect();
            names.join(" ")
        };
        let quick = names("", false);
        assert_eq!(quick, "fmt clippy test doc tidy msrv readme alone");
        assert_eq!(names("features tidy fmt", false), "fmt tidy features");
        assert_eq!(names("", true).split(' ').count(), JOBS.len());
    }

    #[test]
    fn the_workflow_and_the_list_name_every_job() {
        let (list, workflow) = (list(), include_str!("../../.github/workflows/ci.yml"));
        for (name, .., about) in JOBS {
            let entry = format!("- job: {name}\n");
            assert!(workflow.contains(&entry), "no {entry}");
            assert!(list.contains(about), "no {name}");
        }
    }

    #[test]
    fn the_table_has_times_skipped_jobs_and_the_total() {
        let row = |name, milliseconds: u64, words: &str| {
            let time = (milliseconds > 0).then(|| Duration::from_millis(milliseconds));
            (name, time, words.to_owned())
        };
        let skipped = row("grind", 0, "skipped: no mill");
        let rows = [skipped, row("test", 661_040, "ok")];
        let expected = "grind                      skipped: no mill\n\
                        test              11:01.0  ok\n\
                        total             11:01.0  ok, but 1 skipped\n";
        assert_eq!(table(&rows, true), expected);
        let shown = table(&[row("fmt", 2000, "FAILED"), row("test", 0, "-")], true);
        assert!(shown.ends_with("0:02.0  FAILED\n"), "{shown}");
        assert!(table(&[row("test", 3_600_000, "ok")], true).contains("ok, but over 15 minutes"));
    }
}
