//! Faults as text: `EFFECT[=VALUE][,CONDITION=VALUE]...`.

use std::{fmt, num::NonZeroU32, str::FromStr, time::Duration};

use super::{Chance, Effect, Fault, InvalidFault, Pattern};

const COUNT: &str = "a number from 1";
const TIME: &str = "a time, as 500ms or 2s";

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let (effect, mut rest) = match text.split_once(',') {
            Some((effect, rest)) => (effect, Some(rest)),
            None => (text, None),
        };
        let mut fault = Self::new(effect.parse()?);
        let (mut percent, mut seed) = (None, None);
        while let Some(text) = rest {
            if let Some(text) = text.strip_prefix("file=") {
                let (pattern, behind) = unescaped(text);
                rest = behind;
                if fault.file.replace(Pattern::parse(&pattern)?).is_some() {
                    let word = "file".to_owned();
                    return Err(InvalidFault::Twice { word });
                }
                continue;
            }
            let condition;
            (condition, rest) = match text.split_once(',') {
                Some((condition, rest)) => (condition, Some(rest)),
                None => (text, None),
            };
            let (word, value) = condition.split_once('=').unwrap_or((condition, ""));
            let again = match word {
                "next" => fault.next.replace(number(word, value, COUNT)?).is_some(),
                "every" => fault.every.replace(number(word, value, COUNT)?).is_some(),
                "chance" => percent.replace(percentage(value)?).is_some(),
                "seed" => seed.replace(number(word, value, "a number")?).is_some(),
                _ => {
                    let word = word.to_owned();
                    return Err(InvalidFault::Condition { word });
                }
            };
            if again {
                let word = word.to_owned();
                return Err(InvalidFault::Twice { word });
            }
        }
        fault.chance = Chance::new(percent, seed)?;
        fault.checked()
    }
}

impl Fault {
    /// That its parts go together.
    pub(super) fn checked(self) -> Result<Self, InvalidFault> {
        if self.effect == Effect::CutInRequest && self.file.is_some() {
            return Err(InvalidFault::FileTooEarly);
        }
        Ok(self)
    }
}

impl Chance {
    /// Both or neither.
    pub(super) fn new(
        percent: Option<u8>,
        seed: Option<u64>,
    ) -> Result<Option<Self>, InvalidFault> {
        match (percent, seed) {
            (None, None) => Ok(None),
            (Some(percent), Some(seed)) if percent <= 100 => Ok(Some(Self { percent, seed })),
            (Some(percent), Some(_)) => percentage(&percent.to_string()).map(|_| None),
            (Some(_), None) => Err(invalid("chance", "a seed beside it, as chance=25%,seed=1")),
            (None, Some(_)) => Err(invalid("seed", "a chance beside it, as chance=25%,seed=1")),
        }
    }
}

impl FromStr for Effect {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let (word, value) = match text.split_once('=') {
            Some((word, value)) => (word, Some(value)),
            None => (text, None),
        };
        let given = value.unwrap_or_default();
        match word {
            "rate" => number(word, given, "a number of calls a second").map(Self::Rate),
            "delay" => time(word, given).map(Self::Delay),
            "delay-in-answer" => time(word, given).map(Self::DelayInAnswer),
            _ => match (Self::from_word(word), value) {
                (Some(effect), None) => Ok(effect),
                (Some(_), Some(_)) => Err(invalid(word, "no value")),
                (None, _) => Err(InvalidFault::Effect {
                    word: word.to_owned(),
                }),
            },
        }
    }
}

/// A pattern up to a comma, and what is behind that. A backslash takes its meaning from a comma, or
/// from another backslash.
fn unescaped(text: &str) -> (String, Option<&str>) {
    let mut pattern = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ',' => return (pattern, Some(characters.as_str())),
            '\\' => match characters.clone().next() {
                Some(escaped @ (',' | '\\')) => {
                    pattern.push(escaped);
                    characters.next();
                }
                _ => pattern.push('\\'),
            },
            other => pattern.push(other),
        }
    }
    (pattern, None)
}

fn number<T: FromStr>(word: &str, value: &str, needs: &'static str) -> Result<T, InvalidFault> {
    value
        .parse()
        .ok()
        // One way to write a number.
        .filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or_else(|| invalid(word, needs))
}

fn percentage(value: &str) -> Result<u8, InvalidFault> {
    let percent = value
        .strip_suffix('%')
        .and_then(|digits| digits.parse().ok());
    percent
        .filter(|percent| *percent <= 100)
        .ok_or_else(|| invalid("chance", "a percentage, as 25%"))
}

/// From the largest to the smallest, in nanoseconds.
const UNITS: [(&str, u128); 4] = [
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1000),
    ("ns", 1),
];

fn time(word: &str, value: &str) -> Result<Duration, InvalidFault> {
    let digits = value.trim_end_matches(|character: char| !character.is_ascii_digit());
    let unit = &value[digits.len()..];
    let nanos = UNITS
        .iter()
        .find(|known| known.0 == unit)
        .and_then(|known| {
            number::<u128>(word, digits, TIME)
                .ok()?
                .checked_mul(known.1)
        });
    nanos
        .and_then(|nanos| {
            let seconds = u64::try_from(nanos / UNITS[0].1).ok()?;
            let below = u32::try_from(nanos % UNITS[0].1).ok()?;
            Some(Duration::new(seconds, below))
        })
        .ok_or_else(|| invalid(word, TIME))
}

fn invalid(word: &str, needs: &'static str) -> InvalidFault {
    let word = word.to_owned();
    InvalidFault::Value { word, needs }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.effect)?;
        let count = |f: &mut fmt::Formatter<'_>, word, count: Option<NonZeroU32>| match count {
            Some(count) => write!(f, ",{word}={count}"),
            None => Ok(()),
        };
        count(f, "next", self.next)?;
        count(f, "every", self.every)?;
        if let Some(Chance { percent, seed }) = self.chance {
            write!(f, ",chance={percent}%,seed={seed}")?;
        }
        match &self.file {
            Some(pattern) => {
                let escaped = pattern.as_str().replace('\\', r"\\").replace(',', r"\,");
                write!(f, ",file={escaped}")
            }
            None => Ok(()),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::Rate(calls) => write!(f, "={calls}"),
            Self::Delay(time) | Self::DelayInAnswer(time) => {
                let nanos = time.as_nanos();
                let fits = |unit: &&(&str, u128)| nanos.is_multiple_of(unit.1);
                let (unit, size) = UNITS.iter().find(fits).unwrap_or(&UNITS[3]);
                write!(f, "={}{unit}", nanos / size)
            }
            _ => Ok(()),
        }
    }
}
