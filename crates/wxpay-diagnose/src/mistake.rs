//! A mistake with its messages, and the form of a row of the table.

use std::{borrow::Cow, str::FromStr};

use crate::{
    encoding::Chain,
    inputs::Inputs,
    variant::{Algorithm, Step},
};

/// The language of messages.
///
/// ```
/// assert_eq!("zh-CN".parse(), Ok(wxpay_diagnose::Lang::Zh));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

/// Takes a language tag or a locale, such as `zh`, `en-GB` or `zh_CN.UTF-8`.
impl FromStr for Lang {
    type Err = ParseLangError;

    fn from_str(tag: &str) -> Result<Self, Self::Err> {
        let language = tag.split(['-', '_', '.']).next().unwrap_or_default();
        match language.to_ascii_lowercase().as_str() {
            "en" => Ok(Self::En),
            "zh" => Ok(Self::Zh),
            _ => Err(ParseLangError(())),
        }
    }
}

/// A text that names neither English nor Chinese.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown language: neither en nor zh")]
pub struct ParseLangError(());

/// A known mistake in making a signature.
///
/// Its messages may hold names of fields, which are the sender's text: escape them.
///
/// ```
/// let key = wxpay_sign::ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let request = wxpay_diagnose::Request::new([("mch_id", "1000000000")]);
/// let report = request.diagnose(&key, &[], "84fa6ef2e28f769dc0ae3a58e819f997");
/// assert_eq!(report.mistakes()[0].name(), "lower_case");
/// # Ok::<(), wxpay_sign::ApiKeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mistake {
    messages: &'static Messages,
    /// The field, or the number of the key, that the messages are about.
    about: Box<str>,
}

impl Mistake {
    pub(crate) fn new(row: &'static Row, about: Box<str>) -> Self {
        Self {
            messages: &row.messages,
            about,
        }
    }

    /// A name for programs, in snake case, which later versions keep.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.messages.name
    }

    /// The mistake, in one clause without a full stop.
    #[must_use]
    pub fn explanation(&self, lang: Lang) -> Cow<'static, str> {
        let [done, _] = self.messages(lang);
        match &*self.about {
            "" => done.into(),
            about => done.replace("{}", about).into(),
        }
    }

    /// The change to make, in one clause without a full stop.
    #[must_use]
    pub fn advice(&self, lang: Lang) -> &'static str {
        let [_, advice] = self.messages(lang);
        advice
    }

    fn messages(&self, lang: Lang) -> [&'static str; 2] {
        match lang {
            Lang::En => self.messages.en,
            Lang::Zh => self.messages.zh,
        }
    }
}

/// A name for programs, and in each language the mistake and the advice.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Messages {
    pub(crate) name: &'static str,
    en: [&'static str; 2],
    zh: [&'static str; 2],
}

/// A row of the table of mistakes.
pub(crate) struct Row {
    pub(crate) messages: Messages,
    /// The fields, or the numbers of the other keys, that the row is tried for, each for `{}` in
    /// its messages. A row about neither has one empty text, or none if the request makes it
    /// impossible.
    pub(crate) each: fn(&Inputs<'_>) -> Vec<String>,
    /// Steps that are tried alone and in pairs of common ones.
    pub(crate) common: &'static [&'static [Step]],
    /// Steps that are tried alone and with the other algorithm.
    pub(crate) rare: &'static [&'static [Step]],
    /// Other ways to write the digest.
    pub(crate) written: &'static [Chain],
    /// The only algorithm under which this is a mistake.
    pub(crate) only: Option<Algorithm>,
}

pub(crate) const fn row(
    name: &'static str,
    done: &'static str,
    advice: &'static str,
    done_zh: &'static str,
    advice_zh: &'static str,
) -> Row {
    Row {
        messages: Messages {
            name,
            en: [done, advice],
            zh: [done_zh, advice_zh],
        },
        each: |_| if_possible(true),
        common: &[],
        rare: &[],
        written: &[],
        only: None,
    }
}

/// For [`Row::each`] of a row that is about no field and no other key.
pub(crate) fn if_possible(is_possible: bool) -> Vec<String> {
    Vec::from_iter(is_possible.then(String::new))
}

#[rustfmt::skip]
impl Row {
    pub(crate) const fn each(self, each: fn(&Inputs<'_>) -> Vec<String>) -> Self { Self { each, ..self } }
    pub(crate) const fn common(self, common: &'static [&'static [Step]]) -> Self { Self { common, ..self } }
    pub(crate) const fn rare(self, rare: &'static [&'static [Step]]) -> Self { Self { rare, ..self } }
    pub(crate) const fn written(self, written: &'static [Chain]) -> Self { Self { written, ..self } }
    pub(crate) const fn only(self, only: Algorithm) -> Self { Self { only: Some(only), ..self } }
}
