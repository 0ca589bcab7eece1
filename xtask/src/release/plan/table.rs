//! The plan, for people.

use std::fmt;

use super::{Entry, Plan};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|it| it.facts.name.len()).max();
        let width = width.unwrap_or(0);
        for entry in &self.0 {
            writeln!(f, "{:width$}  {}", entry.facts.name, entry.headline())?;
            for evidence in &entry.evidence {
                writeln!(f, "    {}", evidence.why)?;
                for line in &evidence.details {
                    writeln!(f, "      {line}")?;
                }
            }
            for commit in entry.facts.last.iter().flat_map(|last| &last.commits) {
                writeln!(f, "    {commit}")?;
            }
        }
        match self.due().count() {
            0 => write!(f, "\nnothing to release"),
            count => write!(f, "\n{count} of {} to release, in this order", self.0.len()),
        }
    }
}

impl Entry {
    fn headline(&self) -> String {
        let Self { facts, version, .. } = self;
        match &facts.last {
            None => format!("{version}: the first release"),
            Some(last) if !self.is_due() => format!("{}: unchanged", last.version),
            Some(last) if facts.manifest == *version => {
                format!("{} → {version}, as its manifest says already", last.version)
            }
            Some(last) => format!("{} → {version}", last.version),
        }
    }
}
