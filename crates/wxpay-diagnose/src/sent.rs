//! What was sent.

use alloc::vec::Vec;
use core::fmt;

use wxpay_sign::{ApiKey, SignType};

use crate::{
    facts::{Facts, Keys},
    recipe::{Algorithm, Encoding, FileValue, Recipe, Selection, SignValue},
    report::{Diagnosis, Report},
    search,
};

/// A request as it was sent, and what is known of its file.
///
/// Unlike [`Params`](wxpay_sign::Params) it keeps the sending order, empty values and repeated names, for
/// they are what goes wrong. A field `media` is the upload's file and is not to be signed, nor is
/// `sign`.
///
/// ```
/// use wxpay_diagnose::Sent;
/// use wxpay_sign::ApiKey;
///
/// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let sent = Sent::new([("mch_id", "1000000000")]).file_name("shop.png");
/// let report = sent.diagnose(&key, &[], "5F01B59D5E0B9C8F3E4D7F3B9E8F7A10");
/// assert!(!report.is_right());
/// # Ok::<(), wxpay_sign::InvalidApiKey>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Sent<'a> {
    pub(crate) pairs: Vec<(&'a str, &'a str)>,
    pub(crate) file_name: Option<&'a str>,
    pub(crate) content: Option<&'a [u8]>,
    pub(crate) read_as: Option<SignType>,
}

impl<'a> Sent<'a> {
    /// The text fields, in the order in which they were sent; `sign` may be among them.
    ///
    /// ```
    /// use wxpay_diagnose::Sent;
    /// use wxpay_sign::ApiKey;
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let sent = Sent::new([("mch_id", "1000000000"), ("sign", "84FA6EF2E28F769DC0AE3A58E819F997")]);
    /// assert!(sent.diagnose(&key, &[], "84FA6EF2E28F769DC0AE3A58E819F997").is_right());
    /// # Ok::<(), wxpay_sign::InvalidApiKey>(())
    /// ```
    pub fn new(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            pairs: pairs.into_iter().collect(),
            file_name: None,
            content: None,
            read_as: None,
        }
    }

    /// The file's name, as it was sent with the file.
    ///
    /// ```
    /// use wxpay_diagnose::{Mistake, Sent};
    /// use wxpay_sign::ApiKey;
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let sent = Sent::new([("mch_id", "1000000000")]).file_name("a.png");
    /// let report = sent.diagnose(&key, &[], "6BCBA4ADFC0D0F84DC490F943AD48B84");
    /// assert_eq!(report.mistakes(), [Mistake::FileNameSigned]);
    /// # Ok::<(), wxpay_sign::InvalidApiKey>(())
    /// ```
    pub fn file_name(self, name: &'a str) -> Self {
        Self {
            file_name: Some(name),
            ..self
        }
    }

    /// The file's bytes. Without them nobody can tell whether they were signed.
    ///
    /// ```
    /// use wxpay_diagnose::{Mistake, Sent};
    /// use wxpay_sign::ApiKey;
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let sent = Sent::new([("mch_id", "1000000000")]).content(b"abc");
    /// let report = sent.diagnose(&key, &[], "34D17CF4879603EC8493E492D3FC816D");
    /// assert_eq!(report.mistakes(), [Mistake::ContentSigned]);
    /// # Ok::<(), wxpay_sign::InvalidApiKey>(())
    /// ```
    pub fn content(self, content: &'a [u8]) -> Self {
        Self {
            content: Some(content),
            ..self
        }
    }

    /// The algorithm that is right, where that is not for the field `sign_type` to say, as in a reply
    /// that one insists on.
    ///
    /// ```
    /// use wxpay_diagnose::Sent;
    /// use wxpay_sign::{ApiKey, Params, SignType};
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let pairs = [("mch_id", "1000000000")];
    /// let sign = Params::new(pairs)?.sign(SignType::HmacSha256, &key);
    /// let sent = Sent::new(pairs);
    /// assert!(!sent.diagnose(&key, &[], sign.as_str()).is_right());
    /// assert!(sent.read_as(SignType::HmacSha256).diagnose(&key, &[], sign.as_str()).is_right());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_as(self, sign_type: SignType) -> Self {
        Self {
            read_as: Some(sign_type),
            ..self
        }
    }

    /// Finds out how a signature was made.
    ///
    /// Other keys that the sender may have used (an earlier one, the API v3 key) are tried too, the
    /// first 16 of them.
    ///
    /// ```
    /// use wxpay_diagnose::{Mistake, Sent};
    /// use wxpay_sign::{ApiKey, Params, SignType};
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let old = ApiKey::new("00000000000000000000000000000000")?;
    /// let pairs = [("mch_id", "1000000000")];
    /// let sign = Params::new(pairs)?.sign(SignType::Md5, &old);
    /// let report = Sent::new(pairs).diagnose(&key, &[old], sign.as_str());
    /// assert_eq!(report.mistakes(), [Mistake::OtherKey { index: 0 }]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn diagnose(&self, key: &ApiKey, other_keys: &[ApiKey], signature: &str) -> Report {
        let facts = Facts::new(self);
        let keys = Keys {
            right: key,
            others: other_keys,
        };
        let right = Recipe::right(facts.algorithm);
        let canonical = search::show(&right, &facts, &keys).unwrap_or_default();
        let found = search::search(&facts, &keys, signature);
        let signed = found
            .as_ref()
            .filter(|found| is_shown(&found.recipe))
            .and_then(|found| search::show(&found.recipe, &facts, &keys))
            .filter(|signed| *signed != canonical);
        let odd_length =
            Some(signature.chars().count()).filter(|length| ![32, 64].contains(length));
        Report {
            diagnosis: match found {
                Some(found) if found.mistakes.is_empty() => Diagnosis::Right,
                Some(found) => Diagnosis::Mistaken(keys.redacted(found.mistakes)),
                None => Diagnosis::Unknown,
            },
            sign_type: match facts.algorithm {
                Algorithm::HmacSha256 => SignType::HmacSha256,
                _ => SignType::Md5,
            },
            canonical,
            signed,
            odd_length,
        }
    }
}

/// The names of the fields, and of the file's bytes how many they are: no value, for a key may be
/// among them.
impl fmt::Debug for Sent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.pairs.iter().map(|(name, _)| name).collect();
        f.debug_struct("Sent")
            .field("names", &names)
            .field("file_name", &self.file_name)
            .field("content_length", &self.content.map(<[u8]>::len))
            .field("read_as", &self.read_as)
            .finish()
    }
}

/// Whether a person can do something with a recipe's string, and it holds no signature.
fn is_shown(recipe: &Recipe) -> bool {
    matches!(recipe.encoding, Encoding::Utf8)
        && !matches!(
            recipe.selection,
            Selection::WithFile(_, FileValue::Content(_)) | Selection::WithSign(SignValue::Sent)
        )
}
