//! The canonical string as a sequence of pieces, which are shown or hashed.

use core::fmt;

/// Shown in place of the key. Its length is not the key's.
const MASK: &str = "********";

/// A name and a value: a pair of anything that is `AsRef<str>`, or a reference to one.
///
/// So maps, slices of pairs and owned strings need no conversion.
pub trait Pair {
    /// The name.
    fn name(&self) -> &str;
    /// The value.
    fn value(&self) -> &str;
}

impl<N: AsRef<str>, V: AsRef<str>> Pair for (N, V) {
    fn name(&self) -> &str {
        self.0.as_ref()
    }

    fn value(&self) -> &str {
        self.1.as_ref()
    }
}

impl<P: Pair> Pair for &P {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn value(&self) -> &str {
        (**self).value()
    }
}

/// The string that is signed, without the key: `a=1&b=2`.
///
/// [`Display`](fmt::Display) writes it piece by piece, without an allocation, and raw, as it is
/// hashed: escape the values of a stranger before a terminal shows them.
///
/// ```
/// use wxpay_sign::Params;
///
/// let params = Params::new([("b", "2"), ("a", "1")])?;
/// assert_eq!(params.canonical().to_string(), "a=1&b=2");
/// assert_eq!(params.canonical().masked().to_string(), "a=1&b=2&key=********");
/// # Ok::<(), wxpay_sign::DuplicateNameError>(())
/// ```
#[derive(Debug)]
pub struct Canonical<'p, P> {
    /// Sorted, none empty, no name twice.
    pub(crate) pairs: &'p [P],
    pub(crate) masked: bool,
}

impl<'p, P: Pair> Canonical<'p, P> {
    /// The whole string that is signed, with asterisks in place of the key.
    #[must_use]
    pub fn masked(self) -> Self {
        Self {
            masked: true,
            ..self
        }
    }

    /// The pieces of the string that is hashed: this one, `&key=` and the key.
    pub(crate) fn with_key(self, key: &'p str) -> impl Iterator<Item = &'p str> {
        pieces(self.pairs).chain(["&key=", key])
    }
}

fn pieces<P: Pair>(pairs: &[P]) -> impl Iterator<Item = &str> {
    pairs.iter().enumerate().flat_map(|(index, pair)| {
        let separator = if index == 0 { "" } else { "&" };
        [separator, pair.name(), "=", pair.value()]
    })
}

impl<P: Pair> fmt::Display for Canonical<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pieces(self.pairs).try_for_each(|piece| f.write_str(piece))?;
        match self.masked {
            true => write!(f, "&key={MASK}"),
            false => Ok(()),
        }
    }
}
