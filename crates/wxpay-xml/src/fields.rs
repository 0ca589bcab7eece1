//! The fields of a document, and writing them as a document.

use std::{borrow::Cow, collections::BTreeMap, fmt, iter, mem, slice};

/// The fields of one flat document, in its order.
///
/// They always make a valid document: names are well-formed and occur once, values hold only
/// characters that XML allows. So [`to_xml`](Self::to_xml) cannot fail, and its document has the
/// same fields when it is read.
///
/// Parsed fields borrow their names from the input, and their values unless something was
/// unescaped. [`into_owned`](Self::into_owned) copies them.
///
/// Two are equal when they have the same fields in the same order. `Debug` shows names and values:
/// do not log secrets.
///
/// ```
/// use wxpay_xml::Fields;
///
/// let read = Fields::parse("<xml><b>2</b><a><![CDATA[1 < 2]]></a></xml>")?;
/// assert_eq!(read.get("a"), Some("1 < 2"));
/// assert!(read.iter().eq([("b", "2"), ("a", "1 < 2")]));
///
/// let mut made = Fields::from_pairs([("b", "2")])?.with("a", "1 < 2")?;
/// assert_eq!(made, read);
/// assert!(made.push("a", "1").is_err());
/// let xml = "<xml>\n<b><![CDATA[2]]></b>\n<a><![CDATA[1 < 2]]></a>\n</xml>";
/// assert_eq!(made.to_xml(), xml);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Fields<'a> {
    entries: Entries<'a>,
    /// Index in `entries` of each name after the first [`SCANNED`].
    positions: BTreeMap<Cow<'a, str>, usize>,
}

/// A name and a value.
type Entry<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Maximum number of names that are compared one by one, which for a response is faster than an
/// index and allocates nothing. Only documents beyond the default limits have an index of the other
/// names.
const SCANNED: usize = 64;

impl<'a> Fields<'a> {
    /// No fields: the document `<xml></xml>`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The pairs as fields, in their order.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push), for the first pair that is refused.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, FieldError>
    where
        N: Into<Cow<'a, str>>,
        V: Into<Cow<'a, str>>,
    {
        let mut pairs = pairs.into_iter();
        pairs.try_fold(Self::new(), |fields, (name, value)| {
            fields.with(name, value)
        })
    }

    /// The same fields with another one at the end: [`push`](Self::push) for chains.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn with(
        mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Cow<'a, str>>,
    ) -> Result<Self, FieldError> {
        self.push(name, value)?;
        Ok(self)
    }

    /// Adds a field at the end.
    ///
    /// # Errors
    ///
    /// [`FieldError`] when no document could hold the field: its name is not an ASCII letter or `_`
    /// followed by ASCII letters, digits, `_`, `-` and `.`; there is a field of that name; its
    /// value has a character that XML does not allow. The fields are then as before.
    pub fn push(
        &mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Cow<'a, str>>,
    ) -> Result<(), FieldError> {
        let (name, value) = (name.into(), value.into());
        if !is_name(&name) {
            return Err(FieldError::Name { name: name.into() });
        }
        if self.position(&name).is_some() {
            return Err(FieldError::Duplicate { name: name.into() });
        }
        if let Some((offset, character)) = first_illegal(&value) {
            return Err(FieldError::Character {
                name: name.into(),
                character,
                offset,
            });
        }
        self.insert(name, value);
        Ok(())
    }

    /// Adds a field that is known to be valid and new.
    pub(crate) fn insert(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) {
        if self.len() >= SCANNED {
            self.positions.insert(name.clone(), self.len());
        }
        self.entries.push((name, value));
    }

    fn position(&self, name: &str) -> Option<usize> {
        let mut scanned = self.entries.as_slice().iter().take(SCANNED);
        scanned
            .position(|(known, _)| known == name)
            .or_else(|| self.positions.get(name).copied())
    }

    /// The value of a field, `None` when there is no such field. An empty element is `Some("")`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        Some(&self.entries.as_slice()[self.position(name)?].1)
    }

    /// The fields as pairs of name and value, in their order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.into_iter()
    }

    /// The number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.as_slice().len()
    }

    /// Whether there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies names and values, so that the fields may outlive the input.
    #[must_use]
    pub fn into_owned(self) -> Fields<'static> {
        let mut owned = Fields::new();
        for (name, value) in self.iter() {
            owned.insert(name.to_owned().into(), value.to_owned().into());
        }
        owned
    }

    /// Writes the document in the form of the API's examples: a field a line, values in CDATA,
    /// UTF-8 without a declaration.
    ///
    /// Any XML reader gets the values as they are: `]]>` is split over two sections, and a CR is
    /// `&#13;` between two, since a raw one is read as LF.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut xml = String::from("<xml>\n");
        for (name, value) in self {
            xml.extend(["<", name, "><![CDATA["]);
            for (index, line) in value.split('\r').enumerate() {
                xml.push_str(if index > 0 { "]]>&#13;<![CDATA[" } else { "" });
                for (index, piece) in line.split("]]>").enumerate() {
                    xml.push_str(if index > 0 { "]]]]><![CDATA[>" } else { "" });
                    xml.push_str(piece);
                }
            }
            xml.extend(["]]></", name, ">\n"]);
        }
        xml + "</xml>"
    }
}

