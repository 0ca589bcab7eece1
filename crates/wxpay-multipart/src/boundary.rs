//! The boundary between the parts of a form.

use std::fmt;

/// The separator of the parts of a form: 1 to 70 ASCII letters and digits.
///
/// RFC 2046 allows more characters, some of them only in quotes. Letters and digits never need
/// quotes, and there are servers that read a quoted boundary wrongly.
///
/// A [`random`](Self::random) boundary is not searched for in the contents. It is 128 random bits,
/// drawn after the contents were made: that a given place of a content holds it by chance has a
/// probability of 2^-128, so that even a form of 2^64 bytes is cut in the wrong place with less than
/// 2^-64. A search would read every file twice, and could not read a stream at all.
///
/// ```
/// use wxpay_multipart::Boundary;
///
/// let boundary = Boundary::random();
/// assert_eq!(boundary.as_str().len(), 32);
/// assert_ne!(boundary, Boundary::random());
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
    /// It is not searched for in the contents either. The caller must know that no content holds CR,
    /// LF, `--` and the boundary in a row, for a server would end the part there: a stranger with the
    /// boundary and a content of their choice can add parts to the form. Take
    /// [`random`](Self::random) wherever a content comes from somebody else.
    ///
    /// # Errors
    ///
    /// [`BoundaryError`] when `text` is empty, is longer than 70 characters, or holds anything but
    /// ASCII letters and digits.
    ///
    /// ```
    /// use wxpay_multipart::{Boundary, BoundaryError};
    ///
    /// assert_eq!(Boundary::new("7MA4YWxkTrZu0gW")?.as_str(), "7MA4YWxkTrZu0gW");
    /// assert_eq!(Boundary::new(""), Err(BoundaryError::Empty));
    /// assert!(Boundary::new("----WebKitFormBoundary").is_err());
    /// # Ok::<(), BoundaryError>(())
    /// ```
    pub fn new(text: &str) -> Result<Self, BoundaryError> {
        if text.is_empty() {
            return Err(BoundaryError::Empty);
        }
        let mut characters = text.char_indices();
        if let Some((offset, character)) = characters.find(|(_, it)| !it.is_ascii_alphanumeric()) {
            return Err(BoundaryError::Character { character, offset });
        }
        // The most that RFC 2046 allows.
        if text.len() > 70 {
            return Err(BoundaryError::TooLong { length: text.len() });
        }
        Ok(Self(text.to_owned()))
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

/// Why a text is no [`Boundary`].
///
/// ```
/// use wxpay_multipart::Boundary;
///
/// let error = Boundary::new("a b").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the boundary has ' ' at byte 1: only ASCII letters and digits may be used"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BoundaryError {
    /// It has no characters.
    #[error("the boundary is empty: give it 1 to 70 letters and digits")]
    Empty,
    /// It has more than 70 characters.
    #[error("the boundary has {length} characters: 70 are the most")]
    #[non_exhaustive]
    TooLong {
        /// How many it has.
        length: usize,
    },
    /// It has a character that is no ASCII letter and no ASCII digit.
    #[error(
        "the boundary has {character:?} at byte {offset}: only ASCII letters and digits may be used"
    )]
    #[non_exhaustive]
    Character {
        /// The first such character.
        character: char,
        /// How many bytes stand before it.
        offset: usize,
    },
}
