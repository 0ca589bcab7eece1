//! What may be wrong with a signature.

use alloc::{borrow::Cow, boxed::Box};

use super::words;

/// A known mistake in making a signature.
///
/// [`explanation`](Self::explanation) and [`advice`](Self::advice) are English; for another
/// language take [`id`](Self::id) or match. Names of fields are the sender's own text: escape them
/// where that matters.
///
/// ```
/// use wxpay_diagnose::Mistake;
///
/// let mistake = Mistake::KeyLineEnd;
/// assert_eq!(mistake.id(), "key_line_end");
/// assert_eq!(mistake.explanation(), "the API key has a line end or a space beside it");
/// assert_eq!(mistake.advice(), "trim the API key when it is read");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mistake {
    /// Signed with HMAC-SHA256, but no `sign_type` asks for it, so that the gateway reads MD5.
    HmacForMd5,
    /// Signed with MD5, but `sign_type` asks for HMAC-SHA256.
    Md5ForHmac,
    /// Signed with HMAC-SHA256, and `sign_type` is sent, but not as the gateway knows it.
    SignTypeMisspelt,
    /// `sign_type` is sent and was not signed.
    SignTypeNotSigned,
    /// `sign_type` was signed and is not sent.
    SignTypeNotSent,
    /// `sign_type` was signed with another value than it is sent with.
    SignTypeChanged,
    /// Another field is sent and was not signed.
    FieldNotSigned {
        /// The field.
        name: Box<str>,
    },
    /// A field is sent more than once.
    FieldRepeated {
        /// The field; of several that are repeated, the one that sorts first.
        name: Box<str>,
    },
    /// `media_hash` before `mch_id`, all else sorted.
    MediaHashFirst,
    /// The fields in the order in which they were sent.
    SendingOrder,
    /// From the last name to the first.
    DescendingOrder,
    /// Sorted without regard to upper and lower case.
    OrderIgnoresCase,
    /// Sorted by value, as `asort` does in PHP.
    SortedByValue,
    /// Sorted by `name=value`, which differs where one name begins another.
    SortedByPair,
    /// Fields with an empty value were signed.
    EmptySigned,
    /// `sign` itself was among the fields: empty, as it was sent, or from signing before.
    SignSigned,
    /// The file's field `media` was signed, with some text in place of the file.
    MediaSigned,
    /// The file's name was signed.
    FileNameSigned,
    /// The file's bytes were signed.
    ContentSigned,
    /// Values were URL-encoded before they were signed.
    ValuesUrlEncoded,
    /// Values are sent URL-encoded and were signed before that.
    ValuesUrlDecoded,
    /// Values were signed without the white space around them.
    ValuesTrimmed,
    /// Values were signed with a line end or a space after them; one alone, or all.
    ValueLineEnd {
        /// The field, unless it is all of them.
        name: Option<Box<str>>,
    },
    /// Values were signed in another case than they are sent in.
    ValuesInOtherCase,
    /// `media_hash` was signed in another case than it is sent in.
    MediaHashInOtherCase,
    /// Values were signed with HTML's escapes, as `htmlspecialchars` writes them.
    ValuesHtmlEscaped,
    /// Values were signed in quotes.
    ValuesQuoted,
    /// Joined with `&amp;`.
    HtmlSeparator,
    /// Joined with something else than `&`, or with nothing.
    OtherSeparator,
    /// One `&` or `?` too many.
    ExtraSeparator,
    /// Names and values without `=`, or values alone.
    NamesNotJoined,
    /// The parameters as JSON, or as a map or dictionary prints itself.
    ObjectSigned,
    /// The string holds no key.
    KeyMissing,
    /// For HMAC: the string holds no key, which was HMAC's alone.
    HmacWithoutKeyInString,
    /// An empty key, or what a missing setting is printed as.
    KeyEmpty,
    /// The key stands before the fields.
    KeyFirst,
    /// The key was appended without `&key=`.
    KeyJoinedBare,
    /// `key=` without `&` before it.
    KeyAmpersandMissing,
    /// Another name than `key`, or the name in another case.
    KeyRenamed,
    /// `key` was sorted among the fields.
    KeySorted,
    /// A field `key` is sent and was not signed: most likely the API key itself.
    KeySent,
    /// The key stands in the string twice.
    KeyTwice,
    /// Something follows the key, in the string alone.
    KeyNotLast,
    /// The key has a line end or a space at its end or its beginning.
    KeyLineEnd,
    /// The key has quotes around it.
    KeyQuoted,
    /// The key begins with a byte order mark.
    KeyByteOrderMark,
    /// The key's letters are in upper case.
    KeyUpperCase,
    /// The key's letters are in lower case.
    KeyLowerCase,
    /// The MD5 of the key in place of the key.
    KeyHashed,
    /// Another key: one of those that were given to be tried.
    OtherKey {
        /// Which, from 0.
        index: usize,
    },
    /// The whole string begins with a byte order mark.
    StringByteOrderMark,
    /// The whole string, key and all, in one case.
    StringInOneCase,
    /// The whole string was URL-encoded.
    StringUrlEncoded,
    /// The string was hashed in another character set than UTF-8.
    StringNotUtf8,
    /// SHA-256 alone, without HMAC.
    Sha256WithoutHmac,
    /// HMAC over MD5.
    HmacMd5,
    /// HMAC was keyed with the MD5 of the key.
    HmacKeyHashed,
    /// HMAC was keyed with the bytes that the key's digits stand for.
    HmacKeyDecoded,
    /// HMAC was keyed with nothing.
    HmacKeyEmpty,
    /// The string was HMAC's key, and the key its message.
    HmacArgumentsSwapped,
    /// Hashed twice.
    HashedTwice,
    /// Lower-case digits.
    LowerCase,
    /// Base64 of the digest, or of its digits.
    Base64,
    /// The first 32 digits of 64.
    Truncated,
    /// Separators between the digits.
    DigitsSeparated,
    /// Zeros are missing: before the number, or before a byte's digit.
    ZerosMissing,
    /// Bytes were printed as signed numbers, `ffffff9e` for `9e`.
    SignExtended,
    /// The digits were written in digits once more.
    HexTwice,
    /// White space or quotes around the signature.
    Padded,
}

impl Mistake {
    /// A name for programs, in snake case. It stays the same in later versions.
    ///
    /// ```
    /// use wxpay_diagnose::Mistake;
    ///
    /// assert_eq!(Mistake::OtherKey { index: 0 }.id(), "other_key");
    /// ```
    #[must_use]
    pub fn id(&self) -> &'static str {
        words::of(self).id
    }

    /// What was done, in one English clause without a full stop.
    ///
    /// ```
    /// use wxpay_diagnose::Mistake;
    ///
    /// let mistake = Mistake::FieldNotSigned { name: "nonce_str".into() };
    /// assert_eq!(mistake.explanation(), "the field `nonce_str` is sent but was not signed");
    /// ```
    #[must_use]
    pub fn explanation(&self) -> Cow<'static, str> {
        words::explanation(self)
    }

    /// What to change, in one English clause without a full stop.
    ///
    /// ```
    /// use wxpay_diagnose::Mistake;
    ///
    /// assert_eq!(Mistake::LowerCase.advice(), "write the digits A to F in upper case");
    /// ```
    #[must_use]
    pub fn advice(&self) -> &'static str {
        words::of(self).advice
    }
}
