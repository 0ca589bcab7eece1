//! Faults as text, `EFFECT[=VALUE][,CONDITION=VALUE]...`, as JSON, and as a form: one grammar.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::{ActiveFault, Effect, Fault, Pattern};

/// Why a text, a form or a JSON value is not a [`Fault`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseFaultError(pub(super) String);

impl ParseFaultError {
    pub(super) fn value(word: &str, needs: &str) -> Self {
        Self(format!("{word} needs {needs}"))
    }
}

impl Fault {
    /// Adds a condition by its word. Text, JSON and forms all come here.
    pub(crate) fn set(&mut self, word: &str, value: &str) -> Result<(), ParseFaultError> {
        let count = || number(word, value, "a number from 1");
        let percent = || {
            let digits = value.strip_suffix('%').and_then(|it| it.parse().ok());
            let percent = digits.filter(|percent| *percent <= 100);
            percent.ok_or_else(|| ParseFaultError::value(word, "a percentage, as 25%"))
        };
        let is_there = match word {
            "next" => self.times.replace(count()?).is_some(),
            "every" => self.every_nth.replace(count()?).is_some(),
            "chance" => self.percent.replace(percent()?).is_some(),
            "seed" => {
                let seed = number(word, value, "a number")?;
                self.seed.replace(seed).is_some()
            }
            "file" => self.file.replace(Pattern::parse(value)?).is_some(),
            _ => {
                let known = "use next, every, chance with seed, or file";
                let message = format!("there is no condition {word:?}: {known}");
                return Err(ParseFaultError(message));
            }
        };
        match is_there {
            true => Err(ParseFaultError(format!("{word} is there twice"))),
            false => Ok(()),
        }
    }

    /// Checks that its parts go together.
    pub(crate) fn checked(self) -> Result<Self, ParseFaultError> {
        let beside = |word, other| {
            let needs = format!("a {other} beside it, as chance=25%,seed=1");
            Err(ParseFaultError::value(word, &needs))
        };
        match (self.percent, self.seed) {
            (Some(_), None) => return beside("chance", "seed"),
            (None, Some(_)) => return beside("seed", "chance"),
            _ => {}
        }
        if self.effect == Effect::CutInRequest && self.file.is_some() {
            let why = "cut-in-request comes before the file name is known: leave file out";
            return Err(ParseFaultError(why.to_owned()));
        }
        Ok(self)
    }

    /// Its parts in the order of the grammar, with their values as in JSON.
    fn entries(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let entries = [
            ("fault", Some(self.effect.to_string().into())),
            ("next", self.times.map(|times| times.get().into())),
            ("every", self.every_nth.map(|every| every.get().into())),
            ("chance", self.percent.map(Value::from)),
            ("seed", self.seed.map(Value::from)),
            ("file", self.file.as_ref().map(|file| file.as_str().into())),
        ];
        let entries = entries.into_iter();
        entries.filter_map(|(word, value)| Some((word, value?)))
    }
}

impl FromStr for Fault {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, ParseFaultError> {
        let mut pieces = pieces(text).into_iter();
        let mut fault = Self::new(pieces.next().unwrap_or_default().parse()?);
        for condition in pieces {
            let (word, value) = condition.split_once('=').unwrap_or((&condition, ""));
            fault.set(word, value)?;
        }
        fault.checked()
    }
}

/// The texts between commas. In a file's pattern, a backslash escapes a comma or another backslash.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let at = pieces.len() - 1;
        let is_pattern = at > 0 && pieces[at].starts_with("file=");
        match character {
            ',' => pieces.push(String::new()),
            '\\' if is_pattern => {
                let escaped = characters.next_if(|it| [',', '\\'].contains(it));
                pieces[at].push(escaped.unwrap_or('\\'));
            }
            other => pieces[at].push(other),
        }
    }
    pieces
}

pub(super) fn number<T: FromStr>(
    word: &str,
    text: &str,
    needs: &str,
) -> Result<T, ParseFaultError> {
    // Without a sign: there is one way to write a number.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_plain);
    number.ok_or_else(|| ParseFaultError::value(word, needs))
}

/// From the largest to the smallest, in nanoseconds.
const UNITS: [(&str, u128); 4] = [
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1000),
    ("ns", 1),
];

pub(super) fn time(word: &str, value: &str) -> Result<Duration, ParseFaultError> {
    const TIME: &str = "a time, as 500ms or 2s";
    let digits = value.trim_end_matches(|character: char| !character.is_ascii_digit());
    let unit = UNITS.iter().find(|known| known.0 == &value[digits.len()..]);
    let nanos = unit.and_then(|unit| {
        let count = number::<u128>(word, digits, TIME).ok()?;
        let nanos = count.checked_mul(unit.1)?;
        let seconds = u64::try_from(nanos / UNITS[0].1).ok()?;
        let below = u32::try_from(nanos % UNITS[0].1).ok()?;
        Some(Duration::new(seconds, below))
    });
    nanos.ok_or_else(|| ParseFaultError::value(word, TIME))
}

/// In the largest unit that needs no fraction.
pub(super) fn written_time(time: Duration) -> String {
    let nanos = time.as_nanos();
    let fits = |unit: &&(&str, u128)| nanos.is_multiple_of(unit.1);
    let (unit, size) = UNITS.iter().find(fits).unwrap_or(&UNITS[3]);
    format!("{}{unit}", nanos / size)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (word, value) in self.entries() {
            match (word, value) {
                ("fault", _) => write!(f, "{}", self.effect)?,
                (_, Value::String(text)) => {
                    let escaped = text.replace('\\', r"\\").replace(',', r"\,");
                    write!(f, ",{word}={escaped}")?;
                }
                ("chance", percent) => write!(f, ",{word}={percent}%")?,
                (_, number) => write!(f, ",{word}={number}")?,
            }
        }
        Ok(())
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.entries())
    }
}

impl Serialize for ActiveFault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = [("id", self.id().into())];
        let more = [
            ("hits", self.hits().into()),
            ("spent", self.is_exhausted().into()),
            ("text", self.fault().to_string().into()),
        ];
        let entries = number.into_iter().chain(self.fault().entries());
        serializer.collect_map(entries.chain(more))
    }
}

/// An object of the grammar's words, or the text.
impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |value: &Value| {
            let object = match value {
                Value::String(text) => return text.parse(),
                Value::Object(object) => object,
                _ => {
                    let example =
                        r#"{"fault": "system-error", "next": 2} or "system-error,next=2""#;
                    return Err(ParseFaultError(format!(
                        "this is not a fault, as {example}"
                    )));
                }
            };
            let effect = object.get("fault").and_then(Value::as_str);
            let missing = || ParseFaultError("missing field `fault`".to_owned());
            let mut fault = Self::new(effect.ok_or_else(missing)?.parse()?);
            for (word, value) in object.iter().filter(|entry| entry.0 != "fault") {
                match (word.as_str(), value) {
                    (_, Value::Null) => {}
                    ("file", Value::String(pattern)) => fault.set("file", pattern)?,
                    ("file", _) => return Err(ParseFaultError::value("file", "a text")),
                    ("chance", percent) => fault.set("chance", &format!("{percent}%"))?,
                    (word, value) => fault.set(word, &value.to_string())?,
                }
            }
            fault.checked()
        };
        read(&Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
