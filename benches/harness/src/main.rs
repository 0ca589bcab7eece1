//! Runs the clients against nginx in one run, round after round, and prints the table.
//!
//! `cargo xtask bench` builds the clients and starts this. Everything that is measured is a process
//! of its own; what one upload costs is the difference between a run of few uploads and one of many.

mod arguments;
mod client;
mod credentials;
mod machine;
mod measure;
mod nginx;
mod picture;
mod report;
mod scenario;
mod whole;

use std::{env, process::ExitCode};

use anyhow::Context;

use arguments::Arguments;
use machine::Pinning;
use nginx::Nginx;
use report::Report;
use scenario::{MIB_2, SCENARIOS};

fn main() -> anyhow::Result<ExitCode> {
    let words: Vec<String> = env::args().skip(1).collect();
    if let Some((measure::VERB, command)) = words.split_first().map(|(verb, rest)| (&**verb, rest))
    {
        return measure::run_measured(command);
    }
    let arguments = Arguments::parse(&words)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    credentials::make(folder.path())?;
    let pinning = Pinning::of_this_machine();
    let nginx = Nginx::start(folder.path(), &pinning)?;
    let clients = client::all(folder.path(), &arguments)?;

    let mut report = Report::new(&clients, &pinning, nginx.version());
    for round in 1..=arguments.rounds {
        for scenario in SCENARIOS {
            for client in clients.there() {
                eprintln!("round {round}: {scenario}, {}", client.name());
                let cost = scenario.run(client, &nginx, folder.path(), &pinning)?;
                report.add(scenario, client, cost);
            }
        }
        eprintln!("round {round}: cold start");
        for (name, wall) in whole::cold_starts(&clients, &nginx, folder.path(), &pinning)? {
            report.add_cold_start(name, wall);
        }
        eprintln!("round {round}: memory");
        for (name, kib) in whole::peak_memories(&clients, &nginx, folder.path(), &pinning)? {
            report.add_memory(name, kib);
        }
    }
    nginx.check_that_bodies_were_read(MIB_2)?;
    print!("{report}");
    if let Some(file) = &arguments.json {
        report.write_json(file)?;
    }
    Ok(ExitCode::SUCCESS)
}
