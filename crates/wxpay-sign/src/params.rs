//! The parameters that a signature covers.

use alloc::boxed::Box;
use core::cmp::Ordering;

use smallvec::SmallVec;

use crate::{ApiKey, Canonical, SignType, Signature};

/// Up to this many parameters are kept, sorted and signed without an allocation.
const INLINE: usize = 16;

/// The parameters of one request or reply, as a signature covers them: sorted by name, byte by
/// byte, without empty values and without `sign`.
///
/// It borrows names and values. A reply is checked over *all* the fields that it carries, so give
/// everything that came, `sign` included; only what is sent beside the signed fields, such as the
/// file of an upload, is the caller's to leave out.
///
/// Names and values are taken as they are: case counts, white space counts, nothing is escaped. So
/// two sets may be signed alike, `a=1&b=2` being both two parameters and one whose value holds
/// `&` and `=`. That is the protocol's, and why a reply must be parsed before it is checked.
///
/// ```
/// use wxpay_sign::Params;
///
/// let params = Params::new([("b", "2"), ("a", "1"), ("empty", ""), ("sign", "old")])?;
/// assert_eq!(params.canonical().to_string(), "a=1&b=2");
/// # Ok::<(), wxpay_sign::DuplicateName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params<'a> {
    pairs: SmallVec<[(&'a str, &'a str); INLINE]>,
}

impl<'a> Params<'a> {
    /// Takes the parameters in any order.
    ///
    /// Pairs with an empty value and pairs named `sign` are dropped first, so that they never count
    /// as repeated. This takes time O(*n* log *n*), whatever the order of the pairs.
    ///
    /// # Errors
    ///
    /// [`DuplicateName`] when two pairs that are signed share a name: the protocol does not say
    /// which would come first.
    ///
    /// ```
    /// use wxpay_sign::Params;
    ///
    /// let error = Params::new([("mch_id", "1"), ("mch_id", "2")]).unwrap_err();
    /// assert_eq!(error.name(), "mch_id");
    /// assert!(Params::new([("mch_id", "1"), ("mch_id", "")]).is_ok());
    /// ```
    pub fn new<I>(pairs: I) -> Result<Self, DuplicateName>
    where
        I: IntoIterator<Item = (&'a str, &'a str)>,
    {
        let mut pairs: SmallVec<[_; INLINE]> = pairs
            .into_iter()
            .filter(|&(name, value)| !value.is_empty() && name != "sign")
            .collect();
        // A stable sort may allocate, and equal names are refused anyway.
        pairs.sort_unstable_by(|(a, _), (b, _)| order(a, b));
        match pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(DuplicateName {
                name: pair[0].0.into(),
            }),
            None => Ok(Self { pairs }),
        }
    }

    /// The parameters that are signed, in the order in which they are signed.
    ///
    /// ```
    /// use wxpay_sign::Params;
    ///
    /// let params = Params::new([("media_hash", "709d"), ("mch_id", "1000000000"), ("x", "")])?;
    /// assert!(params.iter().map(|(name, _)| name).eq(["mch_id", "media_hash"]));
    /// # Ok::<(), wxpay_sign::DuplicateName>(())
    /// ```
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> + Clone {
        self.pairs.iter().copied()
    }

    /// The string that is signed, but for the key: to be shown, for instance when a signature is
    /// refused and nobody knows why.
    ///
    /// ```
    /// use wxpay_sign::Params;
    ///
    /// let params = Params::new([("b", "2"), ("a", "1")])?;
    /// assert_eq!(params.canonical().to_string(), "a=1&b=2");
    /// assert_eq!(params.canonical().masked().to_string(), "a=1&b=2&key=********");
    /// # Ok::<(), wxpay_sign::DuplicateName>(())
    /// ```
    #[must_use]
    pub fn canonical(&self) -> Canonical<'_> {
        Canonical::new(&self.pairs)
    }

    /// Signs the parameters.
    ///
    /// What is signed is the [canonical string](Self::canonical), then `&key=`, then the key, to the
    /// letter of the API's documentation: without any parameter it is `&key=…`.
    ///
    /// ```
    /// use wxpay_sign::{ApiKey, Params, SignType};
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let params = Params::new([
    ///     ("mch_id", "1000000000"),
    ///     ("media_hash", "709d1e858d2ef9d0501cc053668b2872"),
    /// ])?;
    /// let sign = params.sign(SignType::Md5, &key);
    /// assert_eq!(sign.as_str(), "9E19543EA8BF9857BE5F61E18C1003E7");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sign(&self, sign_type: SignType, key: &ApiKey) -> Signature {
        Signature::compute(sign_type, self.canonical(), key)
    }
}

/// The order of bytes. Most names differ in the first, which is compared without a call.
fn order(a: &str, b: &str) -> Ordering {
    let firsts = a.as_bytes().first().cmp(&b.as_bytes().first());
    firsts.then_with(|| a.cmp(b))
}

/// Two parameters that are signed share a name.
///
/// Mend the request: a name may be given once. In a reply it is not the gateway's doing, which sends
/// each field once.
///
/// ```
/// use wxpay_sign::Params;
///
/// let error = Params::new([("a", "1"), ("b", "2"), ("a", "3")]).unwrap_err();
/// assert_eq!(error.to_string(), r#"the parameter "a" is given more than once"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the parameter {name:?} is given more than once")]
pub struct DuplicateName {
    name: Box<str>,
}

impl DuplicateName {
    /// The name; of several that are repeated, the one that sorts first.
    ///
    /// ```
    /// use wxpay_sign::Params;
    ///
    /// let error = Params::new([("b", "1"), ("b", "2"), ("a", "3"), ("a", "4")]).unwrap_err();
    /// assert_eq!(error.name(), "a");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}
