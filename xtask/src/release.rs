//! `cargo xtask release`: what has changed, which version that makes, and out with it.

mod bump;
mod changelog;
mod evidence;
pub(crate) mod git;
mod listing;
mod manifest;
mod notes;
mod order;
mod plan;
mod publish;
mod rehearse;
mod semver_checks;
mod step;
mod survey;
mod workspace;

#[cfg(test)]
mod tests;

use std::path::Path;

use crate::tool;
use survey::Effort;
use workspace::Workspace;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Say what has changed since each crate's last tag, and the version that it needs
    ///
    /// A change is a commit that touches the crate's folder, its tests apart. What it means is read
    /// off `public-api.txt`, then and now: a line that is gone breaks, a line more is an addition.
    /// cargo-semver-checks, where it is installed, can only make more of it; so can an entry in the
    /// changelog that begins with `**Breaking`. A program has no such list: `### Removed` and
    /// `### Changed` in its changelog break. A breaking release of a crate takes those that depend
    /// on it along. Crates without a tag are released as their manifests say.
    Plan(Depth),

    /// Write the planned versions and the changelogs' headings, and commit that
    ///
    /// Refuses a working tree with changes, and a crate that has changed without a word under
    /// `## [Unreleased]` in its changelog. Requirements in `[workspace.dependencies]` and the lock
    /// files follow.
    Bump(Depth),

    /// Publish what has been bumped, dependencies first, and tag it; without `--execute`, only try
    ///
    /// Refuses a working tree with changes, a version or a changelog that `bump` would still
    /// change, and a red `cargo xtask ci`, which it runs unless it was green for this very commit
    /// here before. Then each crate goes through `cargo publish`; when the registry's index has it,
    /// it is tagged, and the next one follows. Crates that are there already are only tagged, so a
    /// run that broke off is simply repeated.
    Publish(publish::Options),

    /// Print the changelogs' sections for what is to be released, or was from this commit
    Notes,

    /// Release what is committed twice to a registry on loopback, and use it from there
    ///
    /// In a temporary clone: bump and publish everything, change wxpay-sign, bump and publish again.
    /// Then two projects outside the workspace, one with wxpay-sign alone and one with wxpay-media,
    /// are built from the registry and run. Third-party crates come from cargo's cache by way of
    /// the same registry. Builds everything once; `cargo xtask ci` is not part of it.
    Rehearse(rehearse::Options),
}

#[derive(Clone, Copy, Debug, clap::Args)]
struct Depth {
    /// Go by the lists of the APIs alone, even where cargo-semver-checks is installed
    #[arg(long)]
    listings_only: bool,
}

impl Depth {
    /// What can be done here; says so where that is less.
    fn effort(self) -> Effort {
        if self.listings_only {
            return Effort::Listings;
        }
        match tool::SEMVER_CHECKS.missing() {
            None => Effort::Checks,
            Some(why) => {
                println!("skipped: {why}\n");
                Effort::Listings
            }
        }
    }
}

pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let workspace = Workspace::new(root);
    match &args.verb {
        Verb::Plan(depth) => {
            let metadata = workspace.metadata()?;
            println!("{}", survey::plan(&workspace, &metadata, depth.effort())?);
            Ok(())
        }
        Verb::Bump(depth) => bump::run(&workspace, depth.effort()),
        Verb::Publish(options) => publish::run(&workspace, options),
        Verb::Notes => {
            print!("{}", notes::notes(&workspace)?);
            Ok(())
        }
        Verb::Rehearse(options) => rehearse::run(&workspace, options),
    }
}
