//! `cargo xtask ci`: jobs in their order, up to the first that fails.

mod feature_set;
mod job;
mod jobs;
mod step;
mod table;

use std::{path::Path, time::Instant};

use anyhow::{Context, bail};
use clap::builder::PossibleValuesParser;

use crate::metadata::Metadata;
use job::Job;
use jobs::JOBS;
use step::Step;
use table::{Outcome, Row, table};

/// What to run.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Only these, in the order of the list; without any, the quick set
    #[arg(value_name = "JOB", value_parser = PossibleValuesParser::new(JOBS.iter().map(|job| job.name)))]
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

impl Args {
    fn chosen(&self) -> Vec<&'static Job> {
        let wanted = |job: &&Job| match self.jobs.as_slice() {
            [] => self.all || job.quick,
            names => names.iter().any(|name| name == job.name),
        };
        JOBS.iter().filter(wanted).collect()
    }

    /// Whether nothing else was asked for.
    fn is_quick(&self) -> bool {
        self.jobs.is_empty() && !self.all
    }
}

/// Runs every step of the chosen jobs, prints each before it runs, and a table of their times at the
/// end. A job that this machine cannot run is skipped, with the reason.
///
/// # Errors
///
/// At the first step that fails, naming it and the command that repeats it.
pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    if args.list {
        print!("{}", list(root));
        return Ok(());
    }
    let plans = plans(root, &args.chosen(), &Metadata::load(root)?);
    let mut failed = None;
    let mut rows = Vec::new();
    for (number, plan) in (1..).zip(&plans) {
        let (name, outcome) = match plan {
            _ if failed.is_some() => (plan.name(), Outcome::NotRun),
            Plan::Skip(job, why) => (*job, Outcome::Skipped(why.clone())),
            Plan::Run(step) => {
                println!("\n[{number}/{}] {}\n$ {step}", plans.len(), step.name);
                (step.name.as_str(), outcome(root, step)?)
            }
        };
        if matches!(outcome, Outcome::Failed(_)) || is_refused(&outcome, args) {
            failed = Some(plan);
        }
        let name = name.to_owned();
        rows.push(Row { name, outcome });
    }
    println!("\n{}", table(&rows, args.is_quick()));
    match failed {
        None => Ok(()),
        Some(Plan::Run(step)) => bail!(
            "ci failed at: {}\n\nto repeat it alone:\n  {step}",
            step.name
        ),
        Some(Plan::Skip(job, why)) => bail!("ci failed at: {job}: {why}"),
    }
}

fn is_refused(outcome: &Outcome, args: &Args) -> bool {
    args.no_skip && matches!(outcome, Outcome::Skipped(_))
}

/// cargo's output goes where ours goes.
fn outcome(root: &Path, step: &Step) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    let status = step.command(root).status();
    let status = status.with_context(|| format!("cannot start `{step}`"))?;
    let time = start.elapsed();
    Ok(match status.success() {
        true => Outcome::Ok(time),
        false => Outcome::Failed(time),
    })
}

enum Plan {
    Run(Step),
    /// The job's name, and why.
    Skip(&'static str, String),
}

impl Plan {
    fn name(&self) -> &str {
        match self {
            Self::Run(step) => &step.name,
            Self::Skip(job, _) => job,
        }
    }
}

fn plans(root: &Path, jobs: &[&'static Job], metadata: &Metadata) -> Vec<Plan> {
    let mut plans = Vec::new();
    for job in jobs {
        match (job.why_not)(root) {
            None => plans.extend((job.steps)(metadata).into_iter().map(Plan::Run)),
            Some(why) => plans.push(Plan::Skip(job.name, why)),
        }
    }
    plans
}

/// The jobs with what each shows, the quick ones marked, and what is missing here.
fn list(root: &Path) -> String {
    let width = JOBS.iter().map(|job| job.name.len()).max().unwrap_or(0);
    let lines = JOBS.iter().map(|job| {
        let mark = if job.quick { '*' } else { ' ' };
        let missing = (job.why_not)(root).map(|why| format!(" [skipped here: {why}]"));
        let missing = missing.unwrap_or_default();
        format!("{mark} {:width$}  {}{missing}\n", job.name, job.about)
    });
    lines.collect::<String>() + "\n* the quick set, which `cargo xtask ci` alone runs\n"
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

    fn chosen(line: &str) -> Vec<&'static str> {
        let program = Program::parse_from(["ci"].into_iter().chain(line.split_whitespace()));
        program.args.chosen().iter().map(|job| job.name).collect()
    }

    #[test]
    fn nothing_asked_for_is_the_quick_set() {
        assert_eq!(
            chosen(""),
            [
                "fmt", "clippy", "test", "doc", "tidy", "msrv", "readme", "alone"
            ]
        );
    }

    #[test]
    fn all_is_all() {
        assert_eq!(chosen("--all").len(), JOBS.len());
    }

    #[test]
    fn jobs_run_in_the_order_of_the_list() {
        assert_eq!(chosen("features tidy fmt"), ["fmt", "tidy", "features"]);
    }

    #[test]
    fn a_job_that_does_not_exist_is_refused() {
        assert!(Program::try_parse_from(["ci", "fmr"]).is_err());
        assert!(Program::try_parse_from(["ci", "fmt", "--all"]).is_err());
    }

    #[test]
    fn what_cannot_run_is_planned_as_skipped() {
        const NEVER: Job = Job {
            name: "never",
            about: "",
            quick: false,
            why_not: |_| Some("no mill here".to_owned()),
            steps: |_| vec![Step::new("never", "mill")],
        };
        let metadata = crate::metadata::metadata("wxpay-a");
        let plans = plans(Path::new("."), &[&NEVER], &metadata);
        assert!(matches!(&plans[..], [Plan::Skip("never", why)] if why == "no mill here"));
        let skipped = Outcome::Skipped(String::new());
        let no_skip = Args {
            no_skip: true,
            ..Args::default()
        };
        assert!(is_refused(&skipped, &no_skip));
        assert!(!is_refused(&skipped, &Args::default()));
    }

    #[test]
    fn the_list_has_every_job() {
        let list = list(&crate::root::find().unwrap());
        assert!(list.starts_with("* fmt "), "{list}");
        assert!(JOBS.iter().all(|job| list.contains(job.about)), "{list}");
    }
}
