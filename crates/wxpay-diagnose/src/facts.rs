//! What was sent, sorted out once before the search.

use alloc::{boxed::Box, collections::BTreeSet, string::String, vec::Vec};

use super::{
    Mistake, Sent,
    recipe::{Algorithm, ContentForm, FileValue, Order, Selection, SignValue},
};
use wxpay_sign::{ApiKey, SignType};

/// Stands in place of the key, and of a signature that would be right.
pub(super) const MASK: &str = "********";

#[derive(Debug)]
pub(super) struct Facts<'a> {
    /// In sending order.
    pairs: &'a [(&'a str, &'a str)],
    /// The fields that are to be signed, sorted, equal names in sending order.
    pub(super) signed: Vec<(&'a str, &'a str)>,
    file_name: Option<&'a str>,
    content: Option<&'a [u8]>,
    pub(super) sign_type: Option<&'a str>,
    pub(super) algorithm: Algorithm,
}

/// A field as it is joined.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) value: Value<'a>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Text(&'a str),
    /// After `@`.
    AtText(&'a str),
    Content(&'a [u8], ContentForm),
    Key,
    /// The signature of a first pass: a right one.
    FirstPass,
}

impl<'a> Facts<'a> {
    pub(super) fn new(sent: &'a Sent<'a>) -> Self {
        let pairs = &sent.pairs[..];
        let mut signed: Vec<_> = pairs.iter().copied().filter(is_signed).collect();
        signed.sort_by_key(|(name, _)| *name);
        let named = signed.iter().find(|(name, _)| *name == "sign_type");
        let sign_type = named.map(|(_, value)| *value);
        let read_as = sent
            .read_as
            .unwrap_or_else(|| SignType::from_field(sign_type));
        Self {
            pairs,
            signed,
            file_name: sent.file_name,
            content: sent.content,
            sign_type,
            algorithm: match read_as {
                SignType::Md5 => Algorithm::Md5,
                SignType::HmacSha256 => Algorithm::HmacSha256,
            },
        }
    }

    /// The name that is sent more than once, of several the one that sorts first.
    pub(super) fn repeated(&self) -> Option<&'a str> {
        let equal = self.signed.windows(2).find(|pair| pair[0].0 == pair[1].0);
        equal.map(|pair| pair[0].0)
    }

    pub(super) fn value(&self, wanted: &str) -> Option<&'a str> {
        let pair = self.pairs.iter().find(|(name, _)| *name == wanted);
        pair.map(|(_, value)| *value)
    }

    /// A bound of what the names and values of any selection add up to, but for the content.
    pub(super) fn length(&self) -> usize {
        let pairs = self
            .pairs
            .iter()
            .map(|(name, value)| name.len() + value.len() + 8);
        pairs.sum::<usize>() + self.file_name.map_or(0, str::len) + 256
    }

    /// The fields of a selection, in sending order; what was not sent comes last.
    ///
    /// There are none where the selection needs what is not known.
    pub(super) fn select(&self, selection: Selection) -> Option<Vec<Field<'a>>> {
        let keep = |keep: &dyn Fn(&(&'a str, &'a str)) -> bool| -> Vec<_> {
            let pairs = self.pairs.iter().filter(|pair| keep(pair));
            pairs
                .map(|&(name, value)| Field::text(name, value))
                .collect()
        };
        let signed = |pair: &_| is_signed(pair);
        let with = |field: Field<'a>| {
            let mut fields = keep(&|pair| is_signed(pair) && pair.0 != field.name);
            fields.push(field);
            fields
        };
        Some(match selection {
            Selection::Signed => keep(&signed),
            Selection::AndEmpty => keep(&|(name, _)| !matches!(*name, "sign" | "media")),
            Selection::Without(index) => {
                let (unsigned, _) = self.signed.get(index)?;
                keep(&|pair| is_signed(pair) && pair.0 != *unsigned)
            }
            Selection::WithSignType(value) => with(Field::text("sign_type", value)),
            Selection::WithSign(value) => with(Field {
                name: "sign",
                value: match value {
                    SignValue::Text(text) => Value::Text(text),
                    SignValue::Sent => Value::Text(self.value("sign")?),
                    SignValue::FirstPass => Value::FirstPass,
                },
            }),
            Selection::WithFile(name, value) => with(Field {
                name,
                value: self.file(value)?,
            }),
            Selection::FirstOfEqual => dedup(keep(&signed).into_iter()),
            Selection::LastOfEqual => {
                let mut fields = dedup(keep(&signed).into_iter().rev());
                fields.reverse();
                fields
            }
        })
    }

    fn file(&self, value: FileValue) -> Option<Value<'a>> {
        Some(match value {
            FileValue::Text(text) => Value::Text(text),
            FileValue::Sent => Value::Text(self.value("media")?),
            FileValue::Name => Value::Text(self.file_name?),
            FileValue::AtName => Value::AtText(self.file_name?),
            FileValue::Hash => Value::Text(self.value("media_hash")?),
            FileValue::Content(form) => Value::Content(self.content?, form),
        })
    }
}

