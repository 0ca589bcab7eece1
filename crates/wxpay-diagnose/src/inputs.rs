//! The inputs of a search, a request above all, and the fields that a variant selects from them.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use wxpay_sign::{ApiKey, SignType};

use crate::encoding::Chain;

/// Stands in place of the key, and of a signature that would be right.
pub(crate) const MASK: &str = "********";

/// Maximum length of a shown string in bytes.
const SHOWN: usize = 16 * 1024;

/// Maximum number of fields that are each looked at alone, and of further keys that are tried.
const EACH: usize = 16;

/// A request as it was sent, and what is known of its file.
///
/// Unlike [`Params`](wxpay_sign::Params) it keeps the sending order, empty values and repeated names,
/// for they are what goes wrong. A field `media` is the upload's file and is not to be signed, nor is
/// `sign`.
///
/// ```
/// use wxpay_diagnose::Request;
///
/// let key = wxpay_sign::ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let request = Request::new([("mch_id", "1000000000")]).file_name("a.png");
/// let report = request.diagnose(&key, &[], "6BCBA4ADFC0D0F84DC490F943AD48B84"); // of `media=a.png` too
/// assert_eq!(report.mistakes()[0].name(), "file_name_signed");
/// # Ok::<(), wxpay_sign::ApiKeyError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Request<'a> {
    /// In sending order.
    pub(crate) pairs: Vec<(&'a str, &'a str)>,
    pub(crate) file_name: Option<&'a str>,
    pub(crate) content: Option<&'a [u8]>,
    /// The algorithm that is right, where the field does not say so.
    pub(crate) sign_type: Option<SignType>,
}

impl<'a> Request<'a> {
    /// The text fields, in the order in which they were sent; `sign` may be among them.
    ///
    /// ```
    /// let request = wxpay_diagnose::Request::new([("mch_id", "1000000000"), ("sign", "84FA6EF2")]);
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
    pub fn file_name(mut self, name: &'a str) -> Self {
        self.file_name = Some(name);
        self
    }

    /// The file's bytes. Without them it is not found out that they were signed.
    pub fn content(mut self, content: &'a [u8]) -> Self {
        self.content = Some(content);
        self
    }

    /// The algorithm that is right, where the field `sign_type` does not decide it, as in a response that
    /// is checked strictly.
    pub fn sign_type(mut self, sign_type: SignType) -> Self {
        self.sign_type = Some(sign_type);
        self
    }
}

/// The names of the fields and the length of the file; no value, for a key may be among them.
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

#[derive(Clone)]
pub(crate) struct Inputs<'a> {
    pub(crate) request: &'a Request<'a>,
    pub(crate) key: &'a ApiKey,
    pub(crate) others: &'a [ApiKey],
    /// The right signature, which is signed once more where it was put among the parameters.
    pub(crate) first_pass: &'a [u8],
}

/// A field as it is joined.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: &'a [u8],
    pub(crate) chain: Chain,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Text,
    /// A string with it is not shown: the file's bytes, or a signature that was sent.
    Hidden,
    /// Shown as [`MASK`]: the key, or the right signature.
    Masked,
}

/// The fields of a string in sending order; none where what they need is not known.
pub(crate) type Fields<'a> = Option<Vec<Field<'a>>>;

impl<'a> Inputs<'a> {
    /// The algorithm that is asked for.
    pub(crate) fn asked_for(&self) -> SignType {
        let named = || SignType::from_field(self.named_sign_type());
        self.request.sign_type.unwrap_or_else(named)
    }

