//! The XML declaration.

use crate::{Error, ErrorKind, chars::is_space};

/// Checks the declaration at the start of the document, if there is one.
///
/// quick-xml hands out declarations without looking at them, and only after the document has become
/// text. This looks before, so that the charset that a document names can be refused as such.
///
/// ```text
/// XMLDecl ::= '<?xml' S 'version' Eq '"1.0"' (S 'encoding' Eq …)? (S 'standalone' Eq …)? S? '?>'
/// ```
pub(super) fn check(text: &str) -> Result<(), Error> {
    let document = text.strip_prefix('\u{feff}').unwrap_or(text);
    let at = text.len() - document.len();
    match document
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split_once("?>"))
    {
        // `<?xml-stylesheet …?>` is a processing instruction, and not this module's.
        Some((inside, _)) if inside.is_empty() || inside.starts_with(is_space) => {
            check_inside(inside).map_err(|kind| Error::new(kind, at))
        }
        _ => Ok(()),
    }
}

fn check_inside(mut rest: &str) -> Result<(), ErrorKind> {
    let version = attribute(&mut rest, "version").ok_or(ErrorKind::Malformed)?;
    let encoding = attribute(&mut rest, "encoding");
    let standalone = attribute(&mut rest, "standalone");
    if !rest.chars().all(is_space) || !matches!(standalone, None | Some("yes" | "no")) {
        return Err(ErrorKind::Malformed);
    }
    if version != "1.0" {
        return Err(ErrorKind::UnsupportedVersion);
    }
    match encoding {
        // Java and PHP write it without the hyphen.
        Some(encoding)
            if !["utf-8", "utf8"]
                .iter()
                .any(|utf8| encoding.eq_ignore_ascii_case(utf8)) =>
        {
            Err(ErrorKind::WrongCharset)
        }
        _ => Ok(()),
    }
}

/// Takes ` name = "value"` from the front, if that is what stands there.
fn attribute<'a>(rest: &mut &'a str, name: &str) -> Option<&'a str> {
    let after_name = rest
        .strip_prefix(is_space)?
        .trim_start_matches(is_space)
        .strip_prefix(name)?;
    let quoted = after_name
        .trim_start_matches(is_space)
        .strip_prefix('=')?
        .trim_start_matches(is_space);
    let (value, after) = match quoted.strip_prefix('"') {
        Some(value) => value.split_once('"')?,
        None => quoted.strip_prefix('\'')?.split_once('\'')?,
    };
    *rest = after;
    Some(value)
}
