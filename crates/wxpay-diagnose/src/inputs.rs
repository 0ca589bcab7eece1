//! The inputs of a search, and the fields that a variant selects from them.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    fmt,
    sync::{Arc, OnceLock},
};

use wxpay_sign::{ApiKey, SignType};

use crate::encoding::{Chain, Encoding, Secret};

/// Shown in place of the key, and of the right signature.
pub(crate) const MASK: &str = "********";

/// Maximum length of a shown string in bytes.
const MAX_SHOWN: usize = 16 * 1024;

/// The texts as which a file may be signed.
const TEXTS: [Encoding; 3] = [Encoding::Utf8, Encoding::Latin1AsUtf8, Encoding::Base64];

/// Maximum number of fields that a row is tried for, and of further keys.
const MAX_EACH: usize = 16;

/// A request as it was sent, with the name and the bytes of its file if they are known.
///
/// Unlike [`Params`](wxpay_sign::Params) it keeps the sending order, empty values and repeated
/// names, which are mistakes. The fields `media`, which is the upload's file, and `sign` are not to
/// be signed.
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
    /// The content in each of [`TEXTS`], made once.
    texts: Arc<[OnceLock<Secret>; 3]>,
    /// The right algorithm, if the field does not decide it.
    pub(crate) sign_type: Option<SignType>,
}

impl<'a> Request<'a> {
    /// The text fields in the order in which they were sent; `sign` may be among them.
    pub fn new(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            pairs: pairs.into_iter().collect(),
            file_name: None,
            content: None,
            texts: Arc::default(),
            sign_type: None,
        }
    }

    /// The file's name in the form.
    pub fn file_name(mut self, name: &'a str) -> Self {
        self.file_name = Some(name);
        self
    }

    /// The file's bytes, to find out whether they were signed.
    pub fn content(mut self, content: &'a [u8]) -> Self {
        self.content = Some(content);
        self.texts = Arc::default();
        self
    }

    /// The right algorithm, if the field `sign_type` does not decide it, as in a strict check.
    pub fn sign_type(mut self, sign_type: SignType) -> Self {
        self.sign_type = Some(sign_type);
        self
    }
}

/// Shows the names of the fields and the length of the file, and no values, which may be keys.
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
    /// The right signature, for a request that was signed once more with its signature among the
    /// fields.
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
    /// Not shown, like the string with it: the file's bytes, or a received signature.
    Hidden,
    /// Shown as [`MASK`]: the key, or the right signature.
    Masked,
}

/// The fields of a string in sending order; `None` if they need an input that is not given.
pub(crate) type Fields<'a> = Option<Vec<Field<'a>>>;

impl<'a> Inputs<'a> {
    /// The right algorithm.
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

    /// The first names of the fields that are to be signed, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let names: BTreeSet<_> = self.signed().map(|(name, _)| name).collect();
        names.into_iter().take(MAX_EACH).map(String::from).collect()
    }

    pub(crate) fn key_numbers(&self) -> Vec<String> {
        let numbers = 1..=self.others.len().min(MAX_EACH);
        numbers.map(|number| number.to_string()).collect()
    }

    /// The repeated name that sorts first.
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

    /// All fields but one; `None` if that is not sent.
    pub(crate) fn without(&self, unsigned: &str) -> Fields<'a> {
        let mut fields = self.to_be_signed()?;
        let all = fields.len();
        fields.retain(|field| field.name != unsigned);
        (fields.len() < all).then_some(fields)
    }

    /// The fields with another one at the end, in place of a sent one of that name.
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

    /// The fields with the content, or with one of [`TEXTS`].
    pub(crate) fn with_content(&self, text: Option<usize>) -> Fields<'a> {
        let content = self.request.content?;
        let encoded = |number: usize| {
            let text = self.request.texts[number].get_or_init(|| TEXTS[number].encode(content));
            &**text
        };
        self.with("media", Kind::Hidden, text.map_or(content, encoded), &[])
    }

    /// The first or the last field of each name.
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

    /// The text, cut after [`MAX_SHOWN`] bytes, with asterisks in place of each of the keys in any
    /// case: a sender may have put one into a field.
    pub(crate) fn redact(&self, text: &str) -> Box<str> {
        let mut shown = String::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if shown.len() >= MAX_SHOWN {
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

    /// Sorts by name, but `mch_id` right after `media_hash`.
    pub(crate) fn media_hash_first(&self) -> (&str, bool) {
        match &*self.name {
            "mch_id" => ("media_hash", true),
            name => (name, false),
        }
    }
}

/// The API's spelling of a name that differs from it in case and separators at most.
pub(crate) fn api_name(name: &str) -> Option<&'static str> {
    let letters = |text: &str| text.replace(['_', '-'], "").to_ascii_lowercase();
    let mut names = ["mch_id", "media_hash", "sign_type"].into_iter();
    names.find(|api| letters(api) == letters(name))
}
