//! A call as a block of text, for a log.

use std::fmt;

use super::RecordedRequest;
use crate::gateway::Outcome;

/// A few lines, without one at the end: what came, what was answered, what was broken, what to change.
/// What clients have sent is in quotes and escaped.
impl fmt::Display for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} {} {:?}: ", self.number, self.method, self.path)?;
        match &self.verdict {
            None => write!(f, "cut off")?,
            Some(verdict) => match (verdict.code, verdict.description) {
                (Some(code), Some(description)) => write!(f, "{code}, {description}")?,
                _ => write!(f, "{}", verdict.message)?,
            },
        }
        let facts = [
            self.merchant.as_ref().map(|id| format!("merchant {id:?}")),
            self.file_name.as_ref().map(|name| format!("file {name:?}")),
            self.media_length.map(|length| format!("{length} bytes")),
            self.sign_type.clone(),
        ];
        let facts: Vec<_> = facts.into_iter().flatten().collect();
        if !facts.is_empty() {
            write!(f, "\n  {}", facts.join(", "))?;
        }
        for check in &self.checks {
            if let Outcome::Broken(how) = &check.outcome {
                write!(f, "\n  broken: {}: {how}", check.rule)?;
            }
        }
        for finding in &self.findings {
            write!(f, "\n  {}: {}", finding.code, finding.message)?;
        }
        for fault in &self.faults {
            write!(f, "\n  fault: {fault}")?;
        }
        Ok(())
    }
}
