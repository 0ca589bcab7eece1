//! What the search has found.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use super::{Mistake, escape};
use wxpay_sign::SignType;

/// Whether a signature is right, and if not why.
///
/// `Display` writes it in a few lines for people, with control characters escaped. It holds neither
/// a key nor a signature; see [the crate](crate#secrets).
///
/// ```
/// use wxpay_diagnose::Sent;
/// use wxpay_sign::ApiKey;
///
/// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let sent = Sent::new([("a", "1"), ("b", "")]);
/// let report = sent.diagnose(&key, &[], "F6C5B7E7F8CB8A3B7E3C7C2A9B3C8D10");
/// assert_eq!(
///     report.to_string(),
///     "to be signed with MD5: a=1&key=********\n\
///      no known mistake gives this signature\n\
///      advice: check the API key, and that the values that are sent are those that were signed",
/// );
/// # Ok::<(), wxpay_sign::InvalidApiKey>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub(crate) diagnosis: Diagnosis,
    pub(crate) sign_type: SignType,
    pub(crate) canonical: Box<str>,
    pub(crate) signed: Option<Box<str>>,
    pub(crate) odd_length: Option<usize>,
}

impl Report {
    /// What was found.
    ///
    /// ```
    /// use wxpay_diagnose::{Diagnosis, Sent};
    /// use wxpay_sign::ApiKey;
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let report = Sent::new([("mch_id", "1000000000")]).diagnose(&key, &[], "no signature");
    /// match report.diagnosis() {
    ///     Diagnosis::Right => println!("all is well"),
    ///     Diagnosis::Mistaken(mistakes) => println!("{}", mistakes[0].advice()),
    ///     _ => println!("compare the keys, and the values with those that were sent"),
    /// }
    /// # assert_eq!(*report.diagnosis(), Diagnosis::Unknown);
    /// # Ok::<(), wxpay_sign::InvalidApiKey>(())
    /// ```
    #[must_use]
    pub fn diagnosis(&self) -> &Diagnosis {
        &self.diagnosis
    }

