//! The parameters that a signature covers.

use alloc::boxed::Box;
use core::{cmp::Ordering, fmt, iter, slice};

use smallvec::SmallVec;

use crate::{
    api_key::ApiKey,
    canonical::{Canonical, Pair},
    sign_type::SignType,
    signature::Signature,
};

/// Up to this many parameters are kept, sorted and signed without an allocation.
const INLINE: usize = 16;

/// The parameters of one request or response, as a signature covers them: sorted by name, byte by
/// byte, without empty values and without `sign`.
///
/// A response is checked over *all* its fields: give each of them, `sign` included. Leave out only
/// what the API does not sign, such as the file of an upload.
///
/// Names and values are signed as they are: case and white space count, and nothing is escaped. So
/// two sets may have one signature: `a=1&b=2` is two parameters, or one whose value is `1&b=2`.
/// Parse a response before it is checked, use the fields that were checked, and refuse
/// [ambiguous](Self::ambiguous) ones.
///
/// ```
/// use wxpay_sign::{ApiKey, Params, SignType};
///
/// let params = Params::new([("b", "2"), ("a", "1"), ("empty", ""), ("sign", "old")])?;
/// assert_eq!(params.canonical().to_string(), "a=1&b=2");
/// assert!(Params::new([("mch_id", "1"), ("mch_id", "2")]).is_err());
///
/// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let sign = Params::new([("mch_id", "1000000000")])?.sign(SignType::Md5, &key);
/// assert_eq!(sign.as_str(), "84FA6EF2E28F769DC0AE3A58E819F997");
///
/// let response = Params::new([("mch_id", "1000000000"), ("sign", sign.as_str())])?;
/// assert_eq!(response.verify(&key), Ok(SignType::Md5));
/// assert!(response.verify_strict(SignType::HmacSha256, &key).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Params<P> {
    pairs: SmallVec<[P; INLINE]>,
    pub(crate) sign: Sign<P>,
}

/// The pairs named `sign`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Sign<P> {
    Missing,
    Empty,
    One(P),
    Several,
}

impl<P: Pair> Params<P> {
    /// Takes the parameters in any order, in O(*n* log *n*).
    ///
    /// Pairs with an empty value and pairs named `sign` are not signed, and may be repeated.
    ///
    /// # Errors
    ///
    /// [`DuplicateNameError`] when two other pairs share a name: the protocol does not order them.
    pub fn new(pairs: impl IntoIterator<Item = P>) -> Result<Self, DuplicateNameError> {
        let mut sign = Sign::Missing;
        let mut signed = SmallVec::<[P; INLINE]>::new();
        for pair in pairs {
            if pair.name() == "sign" {
                sign = match (sign, pair.value()) {
                    (Sign::Missing, "") => Sign::Empty,
                    (sign, "") => sign,
                    (Sign::Missing | Sign::Empty, _) => Sign::One(pair),
                    _ => Sign::Several,
                };
            } else if !pair.value().is_empty() {
                signed.push(pair);
            }
        }
        // A stable sort may allocate, and equal names are refused below.
        signed.sort_unstable_by(|a, b| order(a.name(), b.name()));
        let equal = |pair: &&[P]| pair[0].name() == pair[1].name();
        match signed.windows(2).find(equal) {
            Some(pair) => Err(DuplicateNameError {
                name: pair[0].name().into(),
            }),
            None => Ok(Self {
                pairs: signed,
                sign,
            }),
        }
    }

    /// The parameters that are signed, in the order in which they are signed.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.into_iter()
    }

    /// The name of the first parameter whose value holds `&NAME=`: values are signed without
    /// escapes, so a set of other parameters has the same signature.
    #[must_use]
    pub fn ambiguous(&self) -> Option<&str> {
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let starts_another = |piece: &str| {
            let name = piece.split_once('=').map_or("", |(name, _)| name);
            !name.is_empty() && name.bytes().all(in_name)
        };
        let is_ambiguous = |value: &str| value.split('&').skip(1).any(starts_another);
        let mut pairs = self.iter();
        pairs.find_map(|(name, value)| is_ambiguous(value).then_some(name))
    }

    /// The string that is signed, without the key, for people to compare.
    #[must_use]
    pub fn canonical(&self) -> Canonical<'_, P> {
        Canonical {
            pairs: &self.pairs,
            masked: false,
        }
    }

    /// Signs the [canonical string](Self::canonical), then `&key=`, then the key.
    ///
    /// Without any parameter the string is `&key=…`, as the API's documentation has it.
    #[must_use]
    pub fn sign(&self, sign_type: SignType, key: &ApiKey) -> Signature {
        Signature::compute(sign_type, self.canonical().with_key(key.expose()), key)
    }
}

impl<'p, P: Pair> IntoIterator for &'p Params<P> {
    type Item = (&'p str, &'p str);
    type IntoIter = iter::Map<slice::Iter<'p, P>, fn(&'p P) -> (&'p str, &'p str)>;

    fn into_iter(self) -> Self::IntoIter {
        self.pairs.iter().map(|pair| (pair.name(), pair.value()))
    }
}

/// The parameters that are signed, without `sign`.
impl<P: Pair> fmt::Debug for Params<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Compares bytes. Most names differ in the first byte, which is compared without a call.
fn order(a: &str, b: &str) -> Ordering {
    let firsts = a.as_bytes().first().cmp(&b.as_bytes().first());
    firsts.then_with(|| a.cmp(b))
}

/// Two parameters that are signed share a name.
///
/// A request may give a name once. The gateway sends each field once, too: a response with a
/// repeated name is not the gateway's own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the parameter {name:?} is given more than once")]
pub struct DuplicateNameError {
    name: Box<str>,
}

impl DuplicateNameError {
    /// The repeated name that sorts first.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}