    pub(crate) fn named_sign_type(&self) -> Option<&'a str> {
        let mut signed = self.signed();
        let named = signed.find(|(name, _)| *name == "sign_type");
        Some(named?.1)
    }

    pub(crate) fn value(&self, wanted: &str) -> Option<&'a str> {
        let mut pairs = self.request.pairs.iter();
        Some(pairs.find(|(name, _)| *name == wanted)?.1)
    }

    /// The names of the fields that are to be signed, sorted, the first of them.
    pub(crate) fn names(&self) -> Vec<String> {
        let names: BTreeSet<_> = self.signed().map(|(name, _)| name).collect();
        names.into_iter().take(EACH).map(String::from).collect()
    }

    pub(crate) fn key_numbers(&self) -> Vec<String> {
        let numbers = 1..=self.others.len().min(EACH);
        numbers.map(|number| number.to_string()).collect()
    }

    /// The name that is sent more than once, of several the one that sorts first.
    pub(crate) fn repeated(&self) -> Option<&'a str> {
        let mut names: Vec<_> = self.signed().map(|(name, _)| name).collect();
        names.sort_unstable();
        let repeated = names.windows(2).find(|pair| pair[0] == pair[1]);
        repeated.map(|pair| pair[0])
    }

    /// An upper bound of the length of any string that is signed, without the content.
    pub(crate) fn length(&self) -> usize {
        let pairs = self.request.pairs.iter();
        let pairs = pairs.map(|(name, value)| name.len() + value.len() + 8);
        pairs.sum::<usize>() + self.request.file_name.map_or(0, str::len) + 256
    }

    /// The fields that are sent, neither empty nor `sign` nor `media`.
    fn signed(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.sent().filter(|(_, value)| !value.is_empty())
    }

    /// The fields that are sent, neither `sign` nor `media`.
    fn sent(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let pairs = self.request.pairs.iter().copied();
        pairs.filter(|(name, _)| !matches!(*name, "sign" | "media"))
    }

    pub(crate) fn to_be_signed(&self) -> Fields<'a> {
        Some(self.signed().map(text).collect())
    }

    pub(crate) fn and_empty(&self) -> Fields<'a> {
        Some(self.sent().map(text).collect())
    }

    /// All but one; nothing where that one is not sent.
    pub(crate) fn without(&self, unsigned: &str) -> Fields<'a> {
        let mut fields = self.to_be_signed()?;
        let all = fields.len();
        fields.retain(|field| field.name != unsigned);
        (fields.len() < all).then_some(fields)
    }

    /// Another field at the end, in place of one that is sent.
    pub(crate) fn with(
        &self,
        name: &'a str,
        kind: Kind,
        value: &'a [u8],
        chain: Chain,
    ) -> Fields<'a> {
        let mut fields = self.to_be_signed()?;
        fields.retain(|field| field.name != name);
        fields.push(Field {
            name: name.into(),
            value,
            chain,
            kind,
        });
        Some(fields)
    }

    pub(crate) fn with_text(&self, name: &'a str, value: &'a str) -> Fields<'a> {
        self.with(name, Kind::Text, value.as_bytes(), &[])
    }

    pub(crate) fn with_content(&self, chain: Chain) -> Fields<'a> {
        self.with("media", Kind::Hidden, self.request.content?, chain)
    }

    /// The first or the last of each name.
    pub(crate) fn one_of_equal(&self, last: bool) -> Fields<'a> {
        let mut fields = self.to_be_signed()?;
        if last {
            fields.reverse();
        }
        let mut seen = BTreeSet::new();
        fields.retain(|field| seen.insert(field.name.clone()));
        if last {
            fields.reverse();
        }
        Some(fields)
    }

    /// The text with asterisks wherever it holds one of the keys, in whatever case: a sender may have
    /// put one into a field. A long one is cut.
    pub(crate) fn redact(&self, text: &str) -> Box<str> {
        let mut shown = String::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if shown.len() >= SHOWN {
                shown.push('…');
                break;
            }
            let start = rest.as_bytes().get(..ApiKey::LEN).unwrap_or_default();
            let mut keys = self.others.iter().chain([self.key]);
            if keys.any(|key| start.eq_ignore_ascii_case(key.expose().as_bytes())) {
                shown.push_str(MASK);
                rest = &rest[ApiKey::LEN..];
            } else {
                shown.push(character);
                rest = &rest[character.len_utf8()..];
            }
        }
        shown.into()
    }
}

fn text<'a>((name, value): (&'a str, &'a str)) -> Field<'a> {
    Field {
        name: name.into(),
        value: value.as_bytes(),
        chain: &[],
        kind: Kind::Text,
    }
}

impl Field<'_> {
    pub(crate) fn pair(&self) -> Vec<u8> {
        [self.name.as_bytes(), b"=", self.value].concat()
    }

    /// As by name, but `mch_id` comes right after `media_hash`, before whatever follows it.
    pub(crate) fn media_hash_first(&self) -> (&str, bool) {
        match &*self.name {
            "mch_id" => ("media_hash", true),
            name => (name, false),
        }
    }
}

/// How the API writes a name that is this one but for case and separators.
pub(crate) fn api_name(name: &str) -> Option<&'static str> {
    let letters = |text: &str| text.replace(['_', '-'], "").to_ascii_lowercase();
    let mut names = ["mch_id", "media_hash", "sign_type"].into_iter();
    names.find(|api| letters(api) == letters(name))
}