    /// Whether the signature is right.
    ///
    /// ```
    /// use wxpay_diagnose::Sent;
    /// use wxpay_sign::ApiKey;
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let sent = Sent::new([("mch_id", "1000000000")]);
    /// assert!(sent.diagnose(&key, &[], "84FA6EF2E28F769DC0AE3A58E819F997").is_right());
    /// assert!(!sent.diagnose(&key, &[], "84fa6ef2e28f769dc0ae3a58e819f997").is_right());
    /// # Ok::<(), wxpay_sign::InvalidApiKey>(())
    /// ```
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.diagnosis == Diagnosis::Right
    }

    /// The mistakes that together give the signature, none where it is right or unknown.
    ///
    /// ```
    /// use wxpay_diagnose::{Mistake, Sent};
    /// use wxpay_sign::ApiKey;
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let sent = Sent::new([("mch_id", "1000000000")]);
    /// // The MD5 of `mch_id=1000000000` and the key, in lower-case digits.
    /// let report = sent.diagnose(&key, &[], "cf5fe1bd6a2dfe52adc63866753558a9");
    /// assert_eq!(report.mistakes(), [Mistake::KeyJoinedBare, Mistake::LowerCase]);
    /// # Ok::<(), wxpay_sign::InvalidApiKey>(())
    /// ```
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        match &self.diagnosis {
            Diagnosis::Mistaken(mistakes) => mistakes,
            _ => &[],
        }
    }

    /// The algorithm that is asked for.
    ///
    /// ```
    /// use wxpay_diagnose::Sent;
    /// use wxpay_sign::{ApiKey, SignType};
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let sent = Sent::new([("mch_id", "1000000000"), ("sign_type", "HMAC-SHA256")]);
    /// // As long as a signature with MD5, but not what the field asks for.
    /// let report = sent.diagnose(&key, &[], "84FA6EF2E28F769DC0AE3A58E819F997");
    /// assert_eq!(report.sign_type(), SignType::HmacSha256);
    /// # Ok::<(), wxpay_sign::InvalidApiKey>(())
    /// ```
    #[must_use]
    pub fn sign_type(&self) -> SignType {
        self.sign_type
    }

    /// The string that ought to be signed, with asterisks in place of the key. It is raw: escape it
    /// before it goes to a terminal if the values are a stranger's.
    ///
    /// ```
    /// use wxpay_diagnose::Sent;
    /// use wxpay_sign::ApiKey;
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let sent = Sent::new([("nonce", ""), ("mch_id", "1000000000"), ("appid", "wx1")]);
    /// let report = sent.diagnose(&key, &[], "84FA6EF2E28F769DC0AE3A58E819F997");
    /// assert_eq!(report.canonical(), "appid=wx1&mch_id=1000000000&key=********");
    /// # Ok::<(), wxpay_sign::InvalidApiKey>(())
    /// ```
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The string that was signed in its place, likewise with asterisks, where it is known, differs,
    /// and can be shown: not with the file's bytes in it, and not as it was encoded as a whole.
    ///
    /// ```
    /// use wxpay_diagnose::Sent;
    /// use wxpay_sign::ApiKey;
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let sent = Sent::new([("mch_id", "1"), ("media_hash", "2")]);
    /// let report = sent.diagnose(&key, &[], "6D79E05028470293BD926D97CAADFB6A");
    /// assert_eq!(report.canonical(), "mch_id=1&media_hash=2&key=********");
    /// assert_eq!(report.signed(), Some("media_hash=2&mch_id=1&key=********"));
    /// # Ok::<(), wxpay_sign::InvalidApiKey>(())
    /// ```
    #[must_use]
    pub fn signed(&self) -> Option<&str> {
        self.signed.as_deref()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let canonical = escape::visible(&self.canonical);
        write!(f, "to be signed with {}: {canonical}", self.sign_type)?;
        if let Some(signed) = self.signed() {
            write!(f, "\nwas signed instead: {}", escape::visible(signed))?;
        }
        match &self.diagnosis {
            Diagnosis::Right => f.write_str("\nthe signature is right"),
            Diagnosis::Mistaken(mistakes) => mistakes.iter().try_for_each(|mistake| {
                let explanation = mistake.explanation();
                let explanation = escape::visible(&explanation);
                write!(f, "\nmistake: {explanation}\nadvice: {}", mistake.advice())
            }),
            Diagnosis::Unknown => {
                f.write_str("\nno known mistake gives this signature")?;
                match self.odd_length {
                    None => f.write_str(
                        "\nadvice: check the API key, and that the values that are sent are those that were signed",
                    ),
                    Some(0) => f.write_str(": it is empty"),
                    Some(length) => write!(
                        f,
                        ": it has {length} characters, where MD5 has 32 and HMAC-SHA256 has 64"
                    ),
                }
            }
        }
    }
}

/// What is known of a signature.
///
/// ```
/// use wxpay_diagnose::{Diagnosis, Mistake, Sent};
/// use wxpay_sign::ApiKey;
///
/// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let sent = Sent::new([
///     ("mch_id", "1000000000"),
///     ("media_hash", "709d1e858d2ef9d0501cc053668b2872"),
/// ]);
/// let diagnosis = |sign| sent.diagnose(&key, &[], sign).diagnosis().clone();
/// assert_eq!(diagnosis("9E19543EA8BF9857BE5F61E18C1003E7"), Diagnosis::Right);
/// assert_eq!(
///     diagnosis("9e19543ea8bf9857be5f61e18c1003e7"),
///     Diagnosis::Mistaken(vec![Mistake::LowerCase]),
/// );
/// assert_eq!(diagnosis("00000000000000000000000000000000"), Diagnosis::Unknown);
/// # Ok::<(), wxpay_sign::InvalidApiKey>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Diagnosis {
    /// The signature is right.
    Right,
    /// These mistakes, made together, give the signature: never none, most often one.
    Mistaken(Vec<Mistake>),
    /// No known mistake gives the signature: most likely the key is another, or a value changed
    /// between signing and sending.
    Unknown,
}
