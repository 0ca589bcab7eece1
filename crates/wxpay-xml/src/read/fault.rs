//! What an error of quick-xml means here.

use quick_xml::errors::{Error, IllFormedError};

use crate::ErrorKind;

/// The kind of the fault in the construct at the start of `rest`, which is all that was left to
/// read.
///
/// quick-xml says "not closed" of what is not closed and of what was never rightly opened, such as
/// `<![cdata[`; only the first is a truncated document.
pub(super) fn kind(error: &Error, rest: &str) -> ErrorKind {
    match error {
        Error::IllFormed(
            IllFormedError::UnmatchedEndTag(_) | IllFormedError::MismatchedEndTag { .. },
        ) => ErrorKind::MismatchedEndTag,
        Error::IllFormed(IllFormedError::UnclosedReference) if is_last_reference(rest) => {
            ErrorKind::Truncated
        }
        Error::IllFormed(IllFormedError::MissingDoctypeName) => ErrorKind::Doctype,
        Error::Syntax(_) => unclosed(rest),
        _ => ErrorKind::Malformed,
    }
}

/// Whether the reference runs to the end, so that more of the document might complete it.
fn is_last_reference(rest: &str) -> bool {
    !rest["&".len()..].contains(['&', '<'])
}

fn unclosed(rest: &str) -> ErrorKind {
    const DOCTYPE: &str = "<!DOCTYPE";
    let starts = rest.get(..DOCTYPE.len());
    if starts.is_some_and(|start| start.eq_ignore_ascii_case(DOCTYPE)) {
        return ErrorKind::Doctype;
    }
    let is_open = if rest.starts_with("<!") {
        ["<!--", "<![CDATA[", DOCTYPE]
            .iter()
            .any(|opening| rest.starts_with(opening) || opening.starts_with(rest))
    } else {
        // quick-xml takes the one `?` of this for both.
        !rest.starts_with("<?>")
    };
    if is_open {
        ErrorKind::Truncated
    } else {
        ErrorKind::Malformed
    }
}
