//! `wxpay-transport` moves requests and knows nothing of whose they are.
//!
//! Checked in its dependencies and in its text: XML to the last dependency, digests in its own
//! manifest only, for the ciphers of identity files bring some of their own. Words are looked for anywhere in a
//! file, comments included, and within longer words: `parse_xml`, `MerchantId`. The crate's README
//! may name the family that it belongs to, and its own name has none of the words.

use super::Finding;
use crate::{
    metadata::{Metadata, Package},
    source::Source,
};

const TRANSPORT: &str = "wxpay-transport";

/// In lower case. Too short or too common to be listed: `pay`, `sign` (rustls has a module of that
/// name), `media`.
const NOUNS: [&str; 10] = [
    "hmac",
    "mch_id",
    "mchid",
    "media_hash",
    "media_id",
    "merchant",
    "nonce_str",
    "wechat",
    "weixin",
    "xml",
];

/// Packages that read XML, by a part of their name.
const XML: &str = "xml";

/// Packages that signatures of parameters are made with.
const DIGESTS: [&str; 5] = ["digest", "hmac", "md-5", "md5", "sha2"];

pub(super) fn check(metadata: &Metadata, sources: &[Source]) -> Vec<Finding> {
    let Some(package) = metadata.member(TRANSPORT) else {
        return Vec::new();
    };
    let mut findings = graph(metadata, package);
    for source in sources.iter().filter(|it| it.is_code_of(package)) {
        findings.extend(text(source));
    }
    findings
}

fn graph(metadata: &Metadata, package: &Package) -> Vec<Finding> {
    metadata
        .shipped(&package.name)
        .into_iter()
        .filter(|(name, chain)| {
            let is_direct = *chain == format!("{TRANSPORT} → {name}");
            name.contains(XML) || is_direct && DIGESTS.contains(name)
        })
        .map(|(name, chain)| {
            Finding::new(
                package.manifest(),
                format!("brings `{name}` ({chain}): let the caller sign and read"),
            )
        })
        .collect()
}

fn text(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, text) in (1..).zip(source.text.lines()) {
        let text = text.to_lowercase();
        for noun in NOUNS.iter().filter(|noun| text.contains(**noun)) {
            let problem = format!(
                "says `{noun}`: the transport serves any API, so say it in general words or in \
                 wxpay-media"
            );
            findings.push(Finding::new(&source.path, problem).at(line));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metadata::metadata, source::source, tidy::finding::shown};

    fn in_transport(text: &str) -> Vec<String> {
        let sources = [source("crates/wxpay-transport/src/a.rs", text)];
        shown(&check(&metadata("wxpay-transport"), &sources))
    }

    #[test]
    fn general_words_pass() {
        assert_eq!(
            in_transport("//! use wxpay_transport::Identity;\nuse rustls::sign;"),
            [""; 0]
        );
    }

    #[test]
    fn nouns_are_found_anywhere() {
        let found = in_transport("\n// as WeChat does\nfn read_xml() {}\nstruct MerchantId;");
        assert_eq!(found.len(), 3);
        assert!(found[0].starts_with("crates/wxpay-transport/src/a.rs:2: says `wechat`"));
        assert!(found[1].starts_with("crates/wxpay-transport/src/a.rs:3: says `xml`"));
        assert!(found[2].starts_with("crates/wxpay-transport/src/a.rs:4: says `merchant`"));
    }

    #[test]
    fn others_may_use_them() {
        let sources = [
            source("crates/wxpay-media/src/a.rs", "struct MerchantId;"),
            source(
                "crates/wxpay-transport/README.md",
                "Part of a WeChat Pay family.",
            ),
        ];
        assert_eq!(check(&metadata("wxpay-transport"), &sources), []);
    }

    #[test]
    fn the_graph_has_no_xml_and_no_digest() {
        let metadata_ = metadata("wxpay-transport -> hyper\nhyper -> httparse");
        assert_eq!(check(&metadata_, &[]), []);
        for (edges, findings) in [
            ("wxpay-transport -> a\na -> wxpay-xml", 1),
            ("wxpay-transport -> a\na -> quick-xml", 1),
            ("wxpay-transport -> md-5", 1),
            ("wxpay-transport -> pkcs8\npkcs8 -> hmac", 0),
        ] {
            assert_eq!(check(&metadata(edges), &[]).len(), findings, "{edges}");
        }
        assert_eq!(check(&metadata("wxpay-transport -> md-5 (dev)"), &[]), []);
    }
}
