//! Faults as JSON: an object of the same words, or the text.

use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{ArmedFault, Chance, Fault, InvalidFault, Pattern};

/// What is written, and one of the two forms that are read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    fault: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<NonZeroU32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    every: Option<NonZeroU32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chance: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

impl TryFrom<Object> for Fault {
    type Error = InvalidFault;

    fn try_from(object: Object) -> Result<Self, InvalidFault> {
        let fault = Self {
            effect: object.fault.parse()?,
            next: object.next,
            every: object.every,
            chance: Chance::new(object.chance, object.seed)?,
            file: object.file.as_deref().map(Pattern::parse).transpose()?,
        };
        fault.checked()
    }
}

impl From<&Fault> for Object {
    fn from(fault: &Fault) -> Self {
        Self {
            fault: fault.effect.to_string(),
            next: fault.next,
            every: fault.every,
            chance: fault.chance.map(|chance| chance.percent),
            seed: fault.chance.map(|chance| chance.seed),
            file: fault.file.as_ref().map(|file| file.as_str().to_owned()),
        }
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object::from(self).serialize(serializer)
    }
}

impl Serialize for ArmedFault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Armed {
            id: u64,
            #[serde(flatten)]
            fault: Object,
            hits: u64,
            spent: bool,
        }

        let armed = Armed {
            id: self.id(),
            fault: Object::from(self.fault()),
            hits: self.hits(),
            spent: self.is_spent(),
        };
        armed.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// By hand, for serde's untagged enums do not say what is wrong.
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Fault;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(
                    r#"a fault, as {"fault": "system-error", "next": 2} or "system-error,next=2""#,
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Fault, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Fault, A::Error> {
                Object::deserialize(de::value::MapAccessDeserializer::new(map))?
                    .try_into()
                    .map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}
