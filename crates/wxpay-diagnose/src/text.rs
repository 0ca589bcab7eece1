//! The string that a recipe hashes.

use alloc::{string::String, vec::Vec};

use zeroize::{Zeroize as _, Zeroizing};

use super::{
    escape,
    facts::{self, Facts, Field, Value},
    recipe::{ContentForm, Encoding, KeyPlace, Piece, Recipe, Shape, Values},
};

/// Two buffers that hold one string after the other, for all of a search. They are wiped when they
/// are dropped, and before they grow.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    joined: Zeroizing<Vec<u8>>,
    encoded: Zeroizing<Vec<u8>>,
}

const GROWN: &str = "a buffer that grows by itself leaves a copy behind";

/// What stands in the string beside the fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Secrets<'a> {
    pub(super) key: &'a [u8],
    /// The right signature, where `sign` was signed with it.
    pub(super) first_pass: &'a str,
}

impl Buffers {
    /// The string of a recipe, or nothing where the recipe needs what is not known.
    pub(super) fn write(
        &mut self,
        recipe: &Recipe,
        facts: &Facts<'_>,
        secrets: Secrets<'_>,
    ) -> Option<&[u8]> {
        let mut fields = facts.select(recipe.selection)?;
        if recipe.key_place.sorted {
            fields.retain(|field| field.name != "key");
            fields.push(Field {
                name: "key",
                value: Value::Key,
            });
        }
        facts::sort(&mut fields, recipe.order);
        let content = fields.iter().map(|field| field.value.content_length());
        // No escape makes more than six bytes of one. The key is in it four times at most, for which
        // what the facts' own bound has to spare is enough.
        let bound = 6 * facts.length() + 3 * content.sum::<usize>();
        restart(&mut self.joined, bound);
        let capacity = self.joined.capacity();
        Join {
            recipe,
            facts,
            secrets,
            out: &mut self.joined,
        }
        .all(&fields);
        debug_assert_eq!(capacity, self.joined.capacity(), "{GROWN}");
        Some(self.encode(recipe.encoding))
    }

    fn encode(&mut self, encoding: Encoding) -> &[u8] {
        if matches!(encoding, Encoding::Utf8) {
            return &self.joined;
        }
        restart(&mut self.encoded, 3 * self.joined.len() + 3);
        let capacity = self.encoded.capacity();
        let (joined, out) = (&self.joined[..], &mut *self.encoded);
        // Values that were decoded may be no text; then one of these changes them a little more.
        let text = Zeroizing::new(String::from_utf8_lossy(joined).into_owned());
        match encoding {
            Encoding::Utf8 => out.extend_from_slice(joined),
            Encoding::WithByteOrderMark => {
                out.extend("\u{feff}".bytes());
                out.extend_from_slice(joined);
            }
            Encoding::UpperCase => out.extend(joined.iter().map(u8::to_ascii_uppercase)),
            Encoding::LowerCase => out.extend(joined.iter().map(u8::to_ascii_lowercase)),
            Encoding::UrlEncoded(encoding) => escape::url_encode(joined, encoding, out),
            Encoding::Utf16LittleEndian => {
                out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
            }
            Encoding::Latin1 => out.extend(
                text.chars()
                    .map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')),
            ),
            Encoding::LowBytes => {
                out.extend(text.encode_utf16().map(|unit| unit.to_le_bytes()[0]));
            }
            Encoding::Utf8Twice => {
                escape::latin1_to_utf8(joined, out);
            }
        }
        debug_assert_eq!(capacity, self.encoded.capacity(), "{GROWN}");
        &self.encoded
    }
}

/// Empties a buffer and makes room. What it held is wiped before the memory is given back.
fn restart(buffer: &mut Vec<u8>, bound: usize) {
    if buffer.capacity() < bound {
        buffer.zeroize();
        buffer.reserve_exact(bound);
    } else {
        buffer.clear();
    }
}

impl Value<'_> {
    fn content_length(self) -> usize {
        match self {
            Value::Content(content, _) => content.len(),
            _ => 0,
        }
    }
}

struct Join<'a> {
    recipe: &'a Recipe,
    facts: &'a Facts<'a>,
    secrets: Secrets<'a>,
    out: &'a mut Vec<u8>,
}

impl Join<'_> {
    fn all(mut self, fields: &[Field<'_>]) {
        let Recipe {
            shape,
            key_place: KeyPlace { start, end, .. },
            ..
        } = *self.recipe;
        self.pieces(start);
        self.push(shape.open);
        for (index, field) in fields.iter().enumerate() {
            if index != 0 {
                self.push(shape.separator);
            }
            self.field(field, shape);
        }
        self.push(shape.close);
        self.pieces(end);
    }

    fn pieces(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.push(text),
                Piece::Key => self.out.extend_from_slice(self.secrets.key),
            }
        }
    }

    fn field(&mut self, field: &Field<'_>, shape: Shape) {
        self.push(shape.before_name);
        if shape.name {
            self.escaped(field.name.as_bytes(), shape);
        }
        self.push(shape.between);
        match field.value {
            Value::Text(text) if shape.escaped => self.escaped(text.as_bytes(), shape),
            Value::Text(text) => self.value(field.name, text),
            Value::AtText(text) => {
                self.push("@");
                self.push(text);
            }
            Value::Content(content, form) => self.content(content, form),
            Value::Key => self.out.extend_from_slice(self.secrets.key),
            Value::FirstPass => self.push(self.secrets.first_pass),
        }
        self.push(shape.after_value);
    }

    fn content(&mut self, content: &[u8], form: ContentForm) {
        match form {
            ContentForm::Bytes => self.out.extend_from_slice(content),
            ContentForm::Utf8 => {
                for chunk in content.utf8_chunks() {
                    self.push(chunk.valid());
                    if !chunk.invalid().is_empty() {
                        self.push("\u{fffd}");
                    }
                }
            }
            ContentForm::Latin1 => escape::latin1_to_utf8(content, self.out),
            ContentForm::Base64 => escape::base64(content, self.out),
        }
    }

    fn escaped(&mut self, text: &[u8], shape: Shape) {
        if shape.escaped {
            escape::json(text, self.out);
        } else {
            self.out.extend_from_slice(text);
        }
    }

    fn value(&mut self, name: &str, value: &str) {
        match self.recipe.values {
            Values::Raw => self.push(value),
            Values::UrlEncoded(encoding) => {
                escape::url_encode(value.as_bytes(), encoding, self.out);
            }
            Values::UrlDecoded => escape::url_decode(value, self.out),
            Values::Trimmed => self.push(value.trim()),
            Values::Followed(by, only) => {
                self.push(value);
                let only = only.and_then(|index| self.facts.signed.get(index));
                if only.is_none_or(|(only, _)| *only == name) {
                    self.push(by);
                }
            }
            Values::UpperCase => self.upper(value),
            Values::LowerCase => self.lower(value),
            Values::MediaHashUpperCase if name == "media_hash" => self.upper(value),
            Values::MediaHashLowerCase if name == "media_hash" => self.lower(value),
            Values::MediaHashUpperCase | Values::MediaHashLowerCase => self.push(value),
            Values::HtmlEscaped => escape::html(value, self.out),
        }
    }

    fn upper(&mut self, value: &str) {
        self.out
            .extend(value.bytes().map(|byte| byte.to_ascii_uppercase()));
    }

    fn lower(&mut self, value: &str) {
        self.out
            .extend(value.bytes().map(|byte| byte.to_ascii_lowercase()));
    }

    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}
