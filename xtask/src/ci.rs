//! `cargo xtask ci`: the jobs that a change must pass, in their order, up to the first that fails.

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
    Job { name: "alone", quick: true, needs: &[],
        run: |ws| each(ws, "cargo check --locked --lib --no-default-features"),
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
    Job { name: "features", quick: false, needs: &["cargo-hack"],
        run: |ws| each(ws, "cargo hack check --locked --lib --feature-powerset --depth 2"),
        about: "each library compiles with no feature, each one and each two" },
    Job { name: "benches", quick: false, needs: &[], run: benches,
        about: "the measurements of benches/ build" },
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
    let (mut rows, mut failure) = (Vec::new(), None);
    for (number, job) in (1..).zip(&jobs) {
        let missing = missing(job.needs);
        let (mut time, mut words) = (None, "-".to_owned());
        if let (Some(why), None) = (&missing, &failure) {
            words = format!("skipped: {why}");
            failure = args.no_skip.then(|| (job.name, why.clone()));
        } else if failure.is_none() {
            println!("\n[{number}/{}] {}: {}", jobs.len(), job.name, job.about);
            let start = Instant::now();
            let result = (job.run)(ws);
            time = Some(start.elapsed());
            words = if result.is_ok() { "ok" } else { "FAILED" }.to_owned();
            failure = result.err().map(|error| (job.name, format!("{error:#}")));
        }
        rows.push((job.name, time, words));
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

/// One line a job, those that did not run included, and their sum.
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
    let lines = rows
        .iter()
        .map(|(name, time, words)| line(name, *time, words));
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

/// What is compiled must also work: a feature that chooses a crypto provider compiles long before it
/// shakes hands. Examples run with the default features and with all: some need more than one.
fn test(ws: &Workspace) -> Result<()> {
    feature_sets(ws).into_iter().try_for_each(|set| {
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

fn benches(ws: &Workspace) -> Result<()> {
    let _folder = ws.sh.push_dir("benches");
    let build = ws.line("cargo build --locked --workspace --all-targets");
    Ok(build.env_remove("CARGO_TARGET_DIR").run()?)
}

/// Alone, a library shows what it borrowed from the features that the others turned on.
fn each(ws: &Workspace, line: &str) -> Result<()> {
    let mut libraries = ws.libraries();
    libraries.try_for_each(|it| ws.run(&format!("{line} -p {}", it.name)))
}

/// The main sets of features: the default ones, none, the other crypto provider, and all. Each single
/// feature and each pair is left to the job `features`.
fn feature_sets(ws: &Workspace) -> [String; 4] {
    let libraries = ws.libraries().map(|it| format!("-p {} ", it.name));
    let none = libraries.collect::<String>() + "--no-default-features";
    let other = format!("{none} --features aws-lc-rs");
    [
        "--workspace".to_owned(),
        none,
        other,
        "--workspace --all-features".to_owned(),
    ]
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
    fn nothing_asked_for_is_the_quick_set_in_the_order_of_the_list() {
        let quick = "fmt clippy test doc tidy msrv readme alone";
        assert_eq!(names("").join(" "), quick);
        assert_eq!(names("features tidy fmt"), ["fmt", "tidy", "features"]);
        assert_eq!(names("--all").len(), JOBS.len());
        for line in [&["ci", "fmr"][..], &["ci", "fmt", "--all"]] {
            assert!(Program::try_parse_from(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn the_workflow_and_the_list_name_every_job() {
        let workflow = include_str!("../../.github/workflows/ci.yml");
        for Job { name, about, .. } in JOBS {
            let entry = format!("- job: {name}\n");
            assert!(workflow.contains(&entry), "no {entry}");
            assert!(list().contains(about), "no {name}");
        }
    }

    #[test]
    fn the_table_says_what_ran_and_what_did_not() {
        let row = |name, milliseconds: u64, words: &str| {
            let time = (milliseconds > 0).then(|| Duration::from_millis(milliseconds));
            (name, time, words.to_owned())
        };
        let rows = [
            row("fmt", 1500, "ok"),
            row("grind", 0, "skipped: no mill"),
            row("test", 661_040, "ok"),
        ];
        let expected = "fmt                0:01.5  ok\n\
                        grind                      skipped: no mill\n\
                        test              11:01.0  ok\n\
                        total             11:02.5  ok, but 1 skipped\n";
        assert_eq!(table(&rows, true), expected);
        let shown = table(&[row("fmt", 2000, "FAILED"), row("test", 0, "-")], true);
        assert!(shown.ends_with("0:02.0  FAILED\n"), "{shown}");
        let shown = table(&[row("test", 3_600_000, "ok")], true);
        assert!(shown.ends_with("ok, but over 15 minutes\n"), "{shown}");
    }
}
