//! The boundary between the parts of a form.

use std::fmt;

/// The separator of the parts of a form: 1 to 70 ASCII letters and digits.
///
/// RFC 2046 allows more characters, some of them only in quotes. Letters and digits never need
/// quotes, and there are servers that read a quoted boundary wrongly.
///
/// A [`random`](Self::random) boundary is not searched for in the contents. It is 128 random bits,
/// drawn after the contents were made: a given place of a content holds it by chance with a
/// probability of 2^-128, so that even a form of 2^64 bytes is cut in the wrong place with less than
/// 2^-64. A search would read every file twice, and could not read a stream at all.
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
    /// 128 bits from the operating system, as 32 lower-case hexadecimal digits.
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness to give. A boundary that can be guessed would let
    /// a content forge parts of the form.
    #[must_use]
    pub fn random() -> Self {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).expect("the operating system gives randomness");
        Self(format!("{:032x}", u128::from_be_bytes(bits)))
    }

    /// A boundary of the caller's, so that the same form gives the same bytes: for tests, and for
    /// bodies that are compared or cached.
    ///
    /// No content may hold CR, LF, `--` and the boundary in a row, for a server ends the part there:
    /// a stranger with the boundary and a content of their choice can add parts to the form. Take
    /// [`random`](Self::random) wherever a content comes from somebody else.
    ///
    /// # Errors
    ///
    /// [`BoundaryError`] when the text is not 1 to 70 ASCII letters and digits.
    pub fn new(text: &str) -> Result<Self, BoundaryError> {
        let fits = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        // 70 is the most that RFC 2046 allows.
        match fits && (1..=70).contains(&text.len()) {
            true => Ok(Self(text.to_owned())),
            false => Err(BoundaryError(())),
        }
    }

    /// The boundary without the hyphens that go before it in a body.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As in the parameter of `Content-Type`: bare, for it never needs quotes.
impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text is no [`Boundary`].
///
/// ```
/// let error = wxpay_multipart::Boundary::new("a-b").unwrap_err();
/// assert_eq!(error.to_string(), "the boundary is not 1 to 70 ASCII letters and digits");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the boundary is not 1 to 70 ASCII letters and digits")]
pub struct BoundaryError(());
