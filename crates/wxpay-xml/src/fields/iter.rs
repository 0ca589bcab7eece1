//! The fields, one after the other.

use std::borrow::Cow;
use std::iter::FusedIterator;
use std::slice;

/// The fields of a document as pairs of name and value, in its order: what
/// [`Fields::iter`](crate::Fields::iter) returns.
///
/// ```
/// use wxpay_xml::Fields;
///
/// let fields = Fields::parse("<xml><b>2</b><a>1</a></xml>")?;
/// assert_eq!(fields.iter().len(), 2);
/// assert_eq!(fields.iter().next_back(), Some(("a", "1")));
/// # Ok::<(), wxpay_xml::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Iter<'f> {
    entries: slice::Iter<'f, (Cow<'f, str>, Cow<'f, str>)>,
}

impl<'f> Iter<'f> {
    pub(super) fn new(entries: &'f [(Cow<'f, str>, Cow<'f, str>)]) -> Self {
        Self {
            entries: entries.iter(),
        }
    }
}

impl<'f> Iterator for Iter<'f> {
    type Item = (&'f str, &'f str);

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next().map(as_strs)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.entries.next_back().map(as_strs)
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl FusedIterator for Iter<'_> {}

fn as_strs<'f>((name, value): &'f (Cow<'_, str>, Cow<'_, str>)) -> (&'f str, &'f str) {
    (name, value)
}
