//! The result of a search, in English or Chinese.

use std::fmt;

use wxpay_sign::{ApiKey, SignType};

use crate::{
    inputs::{Inputs, Request},
    mistake::{Lang, Mistake},
    search,
    variant::Variant,
};

impl Request<'_> {
    /// Finds out how a signature was made.
    ///
    /// It also tries the first 16 other keys, such as an earlier one or the API v3 key.
    #[must_use]
    pub fn diagnose(&self, key: &ApiKey, other_keys: &[ApiKey], signature: &str) -> Report {
        let inputs = Inputs {
            request: self,
            key,
            others: other_keys,
            first_pass: &[],
        };
        let canonical = Variant::right(&inputs).shown(&inputs).unwrap_or_default();
        let (mistakes, signed) = search::search(&inputs, signature).unzip();
        let length = signature.chars().count();
        Report {
            mistakes,
            sign_type: inputs.asked_for(),
            signed: signed.flatten().filter(|signed| *signed != canonical),
            canonical,
            odd_length: (![32, 64].contains(&length)).then_some(length),
        }
    }
}

/// Whether a signature is right, and if not, why.
///
/// `Display` writes a few lines of English, [`display`](Self::display) another language, with
/// control characters escaped. A report holds no key and no signature; see
/// [the crate](crate#secrets).
///
/// ```
/// let key = wxpay_sign::ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let report = wxpay_diagnose::Request::new([("a", "1"), ("b", "")]).diagnose(&key, &[], "");
/// assert_eq!(
///     report.to_string(),
///     "to be signed with MD5: a=1&key=********\n\
///      no known mistake gives this signature: it is empty"
/// );
/// # Ok::<(), wxpay_sign::ApiKeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// `None` if no known mistake gives the signature, an empty list if it is right.
    mistakes: Option<Vec<Mistake>>,
    sign_type: SignType,
    canonical: Box<str>,
    signed: Option<Box<str>>,
    /// The number of characters of the signature, if it is neither 32 nor 64.
    odd_length: Option<usize>,
}

impl Report {
    /// Whether the signature is right.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.mistakes.as_ref().is_some_and(Vec::is_empty)
    }

    /// The mistakes that together give the signature: none if it is right, or by no known mistake.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        self.mistakes.as_deref().unwrap_or_default()
    }

    /// The right string, with asterisks in place of the key, cut after 16 KiB. It is raw: escape
    /// the values of a stranger before a terminal shows them.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The string that was signed instead, likewise, before it was encoded as a whole; `None` if it
    /// is not known, does not differ, or holds the file's bytes.
    #[must_use]
    pub fn signed(&self) -> Option<&str> {
        self.signed.as_deref()
    }

    /// The report in a few lines for people, with control characters escaped.
    #[must_use]
    pub fn display(&self, lang: Lang) -> impl fmt::Display {
        let say = |en: &'static str, zh: &'static str| match lang {
            Lang::En => en,
            Lang::Zh => zh,
        };
        let advice = say("advice", "建议");
        let to_be_signed = say("to be signed with {}", "应当用 {} 签名的字符串");
        let to_be_signed = to_be_signed.replace("{}", self.sign_type.as_str());
        let mut lines = vec![format!("{to_be_signed}: {}", visible(&self.canonical))];
        if let Some(signed) = self.signed() {
            let label = say("was signed instead", "实际签名的字符串");
            lines.push(format!("{label}: {}", visible(signed)));
        }
        if self.is_right() {
            lines.push(say("the signature is right", "签名正确").to_owned());
        }
        for mistake in self.mistakes() {
            let label = say("mistake", "错误");
            lines.push(format!("{label}: {}", visible(&mistake.explanation(lang))));
            lines.push(format!("{advice}: {}", mistake.advice(lang)));
        }
        if self.mistakes.is_none() {
            let unknown = say(
                "no known mistake gives this signature",
                "没有已知的错误会得出这个签名",
            );
            let check = say(
                "check the API key, and that the values that are sent are those that were signed",
                "检查 API 密钥,并确认发送的值就是签名时的值",
            );
            let empty = say(": it is empty", ": 签名是空的");
            let length = say(
                ": it has {} characters, where MD5 has 32 and HMAC-SHA256 has 64",
                ": 它有 {} 个字符,而 MD5 签名有 32 个,HMAC-SHA256 签名有 64 个",
            );
            lines.push(match self.odd_length {
                None => format!("{unknown}\n{advice}: {check}"),
                Some(0) => format!("{unknown}{empty}"),
                Some(found) => unknown.to_owned() + &length.replace("{}", &found.to_string()),
            });
        }
        lines.join("\n")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.display(Lang::En))
    }
}

/// Control characters, Unicode's line separators and characters without a width as escapes.
fn visible(text: &str) -> String {
    let is_hidden = |character: char| {
        character.is_control()
            || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
    };
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match is_hidden(character) {
            true => line.extend(character.escape_default()),
            false => line.push(character),
        }
    }
    line
}
