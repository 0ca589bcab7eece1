//! Decoding of fields into a type of the caller's, by serde.

use std::fmt;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, Unexpected, Visitor,
    value::BorrowedStrDeserializer,
};

use crate::fields::Fields;

/// Decodes the fields into a struct, or another type that serde reads from a map.
///
/// | Rust | value |
/// |---|---|
/// | `String`, `&str`, `Cow<str>`, `char` | as it is; `&str` borrows from `fields` |
/// | integers, `f32`, `f64` | as their `FromStr` reads them: no white space around them |
/// | `bool` | `true`, `false`, `1` or `0` |
/// | `Option` | `None` for a missing field, and for an empty one where the type takes no empty value |
/// | an enum without data | a variant by its name |
/// | `()` | the empty value |
/// | a struct around one value | as that value |
/// | `&[u8]`, by `serde_bytes` | the bytes of the value |
///
/// Unknown fields are ignored, `#[serde(default)]` fills in missing ones, and `#[serde(flatten)]`
/// collects the rest into a map.
///
/// No signature is checked: check it first, over *all* the fields.
///
/// # Limits
///
/// A field is no sequence, tuple, struct or enum with data. Inside of a *flattened* struct or of an
/// internally tagged or untagged enum it is a string, or made of strings: serde collects those
/// fields before it knows their types. For a number there, use `#[serde(deserialize_with = "…")]`.
///
/// # Errors
///
/// [`DecodeError`] when a field is missing or its value does not fit.
///
/// ```
/// use wxpay_xml::{Fields, from_fields};
///
/// #[derive(serde::Deserialize)]
/// struct Response<'a> {
///     media_id: &'a str,
///     cash_fee: Option<u32>,
/// }
///
/// let fields = Fields::parse("<xml><media_id>9UYf</media_id><cash_fee/></xml>")?;
/// let response: Response = from_fields(&fields)?;
/// assert_eq!((response.media_id, response.cash_fee), ("9UYf", None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn from_fields<'de, T: Deserialize<'de>>(fields: &'de Fields<'_>) -> Result<T, DecodeError> {
    // serde does not tell the type inside of an `Option`: an empty value is tried first, and where
    // it does not fit, the document is decoded again without it.
    let mut absent = Vec::new();
    loop {
        match T::deserialize(Node::Document(fields, &absent)) {
            Err(DecodeError {
                field: Some(name),
                is_empty_option: true,
                ..
            }) if !absent.contains(&name) => absent.push(name),
            decoded => return decoded.map_err(|error| error.with_field_of(fields)),
        }
    }
}

/// The fields do not fit the type. The text shows the value that does not fit.
///
/// Make a field that may be missing an `Option`.
///
/// ```
/// use std::collections::BTreeMap;
/// use wxpay_xml::{Fields, from_fields};
///
/// let fields = Fields::parse("<xml><total_fee>1.50</total_fee></xml>")?;
/// let error = from_fields::<BTreeMap<String, u32>>(&fields).unwrap_err();
/// let text = r#"field "total_fee": invalid value: string "1.50", expected u32"#;
/// assert_eq!(error.to_string(), text);
/// # Ok::<(), wxpay_xml::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecodeError {
    field: Option<Box<str>>,
    message: String,
    /// The value that does not fit.
    value: Option<Box<str>>,
    /// Whether the value is empty and the type an `Option`.
    is_empty_option: bool,
}

impl DecodeError {
    /// The name of the field that is missing or does not fit, if the error is of one field.
    ///
    /// Within `#[serde(flatten)]` it is found by the value, and `None` if several fields have that.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    fn in_field(mut self, name: &str) -> Self {
        self.field.get_or_insert_with(|| name.into());
        self
    }

    fn with_field_of(self, fields: &Fields<'_>) -> Self {
        let is_value = |(_, value): &(_, &str)| self.value.as_deref() == Some(*value);
        let mut candidates = fields.iter().filter(is_value);
        match (candidates.next(), candidates.next()) {
            (Some((name, _)), None) => self.in_field(name),
            _ => self,
        }
    }
}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            ..Self::default()
        }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let value = match unexpected {
            Unexpected::Str(value) => Some(value.into()),
            _ => None,
        };
        let error = Self::custom(format!("invalid type: {unexpected}, expected {expected}"));
        Self { value, ..error }
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

