//! Mistakes of the key: where it stands, how it reads, what HMAC is given.

use super::Entry;
use crate::{
    Mistake,
    recipe::{
        Algorithm::{HmacSha256, Md5},
        Change::{self, KeyHmacWith, PlaceKey, TakeKey},
        HmacKey, KeyForm, KeyPlace,
        Piece::{self, Key, Text},
    },
};

pub(super) const PLACE: &[Entry] = &[
    // The same string as of the next one where no name sorts before `key`.
    Entry::of(Mistake::KeyFirst)
        .common(&[
            &[at_start(&[Key])],
            &[at_start(&[Text("key="), Key, Text("&")])],
        ])
        .rare(&[
            &[at_start(&[Key, Text("&")])],
            &[at_start(&[Text("key="), Key])],
        ]),
    Entry::of(Mistake::KeySorted).common(&[&[PlaceKey(SORTED)]]),
    Entry::of(Mistake::KeyMissing)
        .common(&[&[PlaceKey(KeyPlace::NOWHERE)]])
        .only(Md5),
    Entry::of(Mistake::HmacWithoutKeyInString)
        .common(&[&[PlaceKey(KeyPlace::NOWHERE)]])
        .only(HmacSha256),
    Entry::of(Mistake::KeyJoinedBare).common(&[&[at_end(&[Key])], &[at_end(&[Text("&"), Key])]]),
    Entry::of(Mistake::KeyAmpersandMissing).common(&[&[at_end(&[Text("key="), Key])]]),
    Entry::of(Mistake::KeyRenamed)
        .common(&[&[at_end(&[Text("&KEY="), Key])]])
        .rare(&[
            &[at_end(&[Text("&Key="), Key])],
            &[at_end(&[Text("&api_key="), Key])],
            &[at_end(&[Text("&apikey="), Key])],
            &[at_end(&[Text("&apiKey="), Key])],
            &[at_end(&[Text("&app_key="), Key])],
            &[at_end(&[Text("&mch_key="), Key])],
            &[at_end(&[Text("&partner_key="), Key])],
            &[at_end(&[Text("&secret="), Key])],
        ]),
    Entry::of(Mistake::KeyTwice).rare(&[
        &[at_end(&[Text("&key="), Key, Text("&key="), Key])],
        &[PlaceKey(SORTED_AND_LAST)],
        &[PlaceKey(BOTH_ENDS)],
    ]),
    Entry::of(Mistake::KeyNotLast).rare(&[&[at_end(&[Text("&key="), Key, Text("&")])]]),
    Entry::of(Mistake::ExtraSeparator).rare(&[&[at_end(&[Text("&&key="), Key])]]),
];

pub(super) const fn at_end(pieces: &'static [Piece]) -> Change {
    PlaceKey(KeyPlace::end(pieces))
}

const fn at_start(pieces: &'static [Piece]) -> Change {
    PlaceKey(KeyPlace::start(pieces))
}

pub(super) const SORTED: KeyPlace = KeyPlace {
    sorted: true,
    ..KeyPlace::NOWHERE
};

const SORTED_AND_LAST: KeyPlace = KeyPlace {
    sorted: true,
    ..KeyPlace::RIGHT
};

pub(super) const BOTH_ENDS: KeyPlace = KeyPlace {
    start: &[Key],
    ..KeyPlace::end(&[Key])
};

/// The key as the program had it.
pub(super) const FORM: &[Entry] = &[
    Entry::of(Mistake::KeyLineEnd)
        .common(&[
            &[beside("", "\n")],
            &[beside("", "\r\n")],
            &[beside("", " ")],
        ])
        .rare(&[
            &[beside("", "\r")],
            &[beside("", "\t")],
            &[beside(" ", "")],
            &[beside(" ", " ")],
        ]),
    Entry::of(Mistake::KeyQuoted).common(&[&[beside("\"", "\"")], &[beside("'", "'")]]),
    Entry::of(Mistake::KeyByteOrderMark).rare(&[&[beside("\u{feff}", "")]]),
    Entry::of(Mistake::KeyUpperCase).common(&[&[TakeKey(KeyForm::UpperCase)]]),
    Entry::of(Mistake::KeyLowerCase).common(&[&[TakeKey(KeyForm::LowerCase)]]),
    Entry::of(Mistake::KeyHashed).rare(&[
        &[TakeKey(KeyForm::Md5LowerCase)],
        &[TakeKey(KeyForm::Md5UpperCase)],
    ]),
    Entry::of(Mistake::KeyEmpty)
        .common(&[&[TakeKey(KeyForm::Instead(""))]])
        .rare(&[
            &[TakeKey(KeyForm::Instead("undefined"))],
            &[TakeKey(KeyForm::Instead("null"))],
            &[TakeKey(KeyForm::Instead("None"))],
            &[at_end(&[Text("&key=")])],
        ]),
];

const fn beside(before: &'static str, after: &'static str) -> Change {
    TakeKey(KeyForm::Between(before, after))
}

/// What HMAC alone was keyed with.
pub(super) const HMAC: &[Entry] = &[
    Entry::of(Mistake::HmacKeyHashed)
        .common(&[
            &[KeyHmacWith(HmacKey::Md5LowerCase)],
            &[KeyHmacWith(HmacKey::Md5UpperCase)],
        ])
        .rare(&[&[KeyHmacWith(HmacKey::Md5Bytes)]])
        .only(HmacSha256),
    Entry::of(Mistake::HmacKeyDecoded)
        .rare(&[&[KeyHmacWith(HmacKey::FromHex)]])
        .only(HmacSha256),
    Entry::of(Mistake::HmacKeyEmpty)
        .rare(&[&[KeyHmacWith(HmacKey::Empty)]])
        .only(HmacSha256),
    Entry::of(Mistake::HmacArgumentsSwapped)
        .rare(&[&[KeyHmacWith(HmacKey::Swapped)]])
        .only(HmacSha256),
    // For MD5 it is the key that has the line end.
    Entry::of(Mistake::KeyNotLast)
        .rare(&[
            &[at_end(&[Text("&key="), Key, Text("\n")])],
            &[at_end(&[Text("&key="), Key, Text("\r\n")])],
        ])
        .only(HmacSha256),
];