impl<'a> Field<'a> {
    fn text(name: &'a str, value: &'a str) -> Self {
        Self {
            name,
            value: Value::Text(value),
        }
    }

    fn text_value(&self) -> &'a str {
        match self.value {
            Value::Text(text) => text,
            _ => "",
        }
    }
}

/// Sorts what [`Facts::select`] selected.
pub(super) fn sort(fields: &mut Vec<Field<'_>>, order: Order) {
    match order {
        Order::AsSent => {}
        Order::ByName => fields.sort_by_key(|field| field.name),
        Order::Descending => {
            fields.sort_by_key(|field| field.name);
            fields.reverse();
        }
        Order::MediaHashFirst => {
            fields.sort_by_key(|field| match field.name {
                // Right after `media_hash`, and before whatever follows it.
                "mch_id" => ("media_hash", true),
                name => (name, false),
            });
        }
        Order::ByLowerCaseName => fields.sort_by_key(|field| field.name.to_lowercase()),
        Order::ByValue => fields.sort_by_key(Field::text_value),
        Order::ByPair => fields.sort_by(|a, b| {
            let pair = |field: &Field<'_>| [field.name, "=", field.text_value()].concat();
            pair(a).cmp(&pair(b))
        }),
    }
}

fn is_signed(&(name, value): &(&str, &str)) -> bool {
    !value.is_empty() && !matches!(name, "sign" | "media")
}

/// The first of each name.
fn dedup<'a>(fields: impl Iterator<Item = Field<'a>>) -> Vec<Field<'a>> {
    let mut kept: Vec<Field<'a>> = fields.collect();
    let mut seen = BTreeSet::new();
    kept.retain(|field| seen.insert(field.name));
    kept
}

/// The keys of a search.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    pub(super) right: &'a ApiKey,
    pub(super) others: &'a [ApiKey],
}

impl Keys<'_> {
    /// The text with asterisks wherever it holds one of the keys, in whatever case: a sender may
    /// have put one into a field.
    pub(super) fn redact(&self, text: &str) -> Box<str> {
        let keys = || {
            self.others
                .iter()
                .chain([self.right])
                .map(|key| key.expose().as_bytes())
        };
        // Few bytes of a text begin a key: the others are passed without looking at the keys.
        let mut begins = [false; 256];
        for first in keys().filter_map(<[u8]>::first) {
            begins[usize::from(first.to_ascii_lowercase())] = true;
            begins[usize::from(first.to_ascii_uppercase())] = true;
        }
        let is_key = |rest: &[u8]| {
            keys().any(|key| {
                rest.get(..ApiKey::LEN)
                    .is_some_and(|text| text.eq_ignore_ascii_case(key))
            })
        };
        let bytes = text.as_bytes();
        let mut shown = Vec::with_capacity(bytes.len());
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if begins[usize::from(byte)] && is_key(&bytes[at..]) {
                shown.extend(MASK.bytes());
                at += ApiKey::LEN;
            } else {
                shown.push(byte);
                at += 1;
            }
        }
        // Keys are ASCII, so that what is left is as whole as it was.
        String::from_utf8_lossy(&shown).into()
    }

    /// The same for the names that mistakes hold.
    pub(super) fn redacted(&self, mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
        for mistake in &mut mistakes {
            if let Mistake::FieldNotSigned { name }
            | Mistake::FieldRepeated { name }
            | Mistake::ValueLineEnd { name: Some(name) } = mistake
            {
                *name = self.redact(name);
            }
        }
        mistakes
    }
}
