//! How much is read.

/// How large a document may be to be read.
///
/// By default 64 KiB and 64 fields: a reply of the API has some hundred bytes and about ten fields.
/// The limits are on reading; what is built with [`Fields::push`](crate::Fields::push) is the
/// caller's own and has none.
///
/// Reading takes memory in proportion to the number of fields, and copies only those values in which
/// something has to be unescaped. Its time grows with the document's length, and with the number of
/// fields as *n* log *n*, so that both limits may be raised without fear of more than that.
///
/// ```
/// use wxpay_xml::{ErrorKind, Fields, Limits};
///
/// let limits = Limits::new().max_fields(1);
/// assert!(Fields::parse_with("<xml><a>1</a></xml>", limits).is_ok());
///
/// let error = Fields::parse_with("<xml><a>1</a><b>2</b></xml>", limits).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::TooManyFields);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    pub(crate) max_bytes: usize,
    pub(crate) max_fields: usize,
}

impl Limits {
    /// The default limits: 65,536 bytes and 64 fields.
    ///
    /// ```
    /// use wxpay_xml::Limits;
    ///
    /// assert_eq!(Limits::new(), Limits::new().max_bytes(65_536).max_fields(64));
    /// ```
    pub const fn new() -> Self {
        Self {
            max_bytes: 64 * 1024,
            max_fields: 64,
        }
    }

    /// A document of at most so many bytes is read: everything counts, from the byte order mark to
    /// the white space at the end. A longer one is refused before anything of it is looked at.
    ///
    /// ```
    /// use wxpay_xml::{ErrorKind, Fields, Limits};
    ///
    /// assert!(Fields::parse_with("<xml/>", Limits::new().max_bytes(6)).is_ok());
    ///
    /// let error = Fields::parse_with("<xml/>\n", Limits::new().max_bytes(6)).unwrap_err();
    /// assert_eq!((error.kind(), error.offset()), (ErrorKind::TooLong, 6));
    /// ```
    pub const fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// A document of at most so many fields is read. The first field too many ends the reading.
    ///
    /// ```
    /// use wxpay_xml::{Fields, Limits};
    ///
    /// assert!(Fields::parse_with("<xml/>", Limits::new().max_fields(0)).is_ok());
    /// assert!(Fields::parse_with("<xml><a/></xml>", Limits::new().max_fields(0)).is_err());
    /// ```
    pub const fn max_fields(mut self, fields: usize) -> Self {
        self.max_fields = fields;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
