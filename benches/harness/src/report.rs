//! The figures of all rounds, as tables and as JSON.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use serde_json::json;

use crate::{
    Setting,
    client::Client,
    machine,
    measure::Usage,
    scenario::{Column, SCENARIOS, Scenario},
};

/// The measurements, round by round.
#[derive(Debug)]
pub(crate) struct Report {
    machine: String,
    server: String,
    /// Names and versions, in the order of the tables.
    clients: Vec<(&'static str, String)>,
    missing: Vec<&'static str>,
    /// By the scenario's title and the client's name.
    usages: BTreeMap<(&'static str, &'static str), Vec<Usage>>,
}

impl Report {
    pub(crate) fn new(setting: &Setting, clients: &[&Client], missing: Vec<&'static str>) -> Self {
        let version = |client: &&Client| (client.name(), client.version().to_owned());
        Self {
            machine: format!("{}; {}", machine::describe(), setting.pinning.describe()),
            server: setting.nginx.version(),
            clients: clients.iter().map(version).collect(),
            missing,
            usages: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, scenario: &Scenario, client: &Client, usages: Vec<Usage>) {
        let all = self.usages.entry((scenario.title, client.name()));
        all.or_default().extend(usages);
    }

    pub(crate) fn write_json(&self, file: &Path) -> anyhow::Result<()> {
        let usages = self.usages.iter().map(|((scenario, client), usages)| {
            json!({ "scenario": scenario, "client": client, "usages": usages })
        });
        let report = json!({
            "machine": self.machine,
            "server": self.server,
            "clients": self.clients,
            "missing": self.missing,
            "milliseconds_and_megabytes": usages.collect::<Vec<_>>(),
        });
        let text = serde_json::to_string_pretty(&report)? + "\n";
        Ok(fs::write(file, text)?)
    }

    /// The sorted figures of all rounds; empty for a client that did not take part.
    fn sample(&self, scenario: &Scenario, client: &'static str, column: &Column) -> Vec<f64> {
        let usages = self.usages.get(&(scenario.title, client));
        let mut sample: Vec<f64> = usages.into_iter().flatten().map(column.of).collect();
        sample.sort_by(f64::total_cmp);
        sample
    }

    fn table(&self, f: &mut fmt::Formatter<'_>, scenario: &Scenario) -> fmt::Result {
        let mut head = "| client |".to_owned();
        for column in scenario.columns {
            head += &format!(" {} | range |", column.head);
            head.extend(column.beside.iter().map(|other| format!(" ÷ {other} |")));
        }
        let rule = "---|".repeat(head.matches('|').count() - 1);
        writeln!(f, "\n### {}\n\n{head}\n|{rule}", scenario.title)?;
        for (client, _) in &self.clients {
            let sample = |column: &Column| self.sample(scenario, client, column);
            if sample(&scenario.columns[0]).is_empty() {
                continue;
            }
            write!(f, "| {client} |")?;
            for column in scenario.columns {
                let own = sample(column);
                let (least, most) = (own[0], own[own.len() - 1]);
                let [median, least, most] = [median(&own), least, most].map(three_digits);
                write!(f, " {median} | {least}–{most} |")?;
                for other in column.beside {
                    let other = self.sample(scenario, other, column);
                    match other.is_empty() {
                        true => f.write_str(" - |")?,
                        false => write!(f, " {:.2} |", self::median(&own) / self::median(&other))?,
                    }
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    (sorted[middle] + sorted[(sorted.len() - 1) / 2]) / 2.0
}

fn three_digits(figure: f64) -> String {
    let decimals = match figure {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{figure:.decimals$}")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles = SCENARIOS.iter().map(|scenario| scenario.title);
        let first = self
            .usages
            .iter()
            .find(|((title, _), _)| titles.clone().next() == Some(title));
        let rounds = first.map_or(0, |(_, usages)| usages.len());
        writeln!(
            f,
            "Medians and ranges of {rounds} rounds. {}.\n",
            self.machine
        )?;
        writeln!(f, "- server: {}", self.server)?;
        for (name, version) in &self.clients {
            writeln!(f, "- {name}: {version}")?;
        }
        for name in &self.missing {
            writeln!(f, "- {name}: not installed, left out")?;
        }
        SCENARIOS
            .iter()
            .try_for_each(|scenario| self.table(f, scenario))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[1.0, 2.0, 3.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 3.0, 4.0]), 2.5);
    }
}
