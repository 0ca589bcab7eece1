//! The fields of a document.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

mod entries;
mod invalid;
mod iter;

use entries::Entries;

pub use invalid::InvalidField;
pub use iter::Iter;

use crate::{Error, Limits, chars, name, read, write};

/// The fields of one flat document, in its order.
///
/// They always make a valid document: names are well-formed and occur once, values hold only
/// characters that XML allows. So [`to_xml`](Self::to_xml) cannot fail, and what it writes is read
/// back as the same fields.
///
/// What was parsed borrows from the input: names always, values where nothing had to be unescaped or
/// put together. [`into_owned`](Self::into_owned) lets go of the input.
///
/// Two are equal when they have the same fields in the same order. `Debug` shows names and values:
/// do not log what must not be seen.
///
/// ```
/// use wxpay_xml::Fields;
///
/// let fields = Fields::parse("<xml><b>2</b><a><![CDATA[1]]></a></xml>")?;
/// assert_eq!(fields.get("a"), Some("1"));
/// assert!(fields.iter().eq([("b", "2"), ("a", "1")]));
/// assert_eq!(format!("{fields:?}"), r#"{"b": "2", "a": "1"}"#);
/// # Ok::<(), wxpay_xml::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Fields<'a> {
    entries: Entries<'a>,
    /// Where in `entries` the names after the first [`SCANNED`] are.
    positions: BTreeMap<Cow<'a, str>, usize>,
}

/// So many names are compared one by one, which for a reply is faster than to keep an index and
/// allocates nothing. Documents with more fields, which the default limits refuse, have an index of
/// the rest: the time for each field stays bounded.
const SCANNED: usize = 64;

