//! Mistakes of the whole string: how it is joined, encoded, hashed.

use super::{
    Entry,
    fields::{DOT_NET, PHP, RFC_3986},
    key::{BOTH_ENDS, SORTED, at_end},
};
use crate::{
    Mistake,
    recipe::{
        Algorithm,
        Change::{self, Encode, HashBefore, Join, PlaceKey, Select, SignWith, Sort},
        Encoding, HashedBefore, KeyPlace, Order,
        Piece::{Key, Text},
        Selection, Shape,
    },
};

/// `sign_type` is signed with one value and sent with another, or not at all.
pub(super) const OTHER_SIGN_TYPE: &[&[Change]] = &[
    &[
        Select(Selection::WithSignType("HMAC-SHA256")),
        SignWith(Algorithm::HmacSha256),
    ],
    &[
        Select(Selection::WithSignType("MD5")),
        SignWith(Algorithm::Md5),
    ],
    &[
        Select(Selection::WithSignType("HMAC-SHA256")),
        SignWith(Algorithm::Md5),
    ],
];

pub(super) const SHAPE: &[Entry] = &[
    Entry::of(Mistake::HtmlSeparator).common(&[
        &[separated("&amp;"), at_end(&[Text("&amp;key="), Key])],
        &[separated("&amp;")],
    ]),
    Entry::of(Mistake::OtherSeparator)
        .common(&[
            &[separated(","), at_end(&[Text(",key="), Key])],
            &[separated(",")],
        ])
        .rare(&[
            &[separated("")],
            &[separated(""), at_end(&[Text("key="), Key])],
            &[separated(""), at_end(&[Key])],
            &[separated("\n")],
            &[separated("\n"), at_end(&[Text("\nkey="), Key])],
            &[separated("|"), at_end(&[Text("|key="), Key])],
            &[separated(";"), at_end(&[Text(";key="), Key])],
        ]),
    Entry::of(Mistake::ExtraSeparator).rare(&[&[opened("&")], &[opened("?")]]),
    Entry::of(Mistake::NamesNotJoined).rare(&[
        &[Join(BARE), at_end(&[Text("key"), Key])],
        &[Join(BARE), at_end(&[Key])],
        &[Join(BARE), PlaceKey(BOTH_ENDS)],
        &[Join(VALUES_ALONE)],
        &[Join(VALUES_ALONE), at_end(&[Text("&"), Key])],
        &[Join(BARE_VALUES), at_end(&[Key])],
    ]),
    Entry::of(Mistake::ValuesQuoted).rare(&[&[quoted("=\"", "\"")], &[quoted("='", "'")]]),
    Entry::of(Mistake::ObjectSigned)
        .common(&[&[Join(Shape::JSON)]])
        .rare(&[
            &[Join(Shape::JSON), at_end(&[Key])],
            &[Join(Shape::JSON), PlaceKey(KeyPlace::NOWHERE)],
            &[Join(Shape::JSON), PlaceKey(SORTED)],
            &[Join(Shape::JSON), Sort(Order::AsSent)],
            &[Join(Shape::JSON), Sort(Order::AsSent), at_end(&[Key])],
            &[
                Join(Shape::JSON),
                Sort(Order::AsSent),
                PlaceKey(KeyPlace::NOWHERE),
            ],
            &[Join(SPACED_JSON)],
            &[Join(SPACED_JSON), Sort(Order::AsSent)],
            &[Join(JAVA_MAP)],
            &[Join(PYTHON_DICT)],
            &[Join(PYTHON_DICT), Sort(Order::AsSent)],
        ]),
];

const fn separated(separator: &'static str) -> Change {
    Join(Shape {
        separator,
        ..Shape::QUERY
    })
}

const fn opened(open: &'static str) -> Change {
    Join(Shape {
        open,
        ..Shape::QUERY
    })
}

const fn quoted(between: &'static str, after_value: &'static str) -> Change {
    Join(Shape {
        between,
        after_value,
        ..Shape::QUERY
    })
}

/// `a1b2`.
const BARE: Shape = Shape {
    between: "",
    separator: "",
    ..Shape::QUERY
};

/// `1&2`.
const VALUES_ALONE: Shape = Shape {
    name: false,
    between: "",
    ..Shape::QUERY
};

/// `12`.
const BARE_VALUES: Shape = Shape {
    separator: "",
    ..VALUES_ALONE
};

/// As Python's `json.dumps` writes it.
const SPACED_JSON: Shape = Shape {
    between: "\": \"",
    separator: ", ",
    ..Shape::JSON
};

/// As Java's `Map.toString` writes it.
const JAVA_MAP: Shape = Shape {
    open: "{",
    separator: ", ",
    close: "}",
    ..Shape::QUERY
};

/// As Python's `str` writes it.
const PYTHON_DICT: Shape = Shape {
    open: "{",
    before_name: "'",
    between: "': '",
    after_value: "'",
    separator: ", ",
    close: "}",
    ..Shape::QUERY
};

pub(super) const ENCODING: &[Entry] = &[
    Entry::of(Mistake::StringByteOrderMark).rare(&[&[Encode(Encoding::WithByteOrderMark)]]),
    Entry::of(Mistake::StringInOneCase).rare(&[
        &[Encode(Encoding::UpperCase)],
        &[Encode(Encoding::LowerCase)],
    ]),
    Entry::of(Mistake::StringUrlEncoded).rare(&[
        &[Encode(Encoding::UrlEncoded(RFC_3986))],
        &[Encode(Encoding::UrlEncoded(PHP))],
        &[Encode(Encoding::UrlEncoded(DOT_NET))],
    ]),
    Entry::of(Mistake::StringNotUtf8).rare(&[
        &[Encode(Encoding::Latin1)],
        &[Encode(Encoding::LowBytes)],
        &[Encode(Encoding::Utf8Twice)],
        &[Encode(Encoding::Utf16LittleEndian)],
    ]),
];

pub(super) const HASH: &[Entry] = &[
    Entry::of(Mistake::Sha256WithoutHmac).common(&[&[SignWith(Algorithm::Sha256)]]),
    Entry::of(Mistake::HmacMd5).rare(&[&[SignWith(Algorithm::HmacMd5)]]),
    Entry::of(Mistake::HashedTwice)
        .common(&[
            &[HashBefore(HashedBefore::Md5LowerCase)],
            &[HashBefore(HashedBefore::Md5UpperCase)],
        ])
        .rare(&[&[HashBefore(HashedBefore::Md5Bytes)]]),
];
