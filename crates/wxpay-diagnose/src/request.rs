//! What was sent, and what is found out of it.

use std::fmt;

use wxpay_sign::{ApiKey, SignType};

use crate::{
    inputs::Inputs,
    mistake::{Lang, Mistake},
    search,
    variant::Variant,
};

/// A request as it was sent, and what is known of its file.
///
/// Unlike [`Params`](wxpay_sign::Params) it keeps the sending order, empty values and repeated names,
/// for they are what goes wrong. A field `media` is the upload's file and is not to be signed, nor is
/// `sign`.
///
/// ```
/// use wxpay_diagnose::Request;
/// use wxpay_sign::ApiKey;
///
/// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let request = Request::new([("mch_id", "1000000000")]).file_name("a.png").content(b"abc");
/// // `media=a.png` was signed too.
/// let report = request.diagnose(&key, &[], "6BCBA4ADFC0D0F84DC490F943AD48B84");
/// assert_eq!(report.mistakes()[0].name(), "file_name_signed");
/// # Ok::<(), wxpay_sign::ApiKeyError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Request<'a> {
    pairs: Vec<(&'a str, &'a str)>,
    file_name: Option<&'a str>,
    content: Option<&'a [u8]>,
    sign_type: Option<SignType>,
}

impl<'a> Request<'a> {
    /// The text fields, in the order in which they were sent; `sign` may be among them.
    ///
    /// ```
    /// use wxpay_diagnose::Request;
    ///
    /// let request = Request::new([("mch_id", "1000000000"), ("sign", "84FA6EF2E28F769DC0AE3A58E819F997")]);
    /// ```
    pub fn new(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            pairs: pairs.into_iter().collect(),
            file_name: None,
            content: None,
            sign_type: None,
        }
    }

    /// The file's name, as it was sent with the file.
    pub fn file_name(self, name: &'a str) -> Self {
        Self {
            file_name: Some(name),
            ..self
        }
    }

    /// The file's bytes. Without them nobody can tell whether they were signed.
    pub fn content(self, content: &'a [u8]) -> Self {
        Self {
            content: Some(content),
            ..self
        }
    }

    /// The algorithm that is right, where that is not for the field `sign_type` to say, as in a response
    /// that one insists on.
    pub fn sign_type(self, sign_type: SignType) -> Self {
        Self {
            sign_type: Some(sign_type),
            ..self
        }
    }

    /// Finds out how a signature was made.
    ///
    /// Other keys that the sender may have used (an earlier one, the API v3 key) are tried too, the
    /// first 16 of them.
    ///
    /// ```
    /// use wxpay_diagnose::Request;
    /// use wxpay_sign::{ApiKey, Params, SignType};
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let old = ApiKey::new("00000000000000000000000000000000")?;
    /// let pairs = [("mch_id", "1000000000")];
    /// let sign = Params::new(pairs)?.sign(SignType::Md5, &old);
    /// let report = Request::new(pairs).diagnose(&key, &[old], sign.as_str());
    /// assert_eq!(report.mistakes()[0].name(), "other_key");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn diagnose(&self, key: &ApiKey, other_keys: &[ApiKey], signature: &str) -> Report {
        let inputs = self.inputs(key, other_keys);
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

    fn inputs(&'a self, key: &'a ApiKey, others: &'a [ApiKey]) -> Inputs<'a> {
        Inputs {
            pairs: &self.pairs,
            file_name: self.file_name,
            content: self.content,
            sign_type: self.sign_type,
            key,
            others,
            first_pass: &[],
        }
    }
}

/// The names of the fields, and of the file's bytes how many they are: no value, for a key may be
/// among them.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.pairs.iter().map(|(name, _)| name).collect();
        f.debug_struct("Request")
            .field("names", &names)
            .field("file_name", &self.file_name)
            .field("content_length", &self.content.map(<[u8]>::len))
            .field("sign_type", &self.sign_type)
            .finish()
    }
}

/// Whether a signature is right, and if not why.
///
/// `Display` writes it in a few lines of English, [`display`](Self::display) in another language, with
/// control characters escaped. It holds neither a key nor a signature; see [the crate](crate#secrets).
///
/// ```
/// use wxpay_diagnose::Request;
/// use wxpay_sign::ApiKey;
///
/// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let request = Request::new([("a", "1"), ("b", "")]);
/// let report = request.diagnose(&key, &[], "F6C5B7E7F8CB8A3B7E3C7C2A9B3C8D10");
/// assert_eq!(
///     report.to_string(),
///     "to be signed with MD5: a=1&key=********\n\
///      no known mistake gives this signature\n\
///      advice: check the API key, and that the values that are sent are those that were signed",
/// );
/// # Ok::<(), wxpay_sign::ApiKeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// None where no known mistake gives the signature, an empty one where it is right.
    pub(crate) mistakes: Option<Vec<Mistake>>,
    pub(crate) sign_type: SignType,
    pub(crate) canonical: Box<str>,
    pub(crate) signed: Option<Box<str>>,
    pub(crate) odd_length: Option<usize>,
}

impl Report {
    /// Whether the signature is right.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.mistakes.as_ref().is_some_and(Vec::is_empty)
    }

    /// The mistakes that together give the signature: none where it is right, or where no known mistake
    /// gives it.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        self.mistakes.as_deref().unwrap_or_default()
    }

    /// The algorithm that is asked for.
    #[must_use]
    pub fn sign_type(&self) -> SignType {
        self.sign_type
    }

    /// The string that ought to be signed, with asterisks in place of the key; cut after 16 KiB. It is
    /// raw: escape it before it goes to a terminal if the values are a stranger's.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The string that was signed in its place, likewise, where it is known, differs, and can be shown:
    /// not with the file's bytes in it, and before it was encoded as a whole.
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
            let length = match self.odd_length {
                None => "",
                Some(0) => say(": it is empty", ": 签名是空的"),
                Some(_) => say(
                    ": it has {} characters, where MD5 has 32 and HMAC-SHA256 has 64",
                    ": 它有 {} 个字符,而 MD5 签名有 32 个,HMAC-SHA256 签名有 64 个",
                ),
            };
            let found = self.odd_length.unwrap_or_default().to_string();
            lines.push(unknown.to_owned() + &length.replace("{}", &found));
            if self.odd_length.is_none() {
                let check = say(
                    "check the API key, and that the values that are sent are those that were signed",
                    "检查 API 密钥,并确认发送的值就是签名时的值",
                );
                lines.push(format!("{advice}: {check}"));
            }
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
