//! Why a field is refused.

/// A field was refused, because no document could hold it.
///
/// Each is the caller's to mend; to push the same again fails again.
///
/// ```
/// use wxpay_xml::Fields;
///
/// let error = Fields::new().push("return_msg", "OK\0").unwrap_err();
/// assert_eq!(error.name(), "return_msg");
/// assert_eq!(
///     error.to_string(),
///     r#"the value of "return_msg" has '\0' at byte 2, which xml does not allow"#
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidField {
    /// The name is not one.
    #[error(
        "{name:?} is no field name: it must be an ascii letter or _, then letters, digits, _, - and ."
    )]
    Name {
        /// The name that was given.
        name: String,
    },
    /// There is a field of that name already.
    #[error("the field {name:?} is given more than once")]
    Duplicate {
        /// The name that was given again.
        name: String,
    },
    /// The value has a character that XML 1.0 does not allow, not even escaped: most control
    /// characters, U+FFFE and U+FFFF.
    #[error("the value of {name:?} has {character:?} at byte {offset}, which xml does not allow")]
    Character {
        /// The field's name.
        name: String,
        /// The first such character.
        character: char,
        /// Where it starts in the value, in bytes.
        offset: usize,
    },
}

impl InvalidField {
    /// The name of the field that was refused, whatever is wrong with it.
    ///
    /// ```
    /// let error = wxpay_xml::Fields::new().push("media id", "9UYf").unwrap_err();
    /// assert_eq!(error.name(), "media id");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Name { name } | Self::Duplicate { name } | Self::Character { name, .. } => name,
        }
    }
}
