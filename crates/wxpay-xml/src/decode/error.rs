//! Why fields do not decode.

use std::fmt;

use serde::de;

/// The fields do not fit the type into which they were to be decoded.
///
/// Either the sender broke its contract or the type asks for too much: make a field that may be
/// missing an `Option`. To decode the same fields again gives the same error. Its text shows the
/// value that does not fit.
///
/// ```
/// use serde::Deserialize;
/// use wxpay_xml::{Fields, from_fields};
///
/// #[derive(Debug, Deserialize)]
/// struct Order {
///     total_fee: u32,
/// }
///
/// let fields = Fields::parse("<xml><total_fee>1.50</total_fee></xml>")?;
/// let error = from_fields::<Order>(&fields).unwrap_err();
/// assert_eq!(error.field(), Some("total_fee"));
/// assert_eq!(
///     error.to_string(),
///     r#"field "total_fee": invalid value: string "1.50", expected u32"#
/// );
/// # Ok::<(), wxpay_xml::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    field: Option<Box<str>>,
    message: Box<str>,
}

impl DecodeError {
    /// The name of the field that is missing or does not fit. `None` when it is none of one field,
    /// or when serde does not tell, as within `#[serde(flatten)]`.
    ///
    /// ```
    /// use wxpay_xml::{Fields, from_fields};
    ///
    /// #[derive(Debug, serde::Deserialize)]
    /// struct Reply {
    ///     media_id: String,
    /// }
    ///
    /// let error = from_fields::<Reply>(&Fields::new()).unwrap_err();
    /// assert_eq!(error.field(), Some("media_id"));
    /// let error = from_fields::<u32>(&Fields::new()).unwrap_err();
    /// assert_eq!(error.field(), None);
    /// ```
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    pub(super) fn in_field(mut self, name: &str) -> Self {
        self.field.get_or_insert_with(|| name.into());
        self
    }
}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            field: None,
            message: message.to_string().into(),
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom("missing").in_field(field)
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::custom("unknown, and unknown fields are denied").in_field(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::custom("given twice, under different names").in_field(field)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field() {
            Some(field) => write!(f, "field {field:?}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for DecodeError {}