/// The fields that are not visited yet.
struct Pairs<'de, 'd> {
    fields: <&'de Fields<'de> as IntoIterator>::IntoIter,
    absent: &'d [Box<str>],
    /// The field with its name visited and its value not.
    value: Option<(&'de str, &'de str)>,
}

impl<'de> MapAccess<'de> for Pairs<'de, '_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        self.value = self.fields.next();
        let name = self.value.map(|(name, _)| name);
        name.map(|name| seed.deserialize(BorrowedStrDeserializer::new(name)))
            .transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, DecodeError> {
        let unasked = || DecodeError::custom("a value was asked for before its name");
        let (name, value) = self.value.take().ok_or_else(unasked)?;
        let is_absent = self.absent.iter().any(|absent| **absent == *name);
        let decoded = seed.deserialize(Node::Value(value, is_absent));
        decoded.map_err(|error| error.in_field(name))
    }
}

/// The document, as a map of its fields, or the value of one.
#[derive(Clone, Copy)]
enum Node<'de, 'd> {
    /// With the names of the fields that are `None` for an `Option`.
    Document(&'de Fields<'de>, &'d [Box<str>]),
    /// With whether it is `None` for an `Option`.
    Value(&'de str, bool),
}

impl<'de> Node<'de, '_> {
    /// Decodes a value by the function; a document goes to the visitor as a map.
    fn value<V: Visitor<'de>, T>(
        self,
        visitor: V,
        read: impl FnOnce(&str) -> Option<T>,
        visit: impl FnOnce(V, T) -> Result<V::Value, DecodeError>,
    ) -> Result<V::Value, DecodeError> {
        let Self::Value(text, _) = self else {
            return self.deserialize_any(visitor);
        };
        match read(text) {
            Some(value) => visit(visitor, value),
            None => Err(DecodeError::invalid_value(Unexpected::Str(text), &visitor)),
        }
    }
}

/// Implements methods of [`Deserializer`] by [`str::parse`].
macro_rules! parse {
    ($($method:ident => $visit:ident,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            self.value(visitor, |text| text.parse().ok(), V::$visit)
        }
    )*};
}

impl<'de> Deserializer<'de> for Node<'de, '_> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            Self::Document(fields, absent) => visitor.visit_map(Pairs {
                fields: fields.into_iter(),
                absent,
                value: None,
            }),
            Self::Value(text, _) => visitor.visit_borrowed_str(text),
        }
    }

    parse! {
        deserialize_i8 => visit_i8, deserialize_i16 => visit_i16, deserialize_i32 => visit_i32,
        deserialize_i64 => visit_i64, deserialize_i128 => visit_i128,
        deserialize_u8 => visit_u8, deserialize_u16 => visit_u16, deserialize_u32 => visit_u32,
        deserialize_u64 => visit_u64, deserialize_u128 => visit_u128,
        deserialize_f32 => visit_f32, deserialize_f64 => visit_f64,
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let read = |text: &str| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        self.value(visitor, read, V::visit_bool)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let read = |text: &str| text.is_empty().then_some(());
        self.value(visitor, read, |visitor, ()| visitor.visit_unit())
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            Self::Document(..) => self.deserialize_any(visitor),
            Self::Value(text, _) => visitor.visit_borrowed_bytes(text.as_bytes()),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if let Self::Value(_, true) = self {
            return visitor.visit_none();
        }
        visitor.visit_some(self).map_err(|mut error| {
            error.is_empty_option |= matches!(self, Self::Value("", _));
            error
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self {
            Self::Document(..) => self.deserialize_any(visitor),
            Self::Value(text, _) => {
                BorrowedStrDeserializer::new(text).deserialize_enum(name, variants, visitor)
            }
        }
    }

    serde::forward_to_deserialize_any! {
        char str string seq tuple tuple_struct map struct identifier ignored_any
    }
}
