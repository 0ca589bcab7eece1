//! Documents to read: well-formed ones with their fields, and fragments of XML in any order.

use proptest::char::range;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A well-formed flat document. After its root there is white space at most.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) xml: String,
    /// The fields that a reader should get.
    pub(crate) fields: Vec<(String, String)>,
}

/// A part of a value as it is written, and the text that it stands for.
type Piece = (String, String);

/// Characters that XML allows, but for CR, which conforming readers change to LF.
pub(crate) fn character() -> impl Strategy<Value = char> {
    prop_oneof![
        8 => range(' ', '~'),
        2 => select(vec!['\t', '\n', ']', '>', '<', '&', '\'', '"', '-']),
        2 => range('一', '龥'),
        1 => range('\u{7f}', '\u{d7ff}'),
        1 => range('\u{e000}', '\u{fffd}'),
        1 => range('\u{10000}', '\u{10ffff}'),
    ]
}

fn characters(lengths: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    vec(character(), lengths).prop_map(String::from_iter)
}

pub(crate) fn name() -> impl Strategy<Value = String> {
    "[A-Za-z_][A-Za-z0-9_.-]{0,7}"
}

fn comment() -> impl Strategy<Value = String> {
    characters(0..8).prop_map(|text| format!("<!--{}-->", text.replace('-', "+")))
}

fn piece() -> impl Strategy<Value = Piece> {
    let text = characters(1..12).prop_map(|text| {
        // Without `>`, no two texts in a row make a `]]>`.
        let text = text.replace(['<', '&', '>'], "");
        (text.clone(), text)
    });
    let cdata = characters(0..12)
        .prop_filter("the end of a section", |text| !text.contains("]]>"))
        .prop_map(|text| (format!("<![CDATA[{text}]]>"), text));
    let entity = select(vec![
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&apos;", "'"),
        ("&quot;", "\""),
        ("&#13;", "\r"),
        ("&#xD;&#xa;", "\r\n"),
    ])
    .prop_map(|(written, meant)| (written.to_owned(), meant.to_owned()));
    let reference = (character(), select(vec![0, 1, 2])).prop_map(|(char, form)| {
        let code = u32::from(char);
        let written = match form {
            0 => format!("&#{code};"),
            1 => format!("&#x{code:x};"),
            _ => format!("&#x{code:08X};"),
        };
        (written, char.to_string())
    });
    prop_oneof![
        4 => text,
        4 => cdata,
        2 => entity,
        2 => reference,
        1 => comment().prop_map(|comment| (comment, String::new())),
    ]
}

/// White space and comments between elements.
fn gap() -> impl Strategy<Value = String> {
    let space = "[ \t\n]{0,3}";
    prop_oneof![4 => space, 1 => (space, comment()).prop_map(|(space, comment)| space + &comment)]
}

fn prolog() -> impl Strategy<Value = String> {
    select(vec![
        "",
        "\u{feff}",
        "<?xml version=\"1.0\"?>",
        "<?xml version='1.0' encoding='utf-8'?>\n",
        "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\" ?>",
    ])
    .prop_map(str::to_owned)
}

pub(crate) fn document() -> impl Strategy<Value = Document> {
    let field = (name(), vec(piece(), 0..5), gap());
    (prolog(), gap(), gap(), vec(field, 0..8), "[ \t\n]{0,2}").prop_map(
        |(prolog, before, first, written, after)| {
            let mut xml = format!("{prolog}{before}<xml>{first}");
            let mut fields: Vec<(String, String)> = Vec::new();
            for (name, pieces, gap) in written {
                if fields.iter().any(|(other, _)| *other == name) {
                    continue;
                }
                let (written, value): (String, String) = pieces.into_iter().unzip();
                if written.is_empty() && gap.is_empty() {
                    xml.push_str(&format!("<{name}/>"));
                } else {
                    xml.push_str(&format!("<{name}>{written}</{name}>{gap}"));
                }
                fields.push((name, value));
            }
            xml.push_str(&format!("</xml>{after}"));
            Document { xml, fields }
        },
    )
}

/// Fragments of XML in any order: sometimes a document.
pub(crate) fn fragments() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        3 => select(vec![
            "<a>", "</a>", "<a/>", "<b>", "</b>", "<b />", "<b>1</b>", "<c><![CDATA[2]]></c>",
        ]),
        3 => select(vec![
            "text", " ", "\n", "]]>", "]]", "]", ">", "<", "/", "&", ";", "--", "=", "'", "\"", "é",
        ]),
        3 => select(vec![
            "&amp;", "&lt;", "&#65;", "&#x41;", "&#0;", "&#xD800;", "&#x1F600;", "&#;", "&nbsp;",
            "& ", "&#", "&#xFFFE;", "&#+65;", "&#X41;", "&#00000000000000000065;",
        ]),
        2 => select(vec![
            "<![CDATA[", "<![CDATA[]]>", "<![CDATA[<x>&]]>", "<![CDATA[]]]]>", "<!--", "-->",
            "<!-- x -->", "<!-- -- -->", "<!---->", "<!--->", "<!-- --->", "<![", "<!", "<![cdata[",
        ]),
        1 => select(vec![
            "<xml>", "</xml>", "<xml/>", "<?xml version=\"1.0\"?>", "<?pi x?>", "<?>", "<??>", "<?", "?>",
            "<!DOCTYPE xml>", "<!DOCTYPE xml [<!ENTITY e \"v\">]>", "<a b=\"c\">", "<d e='>'/>",
            "</a >", "</ a>", "<a\n>", "< a>", "<a:b>", "</a:b>", "\u{feff}", "\u{0}", "\u{fffe}",
        ]),
    ];
    let start = prop_oneof![
        1 => Just(""), 2 => Just("<xml>"), 3 => Just("<xml><a>"), 1 => Just("\u{feff}<xml>"),
    ];
    let end = prop_oneof![1 => Just(""), 2 => Just("</xml>"), 3 => Just("</a></xml>")];
    (start, vec(fragment, 0..6), end)
        .prop_map(|(start, fragments, end)| format!("{start}{}{end}", fragments.concat()))
}
