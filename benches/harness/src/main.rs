//! Runs the clients against nginx, round after round, and prints the tables.
//!
//! `cargo xtask bench` builds the clients and starts this program. Each client runs in a process of
//! its own.

mod client;
mod credentials;
mod line;
mod machine;
mod measure;
mod nginx;
mod report;
mod scenario;

use std::{env, path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};

use client::Client;
use line::SlowLine;
use machine::Pinning;
use nginx::Nginx;
use report::Report;
use scenario::SCENARIOS;

/// The environment of all measurements.
#[derive(Debug)]
struct Setting {
    folder: PathBuf,
    pinning: Pinning,
    nginx: Nginx,
    line: SlowLine,
}

fn main() -> anyhow::Result<ExitCode> {
    let words: Vec<String> = env::args().skip(1).collect();
    let (rounds, only, program, json) = match &words[..] {
        [verb, command @ ..] if verb == measure::VERB => return measure::run_measured(command),
        [rounds, only, program] => (rounds, only, program, None),
        [rounds, only, program, json] => (rounds, only, program, Some(json)),
        _ => bail!("usage: ROUNDS ONLY PROGRAM [JSON]"),
    };
    let rounds: usize = rounds.parse()?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    credentials::make(folder.path())?;
    let pinning = Pinning::of_this_machine();
    let nginx = Nginx::start(folder.path(), &pinning)?;
    let setting = Setting {
        line: SlowLine::start(nginx.port())?,
        folder: folder.path().to_owned(),
        pinning,
        nginx,
    };
    let (clients, missing) = client::all(&setting.folder, program.into())?;
    let is_wanted = |name: &str| only.split(',').any(|word| name.contains(word));
    let clients: Vec<&Client> = clients.iter().filter(|it| is_wanted(it.name())).collect();

    let mut report = Report::new(&setting, &clients, missing);
    for round in 1..=rounds {
        for scenario in SCENARIOS.iter().filter(|it| round <= it.rounds) {
            for client in clients.iter().filter(|it| scenario.is_for(it)) {
                eprintln!("round {round}: {}, {}", scenario.title, client.name());
                report.add(scenario, client, scenario.run(client, &setting)?);
            }
        }
    }
    setting.nginx.check_that_bodies_were_read()?;
    print!("{report}");
    if let Some(file) = json {
        report.write_json(file.as_ref())?;
    }
    Ok(ExitCode::SUCCESS)
}
