//! Faults on demand, with one grammar as text (`EFFECT[=VALUE][,CONDITION=VALUE]...`), JSON and
//! form.

mod effect;
mod schedule;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use effect::number;

pub use effect::{Effect, ErrorCode, ParseFaultError};
pub use schedule::ActiveFault;
pub(crate) use schedule::{Faults, Plan};

/// An error on purpose: an [`Effect`], and the calls that it hits.
///
/// Without conditions it hits every call. Conditions apply in this order: calls whose file name
/// matches ([`for_file`](Self::for_file)); of these every n-th ([`every_nth`](Self::every_nth)); of
/// these some, drawn from a seed ([`probability`](Self::probability)); of these a number
/// ([`times`](Self::times)), after which the fault is exhausted. The same calls always meet the
/// same faults.
///
/// `docs/sandbox.md` has the grammar of its text (by `FromStr` and `Display`) and its JSON (by
/// serde, `{"fault": "system-error", "next": 2}`).
///
/// ```
/// use wxpay_sandbox::{Effect, Fault};
///
/// let fault = Fault::new(Effect::SystemError).times(2).for_file("*.png");
/// assert_eq!(fault.to_string(), "system-error,next=2,file=*.png");
/// assert_eq!("system-error,next=2,file=*.png".parse::<Fault>()?, fault);
/// let error = "system-eror".parse::<Fault>().unwrap_err();
/// assert_eq!(error.to_string(), r#"there is no fault "system-eror""#);
/// # Ok::<(), wxpay_sandbox::ParseFaultError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Fault {
    effect: Effect,
    times: Option<NonZeroU32>,
    every_nth: Option<NonZeroU32>,
    percent: Option<u8>,
    seed: Option<u64>,
    file: Option<Pattern>,
}

impl Fault {
    /// A fault that hits every call.
    pub fn new(effect: Effect) -> Self {
        Self {
            effect,
            times: None,
            every_nth: None,
            percent: None,
            seed: None,
            file: None,
        }
    }

    /// Hits the next `calls` that pass the other conditions, then is exhausted. 0 counts as 1. In
    /// text: `next=N`. Several such faults are a script: the second hits once the first is
    /// exhausted.
    pub fn times(mut self, calls: u32) -> Self {
        self.times = Some(NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN));
        self
    }

    /// Hits every n-th call, the n-th first. 0 counts as 1. In text: `every=N`.
    pub fn every_nth(mut self, nth: u32) -> Self {
        self.every_nth = Some(NonZeroU32::new(nth).unwrap_or(NonZeroU32::MIN));
        self
    }

    /// Hits calls whose file name (of the field `media`, else empty) matches: `*` is any text, `?`
    /// any character. The first 256 characters of pattern and name are compared. In text:
    /// `file=PATTERN`.
    ///
    /// [`Effect::CutInRequest`] comes before the name is known, so its file name is empty.
    pub fn for_file(mut self, pattern: impl AsRef<str>) -> Self {
        self.file = Some(Pattern::new(pattern.as_ref()));
        self
    }

    /// Hits `percent` of a hundred calls, chosen by the seed alone. In text: `chance=N%,seed=N`.
    pub fn probability(mut self, percent: u8, seed: u64) -> Self {
        self.percent = Some(percent.min(100));
        self.seed = Some(seed);
        self
    }
}

impl From<Effect> for Fault {
    fn from(effect: Effect) -> Self {
        Self::new(effect)
    }
}

impl Fault {
    /// Adds a condition by its word, for text, JSON and forms.
    pub(crate) fn set(&mut self, word: &str, value: &str) -> Result<(), ParseFaultError> {
        let count = || number(word, value, "a number from 1");
        let percent = || {
            let digits = value.strip_suffix('%').and_then(|it| it.parse().ok());
            let percent = digits.filter(|percent| *percent <= 100);
            percent.ok_or_else(|| ParseFaultError::value(word, "a percentage, as 25%"))
        };
        let seed = || number(word, value, "a number");
        let is_there = match word {
            "next" => self.times.replace(count()?).is_some(),
            "every" => self.every_nth.replace(count()?).is_some(),
            "chance" => self.percent.replace(percent()?).is_some(),
            "seed" => self.seed.replace(seed()?).is_some(),
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

    /// Checks that its parts fit together.
    pub(crate) fn checked(self) -> Result<Self, ParseFaultError> {
        let problem = match (self.percent, self.seed) {
            (Some(_), None) => "chance needs a seed beside it, as chance=25%,seed=1",
            (None, Some(_)) => "seed needs a chance beside it, as chance=25%,seed=1",
            _ if self.effect == Effect::CutInRequest && self.file.is_some() => {
                "cut-in-request comes before the file name is known: leave file out"
            }
            _ => return Ok(self),
        };
        Err(ParseFaultError(problem.to_owned()))
    }

    /// Its parts in the order of the grammar, with their values as in JSON.
    fn entries(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let entries = [
            ("fault", Some(self.effect.to_string().into())),
            ("next", self.times.map(|times| times.get().into())),
            ("every", self.every_nth.map(|every| every.get().into())),
            ("chance", self.percent.map(Value::from)),
            ("seed", self.seed.map(Value::from)),
            (
                "file",
                self.file.as_ref().map(|file| file.0.as_str().into()),
            ),
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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.effect)?;
        for (word, value) in self.entries().skip(1) {
            match value {
                Value::String(text) => {
                    let escaped = text.replace('\\', r"\\").replace(',', r"\,");
                    write!(f, ",{word}={escaped}")?;
                }
                percent if word == "chance" => write!(f, ",{word}={percent}%")?,
                number => write!(f, ",{word}={number}")?,
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

/// The two forms of a fault in JSON.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = r#"this is not a fault, as {"fault": "system-error", "next": 2} or "system-error,next=2""#
)]
enum Json {
    Text(String),
    Object(BTreeMap<String, Value>),
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |json| {
            let object = match json {
                Json::Text(text) => return text.parse(),
                Json::Object(object) => object,
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
        read(Json::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// A pattern of file names: `*` is any text, `?` any character, all else itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern(String);

/// Number of characters of a pattern, and of a name that are compared: the API's limit of a file
/// name. Without a bound, a long pattern against a long name takes seconds.
const MAX_CHARACTERS: usize = 256;

impl Pattern {
    /// Cuts a pattern that is too long.
    fn new(text: &str) -> Self {
        Self(beginning(text).to_owned())
    }

    /// Refuses a pattern that is too long.
    fn parse(text: &str) -> Result<Self, ParseFaultError> {
        let pattern = Self::new(text);
        let needs = "a pattern of at most 256 characters";
        let is_whole = pattern.0 == text;
        let refused = || ParseFaultError::value("file", needs);
        is_whole.then_some(pattern).ok_or_else(refused)
    }

    /// In time of the product of both lengths.
    fn matches(&self, name: &str) -> bool {
        let name: Vec<_> = beginning(name).chars().collect();
        // `matched[n]`: the pattern so far matches the first n characters of the name.
        let mut matched = vec![false; name.len() + 1];
        matched[0] = true;
        for wanted in self.0.chars() {
            if wanted == '*' {
                let shortest = matched.iter().position(|is| *is).unwrap_or(matched.len());
                matched[shortest..].fill(true);
            } else {
                for at in (0..name.len()).rev() {
                    matched[at + 1] = matched[at] && (wanted == '?' || wanted == name[at]);
                }
                matched[0] = false;
            }
        }
        matched[name.len()]
    }
}

fn beginning(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_CHARACTERS);
    end.map_or(text, |(end, _)| &text[..end])
}