impl PartialEq for Fields<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.entries.as_slice() == other.entries.as_slice()
    }
}

impl Eq for Fields<'_> {}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<'f> IntoIterator for &'f Fields<'_> {
    type Item = (&'f str, &'f str);
    type IntoIter = iter::Map<slice::Iter<'f, Entry<'f>>, fn(&'f Entry<'f>) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        let entries = self.entries.as_slice().iter();
        entries.map(|(name, value)| (&**name, &**value))
    }
}

/// Number of entries kept inline: a success has five fields, a refusal up to seven.
const FEW: usize = 8;

const NONE: Entry<'static> = (Cow::Borrowed(""), Cow::Borrowed(""));

/// The fields in their order, up to [`FEW`] without an allocation.
///
/// A `SmallVec` is not covariant: a `Fields<'static>` could not be used for a shorter lifetime.
#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "a few entries are inline so that nothing is allocated for them"
)]
enum Entries<'a> {
    /// The entries, and the number of them in use.
    Few([Entry<'a>; FEW], usize),
    Many(Vec<Entry<'a>>),
}

impl<'a> Entries<'a> {
    fn as_slice(&self) -> &[Entry<'a>] {
        match self {
            Self::Few(entries, length) => &entries[..*length],
            Self::Many(entries) => entries,
        }
    }

    fn push(&mut self, entry: Entry<'a>) {
        match self {
            Self::Few(entries, length) if *length < FEW => {
                entries[*length] = entry;
                *length += 1;
            }
            Self::Few(entries, _) => {
                let mut many = Vec::with_capacity(2 * FEW);
                many.extend(mem::replace(entries, [NONE; FEW]));
                many.push(entry);
                *self = Self::Many(many);
            }
            Self::Many(entries) => entries.push(entry),
        }
    }
}

impl Default for Entries<'_> {
    fn default() -> Self {
        Self::Few([NONE; FEW], 0)
    }
}

/// A field was refused, because no document could hold it.
///
/// ```
/// let error = wxpay_xml::Fields::new().push("return_msg", "OK\0").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"the value of "return_msg" has '\0' at byte 2, which xml does not allow"#
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The name is not well-formed.
    #[error(
        "{name:?} is no field name: it must be an ascii letter or _, then letters, digits, _, - and ."
    )]
    Name {
        /// The name that was given.
        name: String,
    },
    /// There is a field of that name already.
    #[error("the field {name:?} is given more than once")]
    Duplicate {
        /// The name that was given again.
        name: String,
    },
    /// The value has a character that XML 1.0 does not allow even escaped: most control characters,
    /// U+FFFE and U+FFFF.
    #[error("the value of {name:?} has {character:?} at byte {offset}, which xml does not allow")]
    Character {
        /// The field's name.
        name: String,
        /// The first such character.
        character: char,
        /// Its offset in the value, in bytes.
        offset: usize,
    },
}

/// Whether a field may have the name: an ASCII letter or `_`, then ASCII letters, digits, `_`, `-`
/// and `.`.
///
/// XML also allows the colon, which is for namespaces, and letters beyond ASCII, which no field of
/// the API has and readers treat differently.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// The first character that XML 1.0 does not allow, and its offset in bytes.
pub(crate) fn first_illegal(text: &str) -> Option<(usize, char)> {
    // Control characters, and the first byte of U+FFFE and U+FFFF. Nearly every document has
    // neither, and this search compares many bytes at a time.
    let may_start =
        |byte: u8| byte == 0xef || byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    let bytes = text.bytes();
    let is_there = bytes.fold(false, |found, byte| found | may_start(byte));
    let searched = if is_there { text } else { "" };
    searched.char_indices().find(|it| !is_legal(it.1))
}

/// Whether XML 1.0 allows the character, raw or by reference: its `Char`.
pub(crate) fn is_legal(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}
