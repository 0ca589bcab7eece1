//! Mistakes of the fields: their order, which of them, their values.

use super::Entry;
use crate::{
    Mistake,
    recipe::{
        Change::{self, Select, Sort, Write},
        ContentForm, FileValue, Order, Selection, SignValue, UrlEncoding, Values,
    },
};

pub(super) const ORDER: &[Entry] = &[
    Entry::of(Mistake::MediaHashFirst).common(&[&[Sort(Order::MediaHashFirst)]]),
    Entry::of(Mistake::SendingOrder).common(&[&[Sort(Order::AsSent)]]),
    Entry::of(Mistake::DescendingOrder).rare(&[&[Sort(Order::Descending)]]),
    Entry::of(Mistake::OrderIgnoresCase).rare(&[&[Sort(Order::ByLowerCaseName)]]),
    Entry::of(Mistake::SortedByValue).rare(&[&[Sort(Order::ByValue)]]),
    Entry::of(Mistake::SortedByPair).rare(&[&[Sort(Order::ByPair)]]),
];

pub(super) const SELECTION: &[Entry] = &[
    Entry::of(Mistake::EmptySigned).common(&[&[Select(Selection::AndEmpty)]]),
    Entry::of(Mistake::SignSigned)
        .common(&[&[sign(SignValue::Text(""))], &[sign(SignValue::FirstPass)]])
        .rare(&[
            &[sign(SignValue::Sent)],
            &[sign(SignValue::Text("null"))],
            &[sign(SignValue::Text("undefined"))],
            &[sign(SignValue::Text("None"))],
        ]),
    Entry::of(Mistake::FileNameSigned)
        .common(&[&[file("media", FileValue::Name)]])
        .rare(&[
            &[file("media", FileValue::AtName)],
            &[file("filename", FileValue::Name)],
            &[file("file_name", FileValue::Name)],
        ]),
    Entry::of(Mistake::MediaSigned)
        .common(&[&[file("media", FileValue::Text(""))]])
        .rare(&[
            &[file("media", FileValue::Sent)],
            &[file("media", FileValue::Hash)],
            // As JavaScript and PHP print what is no text.
            &[file("media", FileValue::Text("[object Object]"))],
            &[file("media", FileValue::Text("[object File]"))],
            &[file("media", FileValue::Text("[object Blob]"))],
            &[file("media", FileValue::Text("Array"))],
        ]),
];

/// Each of these is hashed over the whole file: they come last.
pub(super) const CONTENT: &[Entry] = &[Entry::of(Mistake::ContentSigned).rare(&[
    &[file("media", FileValue::Content(ContentForm::Bytes))],
    &[file("media", FileValue::Content(ContentForm::Utf8))],
    &[file("media", FileValue::Content(ContentForm::Latin1))],
    &[file("media", FileValue::Content(ContentForm::Base64))],
])];

const fn sign(value: SignValue) -> Change {
    Select(Selection::WithSign(value))
}

const fn file(name: &'static str, value: FileValue) -> Change {
    Select(Selection::WithFile(name, value))
}

pub(super) const VALUES: &[Entry] = &[
    Entry::of(Mistake::ValuesUrlEncoded)
        .common(&[&[url_encoded(RFC_3986)], &[url_encoded(PHP)]])
        .rare(&[
            &[url_encoded(JAVA_SCRIPT)],
            &[url_encoded(JAVA)],
            &[url_encoded(PYTHON)],
            &[url_encoded(GO)],
            &[url_encoded(DOT_NET)],
        ]),
    Entry::of(Mistake::ValuesUrlDecoded).rare(&[&[Write(Values::UrlDecoded)]]),
    Entry::of(Mistake::ValuesTrimmed).common(&[&[Write(Values::Trimmed)]]),
    Entry::of(Mistake::ValueLineEnd { name: None })
        .common(&[&[Write(Values::Followed("\n", None))]])
        .rare(&[&[Write(Values::Followed("\r\n", None))]]),
    Entry::of(Mistake::MediaHashInOtherCase).rare(&[
        &[Write(Values::MediaHashUpperCase)],
        &[Write(Values::MediaHashLowerCase)],
    ]),
    Entry::of(Mistake::ValuesInOtherCase)
        .rare(&[&[Write(Values::UpperCase)], &[Write(Values::LowerCase)]]),
    Entry::of(Mistake::ValuesHtmlEscaped).rare(&[&[Write(Values::HtmlEscaped)]]),
];

const fn url_encoded(encoding: UrlEncoding) -> Change {
    Write(Values::UrlEncoded(encoding))
}

/// PHP's `rawurlencode`.
pub(super) const RFC_3986: UrlEncoding = UrlEncoding {
    keeps: "-_.~",
    plus: false,
    lower_case: false,
};

/// `urlencode` and `http_build_query`.
pub(super) const PHP: UrlEncoding = UrlEncoding {
    keeps: "-_.",
    plus: true,
    ..RFC_3986
};

/// `encodeURIComponent`.
const JAVA_SCRIPT: UrlEncoding = UrlEncoding {
    keeps: "-_.!~*'()",
    ..RFC_3986
};

/// `URLEncoder`.
const JAVA: UrlEncoding = UrlEncoding {
    keeps: "-_.*",
    plus: true,
    ..RFC_3986
};

/// `urllib.parse.quote`.
const PYTHON: UrlEncoding = UrlEncoding {
    keeps: "-_.~/",
    ..RFC_3986
};

/// `url.QueryEscape`; also Python's `quote_plus` and `urlencode`.
const GO: UrlEncoding = UrlEncoding {
    plus: true,
    ..RFC_3986
};

/// `HttpUtility.UrlEncode`.
pub(super) const DOT_NET: UrlEncoding = UrlEncoding {
    keeps: "-_.!*()",
    plus: true,
    lower_case: true,
};
