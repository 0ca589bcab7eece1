//! `cargo xtask fuzz`: builds the targets of fuzz/, and searches with libFuzzer.

mod corpus;
mod finding;
mod search;
mod stats;
mod target;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail, ensure};

use crate::{cargo, tool};
use search::{Outcome, Search};
use target::Target;

const SMOKE: Duration = Duration::from_secs(20);

/// What to search, and how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these targets; without any, all, one after the other
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,

    /// How long each is searched
    #[arg(long, value_name = "N", default_value = "60")]
    seconds: u64,

    /// Search each for 20 seconds
    #[arg(long, conflicts_with = "seconds")]
    smoke: bool,

    /// Print the targets and what each holds true, and search none
    #[arg(long)]
    list: bool,

    /// Run one target on one input again, and show what becomes of it
    #[arg(long, value_name = "FILE", requires = "targets", conflicts_with_all = ["seconds", "smoke"])]
    input: Option<PathBuf>,

    /// Write the committed corpus anew: the fewest inputs that reach all code reached so far
    #[arg(long, conflicts_with_all = ["seconds", "smoke", "input"])]
    minimise: bool,
}

/// Searches, and prints a line for each target.
///
/// # Errors
///
/// When an input is found that breaks a target's promise, or a target does not build.
pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let fuzz = root.join("fuzz");
    let targets = chosen(target::read(&fuzz)?, &args.targets)?;
    if args.list {
        print!("{}", target::list(&targets));
        return Ok(());
    }
    if let Some(why) = tool::CXX.missing() {
        println!("fuzz: skipped: {why}");
        return Ok(());
    }
    let search = Search::new(&fuzz, build(&fuzz, &targets)?);
    if let Some(file) = &args.input {
        let file = file.canonicalize();
        let file = file.with_context(|| format!("cannot find {:?}", args.input))?;
        return targets
            .iter()
            .try_for_each(|target| search.repeat(target, &file));
    }
    if args.minimise {
        return targets
            .iter()
            .try_for_each(|target| search.minimise(target));
    }
    let seconds = Duration::from_secs(args.seconds);
    search_all(&search, &targets, if args.smoke { SMOKE } else { seconds })
}

/// All of them, also behind one that fails.
fn search_all(search: &Search, targets: &[Target], time: Duration) -> anyhow::Result<()> {
    let width = targets.iter().map(|target| target.name.len()).max();
    let width = width.unwrap_or(0);
    let mut failed = Vec::new();
    for target in targets {
        let name = &target.name;
        match search.run(target, time)? {
            Outcome::Nothing(stats) => println!("{name:width$}  {stats}  nothing found"),
            Outcome::Found(finding) => {
                println!("{name:width$}  FOUND: {finding}");
                failed.push(name.as_str());
            }
        }
    }
    ensure!(failed.is_empty(), "fuzz: found: {}", failed.join(", "));
    Ok(())
}

fn chosen(targets: Vec<Target>, names: &[String]) -> anyhow::Result<Vec<Target>> {
    let is_known = |name: &&String| targets.iter().any(|target| target.name == **name);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        bail!("there is no target {unknown}: `cargo xtask fuzz --list` has all");
    }
    let is_wanted = |target: &Target| names.is_empty() || names.contains(&target.name);
    Ok(targets.into_iter().filter(is_wanted).collect())
}

/// Builds the targets, and tells the folder that they are in.
///
/// The flags are those of fuzz/.cargo/config.toml: what the environment has would take their place.
fn build(fuzz: &Path, targets: &[Target]) -> anyhow::Result<PathBuf> {
    let mut command = cargo::command(fuzz);
    command.args(["build", "--locked", "--release"]);
    for target in targets {
        command.args(["--bin", &target.name]);
    }
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        command.env_remove(variable);
    }
    let folder = fuzz.join("target");
    let status = command.env("CARGO_TARGET_DIR", &folder).status();
    ensure!(
        status.context("cannot start cargo")?.success(),
        "the fuzz targets do not build: repeat it by `cd fuzz && cargo build --release`"
    );
    built(&folder, targets)
}

/// Where cargo has put the programs: below a folder with the name of the host's target.
fn built(folder: &Path, targets: &[Target]) -> anyhow::Result<PathBuf> {
    let first = targets.first().context("there is no target")?;
    let entries = fs::read_dir(folder).context("cannot read fuzz/target")?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path().join("release")))
        .find(|release| release.join(&first.name).is_file())
        .with_context(|| format!("cargo has built {} somewhere else", first.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(wanted: &[&str]) -> anyhow::Result<Vec<String>> {
        let targets = ["form", "reply"].map(|name| Target {
            name: name.to_owned(),
            about: String::new(),
            max_len: 1,
        });
        let wanted: Vec<_> = wanted.iter().map(|name| (*name).to_owned()).collect();
        let chosen = chosen(targets.into(), &wanted)?;
        Ok(chosen.into_iter().map(|target| target.name).collect())
    }

    #[test]
    fn all_or_those_that_are_named() {
        assert_eq!(names(&[]).unwrap(), ["form", "reply"]);
        assert_eq!(names(&["reply"]).unwrap(), ["reply"]);
        let error = names(&["reply", "from"]).unwrap_err().to_string();
        assert!(error.starts_with("there is no target from:"), "{error}");
    }

    #[test]
    fn every_target_is_built_from_its_own_file_and_has_a_corpus() {
        let fuzz = crate::root::find().unwrap().join("fuzz");
        let targets = target::read(&fuzz).unwrap();
        assert_eq!(
            targets.len(),
            fs::read_dir(fuzz.join("targets")).unwrap().count()
        );
        for target in targets {
            let corpus = fuzz.join("corpora").join(&target.name);
            let inputs = fs::read_dir(corpus).map_or(0, Iterator::count);
            assert!(inputs > 0, "{} has no corpus", target.name);
        }
    }
}
