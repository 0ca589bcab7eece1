//! The figures of all rounds, as a table and as JSON.

mod sample;

use std::{collections::BTreeMap, fmt, fs, path::Path};

use serde_json::{Value, json};

use crate::{
    client::{BOUND, Client, Clients, REQWEST},
    machine::{self, Pinning},
    scenario::{Cost, SCENARIOS, Scenario},
    whole,
};
use sample::Sample;

/// What was measured, round by round.
#[derive(Debug)]
pub(crate) struct Report {
    machine: String,
    pinning: &'static str,
    server: String,
    /// Names and versions, in the order of the table.
    clients: Vec<(&'static str, String)>,
    missing: Vec<&'static str>,
    costs: BTreeMap<(Scenario, &'static str), Vec<Cost>>,
    cold_starts: BTreeMap<&'static str, Vec<f64>>,
    memories: BTreeMap<&'static str, Vec<f64>>,
}

impl Report {
    pub(crate) fn new(clients: &Clients, pinning: &Pinning, server: String) -> Self {
        let there = clients.there().iter();
        Self {
            machine: machine::describe(),
            pinning: pinning.describe(),
            server,
            clients: there
                .map(|client| (client.name(), client.version().to_owned()))
                .collect(),
            missing: clients.missing().to_vec(),
            costs: BTreeMap::new(),
            cold_starts: BTreeMap::new(),
            memories: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, scenario: &Scenario, client: &Client, cost: Cost) {
        let rounds = self.costs.entry((*scenario, client.name()));
        rounds.or_default().push(cost);
    }

    pub(crate) fn add_cold_start(&mut self, name: &'static str, milliseconds: f64) {
        self.cold_starts.entry(name).or_default().push(milliseconds);
    }

    pub(crate) fn add_memory(&mut self, name: &'static str, kib: f64) {
        self.memories.entry(name).or_default().push(kib);
    }

    pub(crate) fn write_json(&self, file: &Path) -> anyhow::Result<()> {
        let costs: Vec<Value> = self
            .costs
            .iter()
            .map(|((scenario, client), rounds)| {
                json!({ "scenario": scenario.to_string(), "client": client, "rounds": rounds })
            })
            .collect();
        let report = json!({
            "machine": self.machine,
            "pinning": self.pinning,
            "server": self.server,
            "clients": self.clients,
            "missing": self.missing,
            "milliseconds_for_each_upload": costs,
            "cold_start_milliseconds": self.cold_starts,
            "peak_memory_kib": self.memories,
        });
        Ok(fs::write(
            file,
            serde_json::to_string_pretty(&report)? + "\n",
        )?)
    }

    fn sample(&self, scenario: Scenario, client: &str, of: fn(&Cost) -> f64) -> Option<Sample> {
        let mut names = self.clients.iter().map(|(name, _)| *name);
        let name = names.find(|name| *name == client)?;
        let rounds = self.costs.get(&(scenario, name))?;
        Some(Sample::of(rounds.iter().map(of)))
    }

    fn scenario(&self, f: &mut fmt::Formatter<'_>, scenario: Scenario) -> fmt::Result {
        let rate = |cost: &Cost| 1000.0 / cost.wall;
        let cpu = |cost: &Cost| cost.cpu;
        let bound = self.sample(scenario, BOUND, cpu);
        let reqwest = self.sample(scenario, REQWEST, cpu);
        let reqwests_rate = self.sample(scenario, REQWEST, rate);
        writeln!(f, "\n### {scenario}\n")?;
        writeln!(
            f,
            "| client | CPU, ms | range | ÷ bound | ÷ reqwest | uploads/s | range | ÷ reqwest |\n\
             |---|---|---|---|---|---|---|---|"
        )?;
        for (name, _) in &self.clients {
            let (Some(own), Some(own_rate)) = (
                self.sample(scenario, name, cpu),
                self.sample(scenario, name, rate),
            ) else {
                continue;
            };
            writeln!(
                f,
                "| {name} | {:.3} | {own} | {} | {} | {:.0} | {own_rate} | {} |",
                own.median(),
                own.over(bound.as_ref()),
                own.over(reqwest.as_ref()),
                own_rate.median(),
                own_rate.over(reqwests_rate.as_ref()),
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounds = self.costs.values().map(Vec::len).max().unwrap_or(0);
        writeln!(
            f,
            "Medians and ranges of {rounds} rounds. {}; {}.\n",
            self.machine, self.pinning
        )?;
        writeln!(f, "- server: {}", self.server)?;
        for (name, version) in &self.clients {
            writeln!(f, "- {name}: {version}")?;
        }
        for name in &self.missing {
            writeln!(f, "- {name}: not installed, left out")?;
        }
        for scenario in SCENARIOS {
            self.scenario(f, *scenario)?;
        }
        let curl = self.cold_starts.get(whole::CURL).cloned().map(Sample::of);
        writeln!(f, "\n### Cold start, one upload of 200 KiB\n")?;
        writeln!(
            f,
            "| program | wall, ms | range | ÷ curl |\n|---|---|---|---|"
        )?;
        for (name, walls) in &self.cold_starts {
            let own = Sample::of(walls.clone());
            let ratio = own.over(curl.as_ref());
            writeln!(f, "| {name} | {:.2} | {own} | {ratio} |", own.median())?;
        }
        writeln!(
            f,
            "\n### Peak memory, 256 uploads of 2 MiB at once from files\n"
        )?;
        writeln!(f, "| program | MB | range |\n|---|---|---|")?;
        for (name, kib) in &self.memories {
            let megabytes = Sample::of(kib.iter().map(|kib| kib * 1024.0 / 1e6));
            writeln!(f, "| {name} | {:.1} | {megabytes} |", megabytes.median())?;
        }
        Ok(())
    }
}
