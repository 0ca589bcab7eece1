//! The pieces that a document is cut into, one by one.

use crate::{ErrorKind, chars::is_space};

/// One piece of a document.
pub(super) enum Token<'a> {
    /// `<a>`, with whatever stands in it.
    Start(Tag<'a>),
    /// `<a/>`, likewise.
    Empty(Tag<'a>),
    /// `</a>`, by its name. Anything else in it is a part of the name.
    End(&'a str),
    /// Text up to the next markup or reference. It may hold a raw `]]>`.
    Text(&'a str),
    /// What is inside of a CDATA section.
    CData(&'a str),
    /// What is between `&` and `;`.
    Reference(&'a str),
    /// `<!--…-->`
    Comment,
    /// `<?xml …?>`
    Declaration,
    /// Any other `<?…?>`.
    Instruction,
    /// The end of the input.
    Eof,
}

/// A start tag.
pub(super) struct Tag<'a> {
    /// Everything up to white space, so not necessarily a name, but never empty.
    pub(super) name: &'a str,
    /// Everything after the name, with the white space before it.
    pub(super) attributes: &'a str,
}

/// A token and its length, or what is wrong with the one that starts here.
type Cut<'a> = Result<(Token<'a>, usize), ErrorKind>;

const COMMENT: &str = "<!--";
const CDATA: &str = "<![CDATA[";
const DOCTYPE: &str = "<!DOCTYPE";

/// Cuts the first token off.
pub(super) fn first(rest: &str) -> Cut<'_> {
    match rest.as_bytes() {
        [] => Ok((Token::Eof, 0)),
        [b'&', ..] => reference(rest),
        [b'<', b'!', ..] => declaration_or_section(rest),
        [b'<', b'?', ..] => instruction(rest),
        [b'<', b'/', ..] => {
            let (inside, len) = tag(rest, "</".len())?;
            Ok((Token::End(inside.trim_end_matches(is_space)), len))
        }
        [b'<', ..] => start(rest),
        bytes => {
            let is_markup = |&byte: &u8| matches!(byte, b'<' | b'&');
            let len = bytes.iter().position(is_markup).unwrap_or(bytes.len());
            Ok((Token::Text(&rest[..len]), len))
        }
    }
}

fn reference(rest: &str) -> Cut<'_> {
    let name = &rest["&".len()..];
    let end = name.find([';', '&', '<']).ok_or(ErrorKind::Truncated)?;
    if name.as_bytes()[end] != b';' {
        return Err(ErrorKind::Malformed);
    }
    Ok((Token::Reference(&name[..end]), "&;".len() + end))
}

/// What starts with `<!`. A document type declaration is refused without a look at what is in it.
fn declaration_or_section(rest: &str) -> Cut<'_> {
    if let Some(after) = rest.strip_prefix(CDATA) {
        let end = find(after, b"]]>").ok_or(ErrorKind::Truncated)?;
        Ok((Token::CData(&after[..end]), CDATA.len() + end + "]]>".len()))
    } else if let Some(after) = rest.strip_prefix(COMMENT) {
        let end = find(after, b"-->").ok_or(ErrorKind::Truncated)?;
        // Also of `--->`, where the first two hyphens are not yet the end.
        if find(after, b"--") != Some(end) {
            return Err(ErrorKind::Malformed);
        }
        Ok((Token::Comment, COMMENT.len() + end + "-->".len()))
    } else if starts_ignoring_case(rest, DOCTYPE) {
        Err(ErrorKind::Doctype)
    } else if [COMMENT, CDATA, DOCTYPE]
        .iter()
        .any(|opening| opening.starts_with(rest))
    {
        Err(ErrorKind::Truncated)
    } else {
        Err(ErrorKind::Malformed)
    }
}

fn instruction(rest: &str) -> Cut<'_> {
    let inside = &rest["<?".len()..];
    // `<?>` has one `?`, which cannot be both the first and the last.
    if inside.starts_with('>') {
        return Err(ErrorKind::Malformed);
    }
    let end = find(inside, b"?>").ok_or(ErrorKind::Truncated)?;
    let token = match inside[..end].strip_prefix("xml") {
        Some(rest) if rest.is_empty() || rest.starts_with(is_space) => Token::Declaration,
        _ => Token::Instruction,
    };
    Ok((token, "<??>".len() + end))
}

fn start(rest: &str) -> Cut<'_> {
    let (inside, len) = tag(rest, "<".len())?;
    let (inside, is_empty) = match inside.strip_suffix('/') {
        Some(inside) => (inside, true),
        None => (inside, false),
    };
    let (name, attributes) = inside.split_at(inside.find(is_space).unwrap_or(inside.len()));
    if name.is_empty() {
        return Err(ErrorKind::Malformed);
    }
    let tag = Tag { name, attributes };
    let token = if is_empty {
        Token::Empty(tag)
    } else {
        Token::Start(tag)
    };
    Ok((token, len))
}

/// What is inside of a tag, after its opening of so many bytes, and the tag's length. A `>` within
/// quotes does not end it.
fn tag(rest: &str, opening: usize) -> Result<(&str, usize), ErrorKind> {
    let inside = &rest[opening..];
    let mut quote = None;
    for (index, byte) in inside.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Ok((&inside[..index], opening + index + ">".len())),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    Err(ErrorKind::Truncated)
}

/// Without the searcher that `str::find` prepares: most of what is searched is short.
fn find(text: &str, wanted: &[u8]) -> Option<usize> {
    let mut windows = text.as_bytes().windows(wanted.len());
    windows.position(|window| window == wanted)
}

fn starts_ignoring_case(text: &str, start: &str) -> bool {
    let text = text.get(..start.len());
    text.is_some_and(|text| text.eq_ignore_ascii_case(start))
}
