//! Reading: from bytes to fields.

use std::borrow::Cow;

use quick_xml::escape::resolve_xml_entity;

use crate::{
    error::{Error, ErrorKind},
    events::{Event, Events},
    fields::{Fields, first_illegal, is_legal, is_name},
};

/// The largest document that is read: by default 64 KiB and 64 fields. A response of the API has
/// some hundred bytes and about ten fields.
///
/// Both limits may be raised: the time of reading is in proportion to the length, and O(*n* log
/// *n*) for *n* fields; only values with something to unescape are copied.
///
/// ```
/// use wxpay_xml::{Fields, Limits};
///
/// let limits = Limits { max_fields: 1, ..Limits::default() };
/// assert!(Fields::parse_with("<xml><a>1</a><b>2</b></xml>", limits).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of bytes, from the byte order mark to the white space at the end. A longer
    /// document is refused unread.
    pub max_bytes: usize,
    /// Maximum number of fields. The first field too many ends the reading.
    pub max_fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 64 * 1024,
            max_fields: 64,
        }
    }
}

impl<'a> Fields<'a> {
    /// Reads a document, within the default [`Limits`].
    ///
    /// Values stay byte for byte as they were signed, with the white space around them. A raw CR LF
    /// stays CR LF, too, which a conforming XML reader changes to LF.
    ///
    /// # Errors
    ///
    /// [`Error`] for everything but one flat document in UTF-8; [`ErrorKind`] lists what is
    /// refused.
    pub fn parse(input: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, Error> {
        Self::parse_with(input, Limits::default())
    }

    /// Reads a document, within limits of the caller's.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_with(
        input: &'a (impl AsRef<[u8]> + ?Sized),
        limits: Limits,
    ) -> Result<Self, Error> {
        let text = text(input.as_ref(), limits)?;
        let mut events = Events::new(text);
        let root = match outside(&mut events, ErrorKind::StrayText)? {
            Some((at, "xml", attributes)) => {
                no_attributes("xml", attributes, at)?;
                at
            }
            Some((at, ..)) => return Err(Error::new(ErrorKind::WrongRoot, at)),
            None => return Err(Error::new(ErrorKind::NoRoot, text.len())),
        };
        let fields = fields(&mut events, root, limits)?;
        match outside(&mut events, ErrorKind::TrailingContent)? {
            Some((at, ..)) => Err(Error::new(ErrorKind::SecondRoot, at)),
            None => Ok(fields),
        }
    }
}

/// The document as text, with its byte order mark and its declaration.
fn text(input: &[u8], limits: Limits) -> Result<&str, Error> {
    /// The starts of documents in other charsets: the byte order marks of UTF-16 and UTF-32, and
    /// `<` in UTF-16 without a mark. UTF-32 in little endian starts as UTF-16 does.
    const WIDE: [&[u8]; 5] = [b"\xfe\xff", b"\xff\xfe", b"\0\0\xfe\xff", b"\0<", b"<\0"];
    if input.len() > limits.max_bytes {
        return Err(Error::new(ErrorKind::TooLong, limits.max_bytes));
    }
    if WIDE.iter().any(|start| input.starts_with(start)) {
        return Err(Error::new(ErrorKind::WrongCharset, 0));
    }
    // `from_utf8` is faster, and nearly every document is UTF-8.
    let text = str::from_utf8(input)
        .unwrap_or_else(|_| input.utf8_chunks().next().map_or("", |chunk| chunk.valid()));
    // The declared charset is checked first: it explains bytes that are not UTF-8.
    check_declaration(text)?;
    if text.len() < input.len() {
        return Err(Error::new(ErrorKind::InvalidUtf8, text.len()));
    }
    match first_illegal(text) {
        Some((at, _)) => Err(Error::new(ErrorKind::IllegalCharacter, at)),
        None => Ok(text),
    }
}

/// Checks the declaration at the start of the document, if there is one.
///
/// quick-xml does not check declarations. This runs before the document is text, so that another
/// charset is refused by its name.
///
/// ```text
/// XMLDecl ::= '<?xml' S 'version' Eq '"1.0"' (S 'encoding' Eq …)? (S 'standalone' Eq …)? S? '?>'
/// ```
fn check_declaration(text: &str) -> Result<(), Error> {
    let document = text.strip_prefix('\u{feff}').unwrap_or(text);
    let refuse = |kind| Err(Error::new(kind, text.len() - document.len()));
    let declaration = document.strip_prefix("<?xml");
    let declaration = declaration.and_then(|rest| rest.split_once("?>"));
    let Some((mut rest, _)) = declaration else {
        return Ok(());
    };
    // `<?xml-stylesheet …?>` is a processing instruction, which is refused later.
    if !rest.is_empty() && !rest.starts_with(is_space) {
        return Ok(());
    }
    let [version, encoding, standalone] =
        ["version", "encoding", "standalone"].map(|name| attribute(&mut rest, name));
    if version.is_none()
        || !rest.chars().all(is_space)
        || !matches!(standalone, None | Some("yes" | "no"))
    {
        return refuse(ErrorKind::Malformed);
    }
    if version != Some("1.0") {
        return refuse(ErrorKind::UnsupportedVersion);
    }
    // Java and PHP leave out the hyphen.
    let is = |name: &str| encoding.is_none_or(|it| it.eq_ignore_ascii_case(name));
    match is("utf-8") || is("utf8") {
        true => Ok(()),
        false => refuse(ErrorKind::WrongCharset),
    }
}

