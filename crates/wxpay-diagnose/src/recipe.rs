//! How a signature was made: one choice on each axis, and a mistake is another choice on one.

/// From the fields to the digest. [`Recipe::right`] is the API's; every other differs from it by
/// the [`Change`]s of a mistake or of two.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    pub(super) selection: Selection,
    pub(super) order: Order,
    pub(super) values: Values,
    pub(super) shape: Shape,
    pub(super) key_place: KeyPlace,
    pub(super) key_form: KeyForm,
    pub(super) encoding: Encoding,
    pub(super) algorithm: Algorithm,
    pub(super) hmac_key: HmacKey,
    pub(super) hashed_before: HashedBefore,
}

impl Recipe {
    pub(super) fn right(algorithm: Algorithm) -> Self {
        Self {
            selection: Selection::Signed,
            order: Order::ByName,
            values: Values::Raw,
            shape: Shape::QUERY,
            key_place: KeyPlace::RIGHT,
            key_form: KeyForm::AsItIs,
            encoding: Encoding::Utf8,
            algorithm,
            hmac_key: HmacKey::Key,
            hashed_before: HashedBefore::No,
        }
    }

    pub(super) fn with(mut self, changes: &[Change]) -> Self {
        for &change in changes {
            match change {
                Change::Select(to) => self.selection = to,
                Change::Sort(to) => self.order = to,
                Change::Write(to) => self.values = to,
                Change::Join(to) => self.shape = to,
                Change::PlaceKey(to) => self.key_place = to,
                Change::TakeKey(to) => self.key_form = to,
                Change::Encode(to) => self.encoding = to,
                Change::SignWith(to) => self.algorithm = to,
                Change::KeyHmacWith(to) => self.hmac_key = to,
                Change::HashBefore(to) => self.hashed_before = to,
            }
        }
        self
    }
}

/// Another choice on one axis. Two mistakes can be made together when no axis is in both.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Select(Selection),
    Sort(Order),
    Write(Values),
    Join(Shape),
    PlaceKey(KeyPlace),
    TakeKey(KeyForm),
    Encode(Encoding),
    SignWith(Algorithm),
    KeyHmacWith(HmacKey),
    HashBefore(HashedBefore),
}

