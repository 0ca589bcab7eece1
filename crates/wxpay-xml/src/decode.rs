//! From fields into the caller's own type, by serde.

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor,
    value::BorrowedStrDeserializer,
};

mod error;
mod value;

pub use error::DecodeError;

use self::value::Value;
use crate::{Fields, Iter};

/// Decodes the fields into a struct, or into anything else that serde reads from a map.
///
/// | Rust | value |
/// |---|---|
/// | `String`, `&str`, `Cow<str>`, `char` | as it is; `&str` borrows from `fields` |
/// | integers, `f32`, `f64` | as their `FromStr` reads them: no white space around them |
/// | `bool` | `true`, `false`, `1` or `0` |
/// | `Option` | `None` for a field that is missing; one that is empty is `Some` |
/// | an enum without data | a variant by its name |
/// | `()` | the empty value |
/// | a struct around one value | as that value |
/// | `&[u8]`, by `serde_bytes` | the bytes of the value |
///
/// Fields that the type does not know are passed over, `#[serde(default)]` fills in what is missing,
/// and `#[serde(flatten)]` collects the rest into a map.
///
/// This neither checks a signature nor knows of one: check it over *all* the fields first, those
/// included that the type does not have.
///
/// # What does not work
///
/// Sequences, tuples, structs and enums with data as the type of a field: there is no such value.
/// Anything but strings, and what is made of strings, inside of a *flattened* struct or of an
/// internally tagged or untagged enum: serde collects those fields before it knows their types, and
/// they are strings then. A field beside the flattened struct is not concerned. Where a number has
/// to be in one, `#[serde(deserialize_with = "…")]` helps.
///
/// # Errors
///
/// [`DecodeError`], which names the field, when a field is missing or its value does not fit.
///
/// ```
/// use serde::Deserialize;
/// use std::collections::BTreeMap;
/// use wxpay_xml::{Fields, from_fields};
///
/// #[derive(Deserialize)]
/// struct Reply<'a> {
///     return_code: Code,
///     media_id: &'a str,
///     total_fee: Option<u32>,
///     #[serde(flatten)]
///     rest: BTreeMap<&'a str, &'a str>,
/// }
///
/// #[derive(Deserialize, Debug, PartialEq)]
/// #[serde(rename_all = "UPPERCASE")]
/// enum Code {
///     Success,
///     Fail,
/// }
///
/// let fields = Fields::parse(
///     "<xml><return_code>SUCCESS</return_code><media_id>9UYf</media_id><new>1</new></xml>",
/// )?;
/// let reply: Reply = from_fields(&fields)?;
/// assert_eq!(reply.return_code, Code::Success);
/// assert_eq!(reply.media_id, "9UYf");
/// assert_eq!(reply.total_fee, None);
/// assert_eq!(reply.rest["new"], "1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn from_fields<'de, T: Deserialize<'de>>(fields: &'de Fields<'_>) -> Result<T, DecodeError> {
    T::deserialize(Document { fields })
}

/// A document, as a map of its fields.
struct Document<'de> {
    fields: &'de Fields<'de>,
}

impl<'de> Deserializer<'de> for Document<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_map(Pairs {
            fields: self.fields.iter(),
            value: None,
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The fields still to be visited.
struct Pairs<'de> {
    fields: Iter<'de>,
    /// The field whose name was taken and whose value was not.
    value: Option<(&'de str, &'de str)>,
}

impl<'de> MapAccess<'de> for Pairs<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        self.value = self.fields.next();
        match self.value {
            Some((name, _)) => seed
                .deserialize(BorrowedStrDeserializer::new(name))
                .map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, DecodeError> {
        let (name, value) = self
            .value
            .take()
            .ok_or_else(|| de::Error::custom("a value was asked for before its name"))?;
        seed.deserialize(Value(value))
            .map_err(|error| error.in_field(name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.fields.len())
    }
}
