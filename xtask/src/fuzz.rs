//! `cargo xtask fuzz`: searches with the targets of fuzz/, by cargo-fuzz.
//!
//! Without a sanitizer: no crate here has `unsafe`, and so it runs on stable Rust.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::MetadataCommand;
use xshell::{Cmd, cmd};

use crate::workspace::{Workspace, missing};

/// libFuzzer itself is compiled, from C++.
pub(crate) const NEEDS: [&str; 2] = ["cargo-fuzz", "c++"];

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

/// The job of `ci`.
pub(crate) fn smoke(ws: &Workspace) -> Result<()> {
    search(ws, &targets(ws)?, 20)
}

pub(crate) fn run(ws: &Workspace, args: &Args) -> Result<()> {
    let mut targets = targets(ws)?;
    let is_known = |name: &&String| targets.iter().any(|target| target.name == **name);
    if let Some(unknown) = args.targets.iter().find(|name| !is_known(name)) {
        bail!("there is no target {unknown}: `cargo xtask fuzz --list` has all");
    }
    targets.retain(|it| args.targets.is_empty() || args.targets.contains(&it.name));
    if args.list {
        targets
            .iter()
            .for_each(|it| println!("{:24}  {}", it.name, it.about));
    } else if let Some(why) = missing(&NEEDS) {
        println!("fuzz: skipped: {why}");
    } else if let Some(input) = &args.input {
        let input = input
            .canonicalize()
            .with_context(|| format!("cannot find {input:?}"))?;
        for target in &targets {
            target.fuzz(ws, &[&input]).run()?;
        }
    } else if args.minimise {
        targets.iter().try_for_each(|target| target.minimise(ws))?;
    } else {
        search(ws, &targets, if args.smoke { 20 } else { args.seconds })?;
    }
    Ok(())
}

/// A program of fuzz/targets.
struct Target {
    name: String,
    /// What it holds true: the first paragraph of its file.
    about: String,
    /// The longest input in bytes.
    max_len: u64,
    /// The committed inputs, and those that earlier searches on this machine have found.
    corpora: [PathBuf; 2],
}

fn targets(ws: &Workspace) -> Result<Vec<Target>> {
    let fuzz = ws.root().join("fuzz");
    let metadata = MetadataCommand::new().current_dir(&fuzz).no_deps().exec();
    let metadata = metadata.context("cannot read fuzz/Cargo.toml")?;
    let package = metadata.root_package().context("fuzz has no package")?;
    let mut targets = Vec::new();
    for program in package.targets.iter().filter(|it| it.is_bin()) {
        let name = program.name.clone();
        let source = ws.sh.read_file(&program.src_path)?;
        let about: Vec<_> = source
            .lines()
            .map_while(|line| line.strip_prefix("//! "))
            .collect();
        let max_len = package.metadata["max-len"][&name].as_u64();
        targets.push(Target {
            about: about.join(" "),
            max_len: max_len.with_context(|| format!("max-len does not have {name}"))?,
            corpora: ["corpora", "target/corpora"].map(|it| fuzz.join(it).join(&name)),
            name,
        });
    }
    Ok(targets)
}

/// All of them, also behind one that fails.
fn search(ws: &Workspace, targets: &[Target], seconds: u64) -> Result<()> {
    let mut failed = Vec::new();
    for target in targets {
        let [committed, found] = &target.corpora;
        ws.sh.create_dir(found)?;
        let fuzz = target
            .fuzz(ws, &[found, committed])
            .arg("-print_final_stats=1");
        if fuzz
            .arg(format!("-max_total_time={seconds}"))
            .run()
            .is_err()
        {
            failed.push(target.name.as_str());
        }
    }
    ensure!(
        failed.is_empty(),
        "fuzz: failed: {}: see above; to repeat it: cargo xtask fuzz TARGET --input FILE",
        failed.join(", ")
    );
    Ok(())
}

impl Target {
    /// libFuzzer over some inputs.
    fn fuzz<'a>(&self, ws: &'a Workspace, inputs: &[&Path]) -> Cmd<'a> {
        let (name, max_len) = (&self.name, self.max_len.to_string());
        let fuzz = cmd!(
            ws,
            "cargo fuzz run --sanitizer none {name} {inputs...} -- -max_len={max_len}"
        );
        // cargo-fuzz adds its own flags to those.
        let fuzz = fuzz
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        // No input may take longer than 5 seconds or more than 1 GiB: all of them are a few KB.
        fuzz.args(["-timeout=5", "-rss_limit_mb=1024", "-verbosity=0"])
    }

    /// Leaves of all known inputs the fewest that reach the same edges. How often each is reached does
    /// not count, or they would be ten times as many.
    fn minimise(&self, ws: &Workspace) -> Result<()> {
        let (sh, [committed, found]) = (&ws.sh, &self.corpora);
        let fewest = ws.root().join("fuzz/target/fewest").join(&self.name);
        sh.remove_path(&fewest)?;
        for folder in [&fewest, committed, found] {
            sh.create_dir(folder)?;
        }
        let merge = self.fuzz(ws, &[&fewest, committed, found]);
        merge
            .args(["-set_cover_merge=1", "-use_counters=0"])
            .run()?;
        let mut inputs = Vec::new();
        for path in sh.read_dir(&fewest)? {
            inputs.push((sh.read_binary_file(&path)?, path));
        }
        // The smallest, for a repository is no place for a whole corpus.
        inputs.sort_by_key(|(content, _)| content.len());
        let mut room = 48 * 1024_usize;
        sh.remove_path(committed)?;
        for (content, path) in inputs {
            room = room.saturating_sub(content.len());
            if room > 0 {
                sh.write_file(
                    committed.join(path.file_name().unwrap_or_default()),
                    content,
                )?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_a_length_a_promise_and_a_corpus() {
        let ws = Workspace::find().unwrap();
        let targets = targets(&ws).unwrap();
        assert_eq!(targets.len(), ws.sh.read_dir("fuzz/targets").unwrap().len());
        for target in targets {
            assert!(
                target.about.ends_with('.'),
                "{}: {}",
                target.name,
                target.about
            );
            let inputs = ws.sh.read_dir(&target.corpora[0]).unwrap();
            assert!(!inputs.is_empty(), "{} has no corpus", target.name);
        }
    }
}