/// Which fields are signed. An index counts the fields that are to be signed, sorted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Selection {
    /// Those that are to be: neither empty, nor `sign`, nor `media`.
    Signed,
    /// The empty ones too, but for `sign` and `media`.
    AndEmpty,
    Without(usize),
    /// `sign_type` with this value, whatever was sent.
    WithSignType(&'static str),
    WithSign(SignValue),
    /// The file, under this name.
    WithFile(&'static str, FileValue),
    /// Of fields that share a name, one.
    FirstOfEqual,
    LastOfEqual,
}

/// What stood in `sign` while the parameters were signed.
#[derive(Debug, Clone, Copy)]
pub(super) enum SignValue {
    Text(&'static str),
    /// What came in a field `sign`, where it is another than the signature received.
    Sent,
    /// The right signature: signed, put among the parameters, and signed again.
    FirstPass,
}

/// What stood in the place of the file.
#[derive(Debug, Clone, Copy)]
pub(super) enum FileValue {
    Text(&'static str),
    /// What came in a text field `media`.
    Sent,
    Name,
    /// The name after `@`, as curl and PHP's older uploads have it.
    AtName,
    /// The value of `media_hash`.
    Hash,
    Content(ContentForm),
}

/// The file's bytes as the signer had them.
#[derive(Debug, Clone, Copy)]
pub(super) enum ContentForm {
    Bytes,
    /// As UTF-8, with U+FFFD where they are none.
    Utf8,
    /// As text of one character a byte, which is UTF-8 again when it is hashed.
    Latin1,
    Base64,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    ByName,
    AsSent,
    MediaHashFirst,
    Descending,
    ByLowerCaseName,
    ByValue,
    /// By `name=value`: another order where one name begins another.
    ByPair,
}

/// What is done to each value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Values {
    Raw,
    UrlEncoded(UrlEncoding),
    UrlDecoded,
    Trimmed,
    /// This after each value, or after one alone.
    Followed(&'static str, Option<usize>),
    UpperCase,
    LowerCase,
    MediaHashUpperCase,
    MediaHashLowerCase,
    HtmlEscaped,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct UrlEncoding {
    /// A space as `+`, as forms have it.
    pub(super) plus: bool,
    pub(super) lower_case: bool,
    /// What stays as it is, beside letters and digits.
    pub(super) keeps: &'static str,
}

/// How names and values are joined.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) open: &'static str,
    pub(super) before_name: &'static str,
    pub(super) name: bool,
    pub(super) between: &'static str,
    pub(super) after_value: &'static str,
    pub(super) separator: &'static str,
    pub(super) close: &'static str,
    /// Backslashes before quotes and backslashes, and escapes for control characters.
    pub(super) escaped: bool,
}

impl Shape {
    /// `a=1&b=2`.
    pub(super) const QUERY: Self = Self {
        open: "",
        before_name: "",
        name: true,
        between: "=",
        after_value: "",
        separator: "&",
        close: "",
        escaped: false,
    };

    /// `{"a":"1","b":"2"}`.
    pub(super) const JSON: Self = Self {
        open: "{",
        before_name: "\"",
        between: "\":\"",
        after_value: "\"",
        separator: ",",
        close: "}",
        escaped: true,
        ..Self::QUERY
    };
}

/// Where the key stands in the string, and what stands beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyPlace {
    /// A field `key` that is sorted among the others.
    pub(super) sorted: bool,
    pub(super) start: &'static [Piece],
    pub(super) end: &'static [Piece],
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Piece {
    Text(&'static str),
    Key,
}

impl KeyPlace {
    pub(super) const NOWHERE: Self = Self {
        sorted: false,
        start: &[],
        end: &[],
    };
    pub(super) const RIGHT: Self = Self::end(&[Piece::Text("&key="), Piece::Key]);

    pub(super) const fn end(end: &'static [Piece]) -> Self {
        Self {
            end,
            ..Self::NOWHERE
        }
    }

    pub(super) const fn start(start: &'static [Piece]) -> Self {
        Self {
            start,
            ..Self::NOWHERE
        }
    }
}

/// The key as the signer had it, in the string and as HMAC's key alike.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeyForm {
    AsItIs,
    Between(&'static str, &'static str),
    UpperCase,
    LowerCase,
    Md5LowerCase,
    Md5UpperCase,
    /// No key but this, as of a setting that is not there.
    Instead(&'static str),
    /// A further key that is to be tried.
    Other(usize),
}

/// What is done to the whole string, key and all.
#[derive(Debug, Clone, Copy)]
pub(super) enum Encoding {
    Utf8,
    WithByteOrderMark,
    UpperCase,
    LowerCase,
    UrlEncoded(UrlEncoding),
    Utf16LittleEndian,
    /// One byte a character: what has none becomes `?`.
    Latin1,
    /// One byte a character: of what has more, the lowest.
    LowBytes,
    /// UTF-8 that was taken for Latin-1 and written as UTF-8 once more.
    Utf8Twice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    HmacSha256,
    Sha256,
    HmacMd5,
}

/// What HMAC was keyed with, where that is not the key.
#[derive(Debug, Clone, Copy)]
pub(super) enum HmacKey {
    Key,
    Md5LowerCase,
    Md5UpperCase,
    Md5Bytes,
    /// The bytes that the key's hexadecimal digits stand for.
    FromHex,
    Empty,
    /// The string is the key, and the key the message.
    Swapped,
}

/// What was given to the hash in place of the string.
#[derive(Debug, Clone, Copy)]
pub(super) enum HashedBefore {
    No,
    Md5LowerCase,
    Md5UpperCase,
    Md5Bytes,
}
