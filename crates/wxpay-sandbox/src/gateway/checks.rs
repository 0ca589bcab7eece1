//! Which rules a call has kept.

use serde::Serialize;

use super::refusal::Refusal;

/// The rules in the order in which they are checked.
const RULES: [&str; 10] = [
    "method",
    "path",
    "client certificate",
    "form",
    "required fields",
    "formats",
    "merchant",
    "signature",
    "picture",
    "hash",
];

/// A rule, and what has come of it.
///
/// The rules are `method`, `path`, `client certificate`, `form`, `required fields`, `formats`,
/// `merchant`, `signature`, `picture` and `hash`, and are checked in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// Its name.
    pub rule: &'static str,
    /// What has come of it.
    pub outcome: Outcome,
}

/// What has come of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The call keeps it.
    Kept,
    /// The call breaks it, in this way.
    Broken(String),
    /// A rule before it was broken.
    NotReached,
}

/// The outcomes of the rules that were checked, in their order.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<Outcome>);

impl Checks {
    /// Notes the outcome of the rule that comes next.
    pub(super) fn note<T>(&mut self, result: Result<T, Refusal>) -> Result<T, Refusal> {
        self.0.push(match &result {
            Ok(_) => Outcome::Kept,
            Err(refusal) => Outcome::Broken(refusal.message.clone().into_owned()),
        });
        result
    }

    /// All rules, also those that were not reached.
    pub(super) fn all(self) -> Vec<Check> {
        let outcomes = self
            .0
            .into_iter()
            .chain(std::iter::repeat(Outcome::NotReached));
        RULES
            .into_iter()
            .zip(outcomes)
            .map(|(rule, outcome)| Check { rule, outcome })
            .collect()
    }
}
