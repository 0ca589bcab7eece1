//! Why a signature does not match: the well-known mistakes, each tried.
//!
//! Feature `diagnose`. Give what was sent as [`Sent`], the key and the signature that came; the
//! [`Report`] names the [`Mistake`] that gives this very signature.
//!
//! ```
//! use wxpay_sign::{ApiKey, diagnose::{Mistake, Sent}};
//!
//! let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
//! let sent = Sent::new([
//!     ("media_hash", "709d1e858d2ef9d0501cc053668b2872"),
//!     ("mch_id", "1000000000"),
//! ]);
//! let report = sent.diagnose(&key, &[], "AAC022AA3953C36E6240111A191FC940");
//! assert_eq!(report.mistakes(), [Mistake::MediaHashFirst]);
//! println!("{report}");
//! # Ok::<(), wxpay_sign::InvalidApiKey>(())
//! ```
//!
//! # What is found
//!
//! The right way first, then each mistake alone, then two at a time: the common ones with one
//! another, and the other algorithm with each. How the digits are written is looked at beside that,
//! so that a third mistake may be lower case or Base64. The first that fits is told. Some mistakes
//! give the same string: where nothing was to be trimmed, trimming is none, and fields that were
//! sent as `media_hash`, `mch_id` and signed so may have been sorted wrongly or not at all. Then the
//! more specific one is told, and the advice mends both.
//!
//! A character set that needs a table, such as GBK, is not tried: the fields of this API are ASCII.
//!
//! # Work
//!
//! Some 1,000 hashes over the parameters, at most 2,000 with many fields and further keys: a few
//! milliseconds. Where the parameters are long, fewer are tried, the simplest first, so that no more
//! than 8 MiB are hashed, or the right string alone. At most eight hashes cover the file's bytes.
//!
//! # Secrets
//!
//! A report holds asterisks in place of the key, even where a field was sent that holds the key, and
//! no signature. Whoever is told `lower_case` had all of the right signature's digits, and so for
//! every other mistake: nothing is told to one who has fewer than 32 digits of it, so that a signature
//! cannot be guessed piece by piece. Buffers that held the key are wiped, and what is compared with the
//! signature is compared in constant time; which mistake it was shows in the time, as in the report.

mod catalogue;
mod digest;
mod escape;
mod facts;
mod mistake;
mod recipe;
mod report;
mod search;
mod text;
mod words;
mod writing;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use core::fmt;

pub use mistake::Mistake;
pub use report::{Diagnosis, Report};

use crate::{ApiKey, SignType};
use facts::{Facts, Keys};
use recipe::{Algorithm, Encoding, FileValue, Recipe, Selection, SignValue};

/// A request as it was sent, and what is known of its file.
///
/// Unlike [`Params`](crate::Params) it keeps the sending order, empty values and repeated names, for
/// they are what goes wrong. A field `media` is the upload's file and is not to be signed, nor is
/// `sign`.
///
/// ```
/// use wxpay_sign::{ApiKey, diagnose::Sent};
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
    pairs: Vec<(&'a str, &'a str)>,
    file_name: Option<&'a str>,
    content: Option<&'a [u8]>,
    read_as: Option<SignType>,
}

impl<'a> Sent<'a> {
    /// The text fields, in the order in which they were sent; `sign` may be among them.
    ///
    /// ```
    /// use wxpay_sign::{ApiKey, diagnose::Sent};
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
    /// use wxpay_sign::{ApiKey, diagnose::{Mistake, Sent}};
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
    /// use wxpay_sign::{ApiKey, diagnose::{Mistake, Sent}};
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
    /// use wxpay_sign::{ApiKey, Params, SignType, diagnose::Sent};
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
    /// use wxpay_sign::{ApiKey, Params, SignType, diagnose::{Mistake, Sent}};
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
