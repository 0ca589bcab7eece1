//! libFuzzer at work: where its inputs are, and what it is told.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, ensure};

use super::{corpus, finding::Finding, stats::Stats, target::Target};
use crate::cargo;

/// No input may take longer: all of them are a few KB.
const TIMEOUT: &str = "-timeout=5";
/// In MiB, for the whole process.
const MEMORY: &str = "-rss_limit_mb=1024";

/// The targets, built.
#[derive(Debug)]
pub(super) struct Search {
    fuzz: PathBuf,
    programs: PathBuf,
}

/// What has come of a search.
#[derive(Debug)]
pub(super) enum Outcome {
    Nothing(Stats),
    Found(Finding),
}

impl Search {
    pub(super) fn new(fuzz: &Path, programs: PathBuf) -> Self {
        let fuzz = fuzz.to_path_buf();
        Self { fuzz, programs }
    }

    /// Searches from the committed corpus and from what earlier searches on this machine have found.
    pub(super) fn run(&self, target: &Target, time: Duration) -> anyhow::Result<Outcome> {
        let name = &target.name;
        let log = self.fuzz.join("target/logs").join(name);
        self.make(Path::new("artifacts"))?;
        self.make(Path::new("target/logs"))?;
        self.make(&found(target))?;
        let file = File::create(&log).with_context(|| cannot("write", &log))?;
        let status = self
            .program(target)
            .arg(format!("-max_total_time={}", time.as_secs()))
            .arg(format!("-artifact_prefix=artifacts/{name}-"))
            .arg("-print_final_stats=1")
            .arg(found(target))
            .arg(committed(target))
            .stdout(Stdio::null())
            .stderr(file)
            .status()
            .with_context(|| cannot("start", Path::new(name)))?;
        let log = fs::read(&log).with_context(|| cannot("read", &log))?;
        let log = String::from_utf8_lossy(&log);
        Ok(match status.success() {
            true => Outcome::Nothing(Stats::parse(&log)),
            false => Outcome::Found(Finding::parse(name, &log)),
        })
    }

    /// Runs one input, and lets the target say what it has to.
    pub(super) fn repeat(&self, target: &Target, input: &Path) -> anyhow::Result<()> {
        let status = self.program(target).arg(input).status();
        let status = status.with_context(|| cannot("start", Path::new(&target.name)))?;
        ensure!(status.success(), "{} fails on this input", target.name);
        Ok(())
    }

    /// Replaces the committed corpus by the fewest of all known inputs that reach the same edges, as
    /// far as there is room. How often each is reached does not count, or they would be ten times as
    /// many.
    pub(super) fn minimise(&self, target: &Target) -> anyhow::Result<()> {
        let name = &target.name;
        self.make(&found(target))?;
        self.make(&committed(target))?;
        let fewest = tempfile::tempdir().context("no temporary folder")?;
        let status = self
            .program(target)
            .args(["-set_cover_merge=1", "-use_counters=0"])
            .arg(fewest.path())
            .arg(committed(target))
            .arg(found(target))
            .stderr(Stdio::null())
            .status()
            .with_context(|| cannot("start", Path::new(name)))?;
        ensure!(
            status.success(),
            "{name} fails on an input: search it first"
        );
        let written = corpus::replace(&self.fuzz.join(committed(target)), fewest.path())?;
        println!("{name}: {written}");
        Ok(())
    }

    fn program(&self, target: &Target) -> Command {
        let mut command = cargo::program(self.programs.join(&target.name), &self.fuzz);
        command.args([TIMEOUT, MEMORY]);
        command.arg(format!("-max_len={}", target.max_len));
        command
    }

    fn make(&self, folder: &Path) -> anyhow::Result<()> {
        let folder = self.fuzz.join(folder);
        fs::create_dir_all(&folder).with_context(|| cannot("make", &folder))
    }
}

fn committed(target: &Target) -> PathBuf {
    Path::new("corpora").join(&target.name)
}

/// On this machine alone.
fn found(target: &Target) -> PathBuf {
    Path::new("target/corpora").join(&target.name)
}

fn cannot(verb: &str, path: &Path) -> String {
    format!("cannot {verb} {}", path.display())
}