/// Takes ` name = "value"` from the front, if it is there, and returns the value.
fn attribute<'a>(rest: &mut &'a str, name: &str) -> Option<&'a str> {
    let skip = |text: &'a str| text.trim_start_matches(is_space);
    let named = skip(rest.strip_prefix(is_space)?).strip_prefix(name)?;
    let value = skip(skip(named).strip_prefix('=')?);
    let quote = value.chars().next().filter(|&it| it == '"' || it == '\'')?;
    let (value, after) = value[1..].split_once(quote)?;
    *rest = after;
    Some(value)
}

/// The offset, the name and the attributes of a start tag.
type Tag<'a> = (usize, &'a str, &'a str);

/// Skips white space outside of the root, up to a start tag; `None` at the end of the input.
fn outside<'a>(events: &mut Events<'a>, stray: ErrorKind) -> Result<Option<Tag<'a>>, Error> {
    loop {
        match events.next()? {
            (at, Event::Start { name, attributes }) => return Ok(Some((at, name, attributes))),
            (_, Event::Eof) => return Ok(None),
            (at, Event::Text(text)) => white_space(text, at, stray)?,
            (at, Event::End) => return Err(Error::new(ErrorKind::MismatchedEndTag, at)),
            (at, Event::CData(_) | Event::Reference(_)) => return Err(Error::new(stray, at)),
        }
    }
}

/// Reads the fields and the root's end tag.
fn fields<'a>(events: &mut Events<'a>, root: usize, limits: Limits) -> Result<Fields<'a>, Error> {
    let mut fields = Fields::new();
    loop {
        let (at, event) = events.next()?;
        match event {
            Event::Start { name, attributes } => {
                if !is_name(name) {
                    return Err(Error::new(ErrorKind::InvalidName, at));
                }
                no_attributes(name, attributes, at)?;
                if fields.len() >= limits.max_fields {
                    return Err(Error::new(ErrorKind::TooManyFields, at));
                }
                if fields.get(name).is_some() {
                    return Err(Error::new(ErrorKind::DuplicateName, at).in_field(name));
                }
                let value = value(events, at).map_err(|error| error.in_field(name))?;
                fields.insert(Cow::Borrowed(name), value);
            }
            Event::End => return Ok(fields),
            Event::Eof => return Err(Error::new(ErrorKind::Truncated, root)),
            Event::Text(text) => white_space(text, at, ErrorKind::StrayText)?,
            Event::CData(_) | Event::Reference(_) => {
                return Err(Error::new(ErrorKind::StrayText, at));
            }
        }
    }
}

/// Reads the value of the field that starts at the offset, and the field's end tag.
///
/// A value in one piece borrows from the document; one of several pieces or with a reference is a
/// copy.
fn value<'a>(events: &mut Events<'a>, field: usize) -> Result<Cow<'a, str>, Error> {
    let mut value = Cow::Borrowed("");
    loop {
        let (at, event) = events.next()?;
        match event {
            Event::Text(text) => match text.find("]]>") {
                Some(end) => return Err(Error::new(ErrorKind::Malformed, at + end)),
                None => value += text,
            },
            Event::CData(text) => value += text,
            Event::Reference(name) => {
                let char = referenced(name).map_err(|kind| Error::new(kind, at))?;
                value.to_mut().push(char);
            }
            Event::End => return Ok(value),
            Event::Start { .. } => return Err(Error::new(ErrorKind::Nested, at)),
            Event::Eof => return Err(Error::new(ErrorKind::Truncated, field)),
        }
    }
}

/// The character that `&name;` stands for: one of five entities, or a number, hexadecimal after an
/// `x`.
fn referenced(name: &str) -> Result<char, ErrorKind> {
    let (digits, radix) = match (name.strip_prefix("#x"), name.strip_prefix('#')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) => (digits, 10),
        (None, None) => {
            let character = resolve_xml_entity(name).and_then(|text| text.chars().next());
            return character.ok_or(match is_name(name) {
                true => ErrorKind::UnknownEntity,
                false => ErrorKind::Malformed,
            });
        }
    };
    // `from_str_radix` takes a sign.
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(ErrorKind::Malformed);
    }
    let number = u32::from_str_radix(digits, radix).ok();
    let char = number.and_then(char::from_u32).filter(|&it| is_legal(it));
    char.ok_or(ErrorKind::IllegalCharacter)
}

/// Refuses an attribute, and anything else in a start tag, at its first byte.
fn no_attributes(name: &str, attributes: &str, at: usize) -> Result<(), Error> {
    let mut characters = attributes.char_indices();
    let Some((offset, first)) = characters.find(|&(_, it)| !is_space(it)) else {
        return Ok(());
    };
    let kind = match first == '_' || first == ':' || first.is_alphabetic() {
        true => ErrorKind::Attribute,
        false => ErrorKind::Malformed,
    };
    Err(Error::new(kind, at + "<".len() + name.len() + offset))
}

/// Refuses text between elements, at its first character that is not white space.
fn white_space(text: &str, at: usize, kind: ErrorKind) -> Result<(), Error> {
    match text.find(|char| !is_space(char)) {
        Some(first) => Err(Error::new(kind, at + first)),
        None => Ok(()),
    }
}

/// White space between elements, the `S` of XML, has fewer characters than Unicode's.
fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\r' | '\n')
}
