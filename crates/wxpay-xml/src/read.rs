//! Reading: bytes to fields.

mod declaration;
mod document;
mod events;
mod fault;
mod reference;

use std::borrow::Cow;

use self::events::{Event, Events, Tag};
use crate::{Error, ErrorKind, Fields, Limits, chars, name};

/// Reads one document: what is before the root, the root with its fields, what is after it.
pub(crate) fn read(input: &[u8], limits: Limits) -> Result<Fields<'_>, Error> {
    let text = document::text(input, limits)?;
    let mut events = Events::new(text);
    let root = root(&mut events, text)?;
    let fields = fields(&mut events, root, limits)?;
    end(&mut events)?;
    Ok(fields)
}

/// Reads up to the start of the root, and returns the offset of its tag.
fn root(events: &mut Events<'_>, text: &str) -> Result<usize, Error> {
    loop {
        let (at, event) = events.next()?;
        match event {
            Event::Start(tag) if tag.name == "xml" => {
                no_attributes(&tag, at)?;
                return Ok(at);
            }
            Event::Start(_) => return Err(Error::new(ErrorKind::WrongRoot, at)),
            Event::End => return Err(Error::new(ErrorKind::MismatchedEndTag, at)),
            Event::Eof => return Err(Error::new(ErrorKind::NoRoot, text.len())),
            Event::Text(text) => white_space(text, at, ErrorKind::StrayText)?,
            Event::CData(_) | Event::Reference(_) => {
                return Err(Error::new(ErrorKind::StrayText, at));
            }
        }
    }
}

/// Reads the fields and the root's end tag.
fn fields<'a>(events: &mut Events<'a>, root: usize, limits: Limits) -> Result<Fields<'a>, Error> {
    let mut fields = Fields::new();
    loop {
        let (at, event) = events.next()?;
        match event {
            Event::Start(tag) => {
                if !name::is_name(tag.name) {
                    return Err(Error::new(ErrorKind::InvalidName, at));
                }
                no_attributes(&tag, at)?;
                if fields.len() >= limits.max_fields {
                    return Err(Error::new(ErrorKind::TooManyFields, at));
                }
                if fields.get(tag.name).is_some() {
                    return Err(Error::new(ErrorKind::DuplicateName, at).in_field(tag.name));
                }
                let value = value(events, at).map_err(|error| error.in_field(tag.name))?;
                fields.insert(Cow::Borrowed(tag.name), value);
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
/// A value in one piece borrows from the document; of several pieces, or with a reference in it, it
/// is put together.
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
                let char = reference::resolve(name).map_err(|kind| Error::new(kind, at))?;
                value.to_mut().push(char);
            }
            Event::End => return Ok(value),
            Event::Start(_) => return Err(Error::new(ErrorKind::Nested, at)),
            Event::Eof => return Err(Error::new(ErrorKind::Truncated, field)),
        }
    }
}

/// Reads what is after the root.
fn end(events: &mut Events<'_>) -> Result<(), Error> {
    loop {
        let (at, event) = events.next()?;
        match event {
            Event::Eof => return Ok(()),
            Event::Start(_) => return Err(Error::new(ErrorKind::SecondRoot, at)),
            Event::End => return Err(Error::new(ErrorKind::MismatchedEndTag, at)),
            Event::Text(text) => white_space(text, at, ErrorKind::TrailingContent)?,
            Event::CData(_) | Event::Reference(_) => {
                return Err(Error::new(ErrorKind::TrailingContent, at));
            }
        }
    }
}

/// Refuses an attribute, and anything else in a start tag, at its first byte.
fn no_attributes(tag: &Tag<'_>, at: usize) -> Result<(), Error> {
    let attributes = tag.attributes.trim_start_matches(chars::is_space);
    match attributes.chars().next() {
        None => Ok(()),
        Some(first) => {
            let kind = if first.is_alphabetic() || matches!(first, '_' | ':') {
                ErrorKind::Attribute
            } else {
                ErrorKind::Malformed
            };
            let skipped = tag.attributes.len() - attributes.len();
            let name = "<".len() + tag.name.len();
            Err(Error::new(kind, at + name + skipped))
        }
    }
}

/// Refuses text between elements, at its first character that is not white space.
fn white_space(text: &str, at: usize, kind: ErrorKind) -> Result<(), Error> {
    match text.find(|char| !chars::is_space(char)) {
        Some(first) => Err(Error::new(kind, at + first)),
        None => Ok(()),
    }
}
