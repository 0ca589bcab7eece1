//! The list of the fields.

use std::borrow::Cow;
use std::mem;

/// A name and a value.
pub(super) type Entry<'a> = (Cow<'a, str>, Cow<'a, str>);

/// So many are kept in place: a success has five fields, a refusal up to seven.
const FEW: usize = 8;

const NONE: Entry<'static> = (Cow::Borrowed(""), Cow::Borrowed(""));

/// The fields in their order; a reply's few are kept without an allocation.
///
/// Not a `SmallVec`, through which a `Fields<'static>` could not stand where a shorter lifetime is
/// wanted.
#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "the few are in place so that nothing is allocated for them"
)]
pub(super) enum Entries<'a> {
    /// The entries in use, and how many they are.
    Few([Entry<'a>; FEW], usize),
    Many(Vec<Entry<'a>>),
}

impl<'a> Entries<'a> {
    pub(super) fn as_slice(&self) -> &[Entry<'a>] {
        match self {
            Self::Few(entries, length) => &entries[..*length],
            Self::Many(entries) => entries,
        }
    }

    pub(super) fn push(&mut self, entry: Entry<'a>) {
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

impl<'a> IntoIterator for Entries<'a> {
    type Item = Entry<'a>;
    type IntoIter = std::vec::IntoIter<Entry<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        match self {
            Self::Few(entries, length) => {
                let mut few = Vec::from(entries);
                few.truncate(length);
                few.into_iter()
            }
            Self::Many(entries) => entries.into_iter(),
        }
    }
}
