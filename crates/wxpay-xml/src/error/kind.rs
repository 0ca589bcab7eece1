//! The kinds of refusals.

use std::fmt;

/// What was found in a document that is refused.
///
/// None of these goes away when the same bytes are read again. [`Truncated`](Self::Truncated) may,
/// when the document is fetched again; [`TooLong`](Self::TooLong) and
/// [`TooManyFields`](Self::TooManyFields) do, when the [limits](crate::Limits) are raised.
///
/// ```
/// use wxpay_xml::{ErrorKind, Fields};
///
/// match Fields::parse("<html>502 Bad Gateway</html>").map_err(|error| error.kind()) {
///     Err(ErrorKind::WrongRoot) => println!("not the gateway's: look at the proxy in between"),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The document has more bytes than [`Limits::max_bytes`](crate::Limits::max_bytes). The offset
    /// is the limit.
    TooLong,
    /// The document has more fields than [`Limits::max_fields`](crate::Limits::max_fields). The
    /// offset is that of the first field too many.
    TooManyFields,
    /// The document says that it is not in UTF-8: by a byte order mark, by the zeros of UTF-16
    /// around its first `<`, or by the `encoding` of its declaration, to whose `<` the offset points.
    WrongCharset,
    /// The bytes are not UTF-8. A document that was cut off within a character is among these.
    InvalidUtf8,
    /// A character that XML 1.0 does not allow, such as a control character, raw or by reference.
    IllegalCharacter,
    /// The declaration's version is not 1.0. XML 1.1 is refused because it allows other characters
    /// and knows other line ends; nothing of the API is written in it.
    UnsupportedVersion,
    /// An XML declaration that is not at the very start: most often a blank line was written before
    /// it.
    MisplacedDeclaration,
    /// A document type declaration. It is refused wherever it stands and whatever is in it: external
    /// entities and entities that blow up are declared in one, and nothing else here would need it.
    Doctype,
    /// A processing instruction: it would be lost, and it is not signed.
    ProcessingInstruction,
    /// No element at all: an empty document, or one of white space and comments. The offset is that
    /// of the end.
    NoRoot,
    /// The root is not `xml`. For `html` the reply is somebody else's, such as a proxy's.
    WrongRoot,
    /// An element after the root: a second document.
    SecondRoot,
    /// Text, a reference or a CDATA section after the root.
    TrailingContent,
    /// An attribute, on the root or on a field: it would be lost, and it is not signed.
    Attribute,
    /// The name of a field is something else than an ASCII letter or `_`, followed by ASCII letters,
    /// digits, `_`, `-` and `.`. The offset is that of the tag.
    InvalidName,
    /// A field of that name was there before. The offset is that of the second, and
    /// [`Error::field`](crate::Error::field) is the name.
    DuplicateName,
    /// An element within a field: the documents of the API are flat.
    Nested,
    /// Text, a reference or a CDATA section outside of any field, before the root or in it.
    StrayText,
    /// A reference to an entity other than `amp`, `lt`, `gt`, `apos` and `quot`.
    UnknownEntity,
    /// An end tag without its start tag.
    MismatchedEndTag,
    /// No XML: a bare `&` or `<`, a `]]>` in text, a `--` in a comment, a declaration or a reference
    /// that cannot be read.
    Malformed,
    /// The document ends too early. The offset is that of what is still open: of a tag, a comment, a
    /// CDATA section or a reference, or else of the field or the root.
    Truncated,
}

impl ErrorKind {
    /// What to do about it, or what would be right.
    pub(super) fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::TooLong | Self::TooManyFields => {
                "raise the limit if documents of this size are expected"
            }
            Self::WrongCharset => "only utf-8 is read",
            Self::UnsupportedVersion => "only version 1.0 is read",
            Self::MisplacedDeclaration => "nothing may stand before it, not even white space",
            Self::WrongRoot => "the root must be xml",
            Self::InvalidName => {
                "it must be an ascii letter or _, then letters, digits, _, - and ."
            }
            Self::UnknownEntity => "only amp, lt, gt, apos and quot are known",
            _ => return None,
        })
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "more bytes than the limit allows",
            Self::TooManyFields => "more fields than the limit allows",
            Self::WrongCharset => "another charset than utf-8",
            Self::InvalidUtf8 => "invalid utf-8",
            Self::IllegalCharacter => "a character that xml does not allow",
            Self::UnsupportedVersion => "unsupported version of xml",
            Self::MisplacedDeclaration => "misplaced xml declaration",
            Self::Doctype => "forbidden document type declaration",
            Self::ProcessingInstruction => "forbidden processing instruction",
            Self::NoRoot => "no element",
            Self::WrongRoot => "wrong root element",
            Self::SecondRoot => "a second document",
            Self::TrailingContent => "content after the root",
            Self::Attribute => "forbidden attribute",
            Self::InvalidName => "invalid field name",
            Self::DuplicateName => "duplicate name",
            Self::Nested => "nested element",
            Self::StrayText => "text outside of any field",
            Self::UnknownEntity => "unknown entity",
            Self::MismatchedEndTag => "end tag without its start tag",
            Self::Malformed => "malformed xml",
            Self::Truncated => "unfinished xml, beginning",
        })
    }
}
