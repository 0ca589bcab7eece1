//! The canonical string: one sequence of pieces, to be shown and to be hashed.

use core::fmt;

/// What stands in place of the key. Its length says nothing of the key's.
const MASK: &str = "********";

/// The string that is signed, without the key: `a=1&b=2`.
///
/// [`Display`](fmt::Display) writes it piece by piece; no string is built unless the caller builds
/// one. It is written raw, as it is hashed: escape it before it goes to a terminal if the values are
/// a stranger's.
///
/// ```
/// use wxpay_sign::Params;
///
/// let params = Params::new([("mch_id", "1000000000"), ("media_hash", "709d")])?;
/// assert_eq!(params.canonical().to_string(), "mch_id=1000000000&media_hash=709d");
/// # Ok::<(), wxpay_sign::DuplicateName>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Canonical<'p> {
    /// Sorted, none empty, no name twice.
    pairs: &'p [(&'p str, &'p str)],
}

impl<'p> Canonical<'p> {
    pub(crate) fn new(pairs: &'p [(&'p str, &'p str)]) -> Self {
        Self { pairs }
    }

    /// The whole string that is signed, with asterisks in place of the key.
    ///
    /// ```
    /// use wxpay_sign::Params;
    ///
    /// let params = Params::new([("a", "1")])?;
    /// assert_eq!(params.canonical().masked().to_string(), "a=1&key=********");
    /// # Ok::<(), wxpay_sign::DuplicateName>(())
    /// ```
    #[must_use]
    pub fn masked(self) -> Masked<'p> {
        Masked { canonical: self }
    }

    /// The string that is signed: this one, `&key=` and the key.
    pub(crate) fn with_key(self, key: &'p str) -> impl Iterator<Item = &'p str> {
        self.pieces().chain(["&key=", key])
    }

    fn pieces(self) -> impl Iterator<Item = &'p str> {
        self.pairs
            .iter()
            .enumerate()
            .flat_map(|(index, &(name, value))| {
                let separator = if index == 0 { "" } else { "&" };
                [separator, name, "=", value]
            })
    }
}

impl fmt::Display for Canonical<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().try_for_each(|piece| f.write_str(piece))
    }
}

/// The whole string that is signed, with asterisks in place of the key: `a=1&b=2&key=********`.
///
/// For people; [`Canonical`] is what to compare. It has never seen the key.
///
/// ```
/// use wxpay_sign::Params;
///
/// let none = Params::new([])?;
/// assert_eq!(none.canonical().masked().to_string(), "&key=********");
/// # Ok::<(), wxpay_sign::DuplicateName>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Masked<'p> {
    canonical: Canonical<'p>,
}

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.canonical
            .with_key(MASK)
            .try_for_each(|piece| f.write_str(piece))
    }
}
