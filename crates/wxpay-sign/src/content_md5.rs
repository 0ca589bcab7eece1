//! The MD5 of a file's content, as `media_hash` holds it.

use core::fmt;

use md5::{Digest, Md5};

use crate::hex;

/// Computes the MD5 of a content, piece by piece.
///
/// It is what the field `media_hash` of an upload holds. It names a content and proves nothing:
/// the [`Signature`](crate::Signature) over that field does. Hash the very bytes that are sent; a
/// file that is read twice may have changed in between.
///
/// ```
/// use wxpay_sign::ContentMd5;
///
/// let mut md5 = ContentMd5::new();
/// md5.update(b"message ");
/// md5.update(b"digest");
/// assert_eq!(md5.finish().as_str(), "f96b697d7cb7938d525a2f31aaf161d0");
/// ```
#[derive(Debug, Clone, Default)]
pub struct ContentMd5 {
    hasher: Md5,
}

impl ContentMd5 {
    /// Starts with no content.
    ///
    /// ```
    /// use wxpay_sign::ContentMd5;
    ///
    /// assert_eq!(ContentMd5::new().finish(), ContentMd5::of(b""));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Hashes a content that is in memory as a whole.
    ///
    /// ```
    /// use wxpay_sign::ContentMd5;
    ///
    /// assert_eq!(ContentMd5::of(b"abc").as_str(), "900150983cd24fb0d6963f7d28e17f72");
    /// ```
    #[must_use]
    pub fn of(bytes: &[u8]) -> ContentHash {
        ContentHash {
            digits: hex::lower(&digest(bytes)),
        }
    }

    /// Appends bytes to the content. How it is cut into pieces does not matter.
    ///
    /// ```
    /// use wxpay_sign::ContentMd5;
    ///
    /// let mut md5 = ContentMd5::new();
    /// for piece in b"a picture".chunks(4) {
    ///     md5.update(piece);
    /// }
    /// assert_eq!(md5.finish(), ContentMd5::of(b"a picture"));
    /// ```
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// The hash of all that was appended.
    ///
    /// ```
    /// use wxpay_sign::ContentMd5;
    ///
    /// let mut md5 = ContentMd5::new();
    /// md5.update(b"abc");
    /// assert_eq!(md5.finish().to_string(), "900150983cd24fb0d6963f7d28e17f72");
    /// ```
    #[must_use]
    pub fn finish(self) -> ContentHash {
        ContentHash {
            digits: hex::lower(&self.hasher.finalize()),
        }
    }
}

#[cfg(not(feature = "fast-md5"))]
fn digest(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

// Only of a whole content: a hasher of that crate cannot be cloned.
#[cfg(feature = "fast-md5")]
fn digest(bytes: &[u8]) -> [u8; 16] {
    fast_md5::digest(bytes)
}

/// The MD5 of a content in 32 lower-case hexadecimal digits, as the API takes it in `media_hash`.
///
/// Not a [`Signature`](crate::Signature), whose digits are upper-case. It is public, so its
/// comparison is the ordinary one.
///
/// ```
/// use wxpay_sign::ContentMd5;
///
/// assert_eq!(ContentMd5::of(b"").to_string(), "d41d8cd98f00b204e9800998ecf8427e");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash {
    digits: [u8; 32],
}

impl ContentHash {
    /// The digits.
    ///
    /// ```
    /// use wxpay_sign::{ContentMd5, Params};
    ///
    /// let media_hash = ContentMd5::of(b"abc");
    /// let params = Params::new([("media_hash", media_hash.as_str())])?;
    /// assert_eq!(params.canonical().to_string(), "media_hash=900150983cd24fb0d6963f7d28e17f72");
    /// # Ok::<(), wxpay_sign::DuplicateNameError>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        hex::as_str(&self.digits)
    }
}

impl AsRef<str> for ContentHash {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ContentHash").field(&self.as_str()).finish()
    }
}
