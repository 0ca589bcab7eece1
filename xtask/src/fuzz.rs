//! `cargo xtask fuzz`: runs the targets of fuzz/ with cargo-fuzz, without a sanitizer and so on
//! stable Rust: no crate here has `unsafe`.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use cargo_metadata::MetadataCommand;
use xshell::Cmd;

use crate::workspace::{Workspace, require_none};

/// libFuzzer is compiled from C++.
pub(crate) const NEEDS: [&str; 2] = ["cargo-fuzz", "c++"];

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these targets; without any, all, one after the other
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// Seconds for each target
    #[arg(long, value_name = "N", default_value = "60")]
    seconds: u64,
    /// Search each target for 20 seconds
    #[arg(long, conflicts_with = "seconds")]
    smoke: bool,
    /// Print the targets and their promises, and search none
    #[arg(long)]
    pub(crate) list: bool,
    /// Run a target on one input, and show the result
    #[arg(long, value_name = "FILE", requires = "targets", conflicts_with_all = ["seconds", "smoke"])]
    input: Option<PathBuf>,
    /// Replace the committed corpus by the fewest inputs that reach the same code
    #[arg(long, conflicts_with_all = ["seconds", "smoke", "input"])]
    minimise: bool,
}

pub(crate) fn smoke(ws: &Workspace) -> Result<()> {
    search(ws, &targets(ws)?, 20)
}

pub(crate) fn run(ws: &Workspace, args: &Args) -> Result<()> {
    let mut targets = targets(ws)?;
    let is_unknown = |name: &&String| targets.iter().all(|it| it.name != **name);
    let unknown = args.targets.iter().find(is_unknown);
    ensure!(unknown.is_none(), "no such target: {unknown:?}");
    targets.retain(|it| args.targets.is_empty() || args.targets.contains(&it.name));
    if args.list {
        for Target { name, about, .. } in &targets {
            println!("{name:24}  {about}");
        }
    } else if let Some(file) = &args.input {
        let file = file.canonicalize().context("cannot find the input")?;
        for target in targets {
            target.fuzz(ws, "").arg(&file).run()?;
        }
    } else if args.minimise {
        targets.iter().try_for_each(|target| target.minimise(ws))?;
    } else {
        search(ws, &targets, if args.smoke { 20 } else { args.seconds })?;
    }
    Ok(())
}

struct Target {
    name: String,
    /// The promise that it checks: the first paragraph of its file.
    about: String,
    /// Maximum length of an input in bytes.
    max_len: u64,
}

fn targets(ws: &Workspace) -> Result<Vec<Target>> {
    let mut metadata = MetadataCommand::new();
    let metadata = metadata.current_dir(ws.root().join("fuzz")).no_deps();
    let metadata = metadata.exec().context("cannot read fuzz/Cargo.toml")?;
    let package = metadata.root_package().context("fuzz has no package")?;
    let mut targets = Vec::new();
    for program in package.targets.iter().filter(|it| it.is_bin()) {
        let source = ws.sh.read_file(&program.src_path)?;
        let about = source.lines().map_while(|line| line.strip_prefix("//! "));
        let max_len = package.metadata["max-len"][&program.name].as_u64();
        targets.push(Target {
            name: program.name.clone(),
            about: about.collect::<Vec<_>>().join(" "),
            max_len: max_len.with_context(|| format!("max-len has no {}", program.name))?,
        });
    }
    Ok(targets)
}

/// Searches all targets, even after one has failed.
fn search(ws: &Workspace, targets: &[Target], seconds: u64) -> Result<()> {
    let mut failed = Vec::new();
    for target in targets {
        let [committed, found] = target.corpora();
        ws.sh.create_dir(&found)?;
        let flags = format!("-print_final_stats=1 -max_total_time={seconds}");
        let fuzz = target.fuzz(ws, &flags).args([found, committed]);
        if fuzz.run().is_err() {
            failed.push(target.name.clone());
        }
    }
    require_none(&failed, "these fail: see above")
}

impl Target {
    /// The command line of libFuzzer without its inputs. An input, of a few KB, may take 5 seconds
    /// and 1 GiB at most.
    fn fuzz<'a>(&self, ws: &'a Workspace, flags: &str) -> Cmd<'a> {
        let Self { name, max_len, .. } = self;
        let flags = format!("{flags} -max_len={max_len} -timeout=5 -rss_limit_mb=1024");
        let fuzz = format!("cargo fuzz run --sanitizer none {name} -- -verbosity=0 {flags}");
        // cargo-fuzz sets flags of its own.
        let fuzz = ws.line(&fuzz).env_remove("RUSTFLAGS");
        fuzz.env_remove("CARGO_ENCODED_RUSTFLAGS")
    }

    fn corpora(&self) -> [String; 2] {
        ["fuzz/corpora/", "fuzz/target/corpora/"].map(|it| it.to_owned() + &self.name)
    }

    /// Keeps the fewest of all known inputs that reach the same edges. The number of times does not
    /// count, which would keep ten times as many inputs.
    fn minimise(&self, ws: &Workspace) -> Result<()> {
        let ([committed, found], fewest) = (self.corpora(), "fuzz/target/fewest");
        ws.sh.remove_path(fewest)?;
        for folder in [fewest, &committed, &found] {
            ws.sh.create_dir(folder)?;
        }
        let merge = self.fuzz(ws, "-set_cover_merge=1 -use_counters=0");
        merge.args([fewest, &committed, &found]).run()?;
        ws.sh.remove_path(&committed)?;
        for path in ws.sh.read_dir(fewest)? {
            ws.sh.copy_file(path, ws.sh.create_dir(&committed)?)?;
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
            assert!(target.about.ends_with('.'), "{}", target.about);
            let inputs = ws.sh.read_dir(&target.corpora()[0]).unwrap();
            assert!(!inputs.is_empty(), "{} has no corpus", target.name);
        }
    }
}