impl<'a> Fields<'a> {
    /// No fields: the document `<xml></xml>`.
    ///
    /// ```
    /// use wxpay_xml::Fields;
    ///
    /// assert!(Fields::new().is_empty());
    /// assert_eq!(Fields::parse("<xml/>")?, Fields::new());
    /// # Ok::<(), wxpay_xml::Error>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a document, within the default [`Limits`].
    ///
    /// Values are kept byte for byte, white space around them included, for that is what was signed.
    /// This departs from XML in one point, on purpose: line ends are left as they are, so that a raw
    /// CR LF stays CR LF, where a conforming reader would give LF.
    ///
    /// # Errors
    ///
    /// [`Error`] for everything that is not one flat document in UTF-8; the
    /// [kinds](crate::ErrorKind) tell what is refused.
    ///
    /// ```
    /// use wxpay_xml::{ErrorKind, Fields};
    ///
    /// let reply = b"<xml>\n<return_code><![CDATA[SUCCESS]]></return_code>\n</xml>";
    /// assert_eq!(Fields::parse(reply)?.get("return_code"), Some("SUCCESS"));
    ///
    /// let error = Fields::parse("<xml><a>1</a><a>2</a></xml>").unwrap_err();
    /// assert_eq!((error.kind(), error.offset()), (ErrorKind::DuplicateName, 13));
    /// # Ok::<(), wxpay_xml::Error>(())
    /// ```
    pub fn parse(input: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, Error> {
        Self::parse_with(input, Limits::default())
    }

    /// Reads a document, within the limits that are given.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    ///
    /// ```
    /// use wxpay_xml::{ErrorKind, Fields, Limits};
    ///
    /// let document = "<xml><bill>…</bill></xml>";
    /// let error = Fields::parse_with(document, Limits::new().max_bytes(10)).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::TooLong);
    /// ```
    pub fn parse_with(
        input: &'a (impl AsRef<[u8]> + ?Sized),
        limits: Limits,
    ) -> Result<Self, Error> {
        read::read(input.as_ref(), limits)
    }

    /// Adds a field at the end.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] when no document could hold the field: its name is not an ASCII letter or
    /// `_` followed by ASCII letters, digits, `_`, `-` and `.`; there is a field of that name; its
    /// value has a character that XML does not allow. The fields are then as before.
    ///
    /// ```
    /// use wxpay_xml::{Fields, InvalidField};
    ///
    /// let mut fields = Fields::new();
    /// fields.push("return_code", "FAIL")?;
    /// fields.push("return_msg", format!("no field {}", "sign"))?;
    ///
    /// let error = fields.push("return_code", "SUCCESS").unwrap_err();
    /// assert!(matches!(error, InvalidField::Duplicate { .. }));
    /// # Ok::<(), InvalidField>(())
    /// ```
    pub fn push(
        &mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Cow<'a, str>>,
    ) -> Result<(), InvalidField> {
        let (name, value) = (name.into(), value.into());
        if !name::is_name(&name) {
            return Err(InvalidField::Name { name: name.into() });
        }
        if self.position(&name).is_some() {
            return Err(InvalidField::Duplicate { name: name.into() });
        }
        if let Some((offset, character)) = chars::first_illegal(&value) {
            return Err(InvalidField::Character {
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

    /// The value of the field, or `None` when there is no such field. The value of `<a/>` and of
    /// `<a></a>` is `Some("")`.
    ///
    /// ```
    /// let fields = wxpay_xml::Fields::parse("<xml><a/></xml>")?;
    /// assert_eq!((fields.get("a"), fields.get("b")), (Some(""), None));
    /// # Ok::<(), wxpay_xml::Error>(())
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.entries.as_slice().get(self.position(name)?)?;
        Some(value)
    }

    /// The fields as pairs of name and value, in their order.
    ///
    /// ```
    /// let fields = wxpay_xml::Fields::parse("<xml><b>2</b><a>1</a><sign>5D</sign></xml>")?;
    /// let signed = fields.iter().filter(|&(name, _)| name != "sign");
    /// assert!(signed.eq([("b", "2"), ("a", "1")]));
    /// # Ok::<(), wxpay_xml::Error>(())
    /// ```
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter::new(self.entries.as_slice())
    }

    /// How many fields there are.
    ///
    /// ```
    /// let fields = wxpay_xml::Fields::parse("<xml><a>1</a><b/></xml>")?;
    /// assert_eq!(fields.len(), 2);
    /// # Ok::<(), wxpay_xml::Error>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.as_slice().len()
    }

    /// Whether there is no field.
    ///
    /// ```
    /// use wxpay_xml::Fields;
    ///
    /// assert!(Fields::parse("<xml></xml>")?.is_empty());
    /// assert!(!Fields::parse("<xml><a></a></xml>")?.is_empty());
    /// # Ok::<(), wxpay_xml::Error>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.as_slice().is_empty()
    }

    /// Writes the document, in the form of the API's own examples: a field a line, values in CDATA,
    /// without a declaration, UTF-8.
    ///
    /// Any reader of XML gets the values as they are: `]]>` is split over two sections, and a CR is
    /// written as `&#13;` between two, because a raw one would be read as LF. An empty value is an
    /// empty section.
    ///
    /// ```
    /// use wxpay_xml::Fields;
    ///
    /// let mut fields = Fields::new();
    /// fields.push("a", "1 < 2")?;
    /// fields.push("b", "]]>")?;
    /// fields.push("c", "")?;
    /// assert_eq!(
    ///     fields.to_xml(),
    ///     "<xml>\n\
    ///      <a><![CDATA[1 < 2]]></a>\n\
    ///      <b><![CDATA[]]]]><![CDATA[>]]></b>\n\
    ///      <c><![CDATA[]]></c>\n\
    ///      </xml>"
    /// );
    /// # Ok::<(), wxpay_xml::InvalidField>(())
    /// ```
    #[must_use]
    pub fn to_xml(&self) -> String {
        write::write(self)
    }

    /// Copies what is borrowed, so that the fields may outlive the input.
    ///
    /// ```
    /// use wxpay_xml::{Error, Fields};
    ///
    /// fn read(body: Vec<u8>) -> Result<Fields<'static>, Error> {
    ///     Ok(Fields::parse(&body)?.into_owned())
    /// }
    /// # assert!(read(b"<xml/>".to_vec()).is_ok());
    /// ```
    #[must_use]
    pub fn into_owned(self) -> Fields<'static> {
        let mut owned = Fields::new();
        for (name, value) in self.entries {
            owned.insert(name.into_owned().into(), value.into_owned().into());
        }
        owned
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
    type IntoIter = Iter<'f>;

    fn into_iter(self) -> Iter<'f> {
        self.iter()
    }
}
