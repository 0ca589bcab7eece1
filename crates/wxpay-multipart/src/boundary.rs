//! The boundary between the parts of a form.

use std::fmt;

/// The separator of the parts of a form: 1 to 70 ASCII letters and digits.
///
/// RFC 2046 allows more characters, some of them only in quotes, and some servers misread a quoted
/// boundary. Letters and digits need no quotes.
///
/// The contents are not searched for a [`random`](Self::random) boundary: it has 128 random bits,
/// drawn after the contents were made, so a form of 2^64 bytes holds it by chance with a
/// probability below 2^-64. A search would read every file twice, and could not read a stream at
/// all.
///
/// ```
/// use wxpay_multipart::Boundary;
///
/// assert_eq!(Boundary::random().as_str().len(), 32);
/// assert_eq!(Boundary::new("7MA4YWxkTrZu0gW")?.to_string(), "7MA4YWxkTrZu0gW");
/// # Ok::<(), wxpay_multipart::BoundaryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Boundary(String);

impl Boundary {
    /// 128 random bits from the operating system, as 32 lower-case hexadecimal digits.
    ///
    /// # Panics
    ///
    /// When the operating system has no random bits. With a boundary that can be guessed, a content
    /// could forge parts of the form.
    #[must_use]
    pub fn random() -> Self {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).expect("the operating system gives randomness");
        Self(format!("{:032x}", u128::from_be_bytes(bits)))
    }

    /// A boundary of the caller's, which gives a form the same bytes each time, for tests and
    /// caches.
    ///
    /// A server ends a part at CR, LF, `--` and the boundary: a stranger who knows the boundary can
    /// add parts to the form by a content. Take [`random`](Self::random) for contents of others.
    ///
    /// # Errors
    ///
    /// [`BoundaryError`] when the text is not 1 to 70 ASCII letters and digits.
    pub fn new(text: &str) -> Result<Self, BoundaryError> {
        let fits = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        // The maximum of RFC 2046.
        match fits && (1..=70).contains(&text.len()) {
            true => Ok(Self(text.to_owned())),
            false => Err(BoundaryError(())),
        }
    }

    /// The boundary without the hyphens that precede it in a body.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As in the parameter of `Content-Type`, without quotes.
impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text is no [`Boundary`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the boundary is not 1 to 70 ASCII letters and digits")]
pub struct BoundaryError(());
