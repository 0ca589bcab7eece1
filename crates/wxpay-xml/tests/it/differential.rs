//! The same documents, read by others: quick-xml's own serde mode, and expat by way of Python.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde::Deserialize;
use wxpay_xml::{ErrorKind, Fields, from_fields};

use crate::documents::{document, soup};

/// quick-xml trims values, which this crate must not do.
fn trimmed(fields: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let trimmed = |value: String| value.trim_matches([' ', '\t', '\r', '\n']).to_owned();
    let fields = fields.into_iter();
    fields.map(|(name, value)| (name, trimmed(value))).collect()
}

proptest! {
    #[test]
    fn quick_xml_serde_reads_the_same_map(document in document()) {
        let fields = Fields::parse(&document.xml).unwrap();
        let ours: BTreeMap<String, String> = from_fields(&fields).unwrap();
        let theirs: BTreeMap<String, String> = quick_xml::de::from_str(&document.xml).unwrap();
        prop_assert_eq!(trimmed(ours), trimmed(theirs));
    }

    #[test]
    fn quick_xml_serde_reads_the_same_struct(
        return_code in prop_oneof!["SUCCESS", "FAIL"],
        total_fee in any::<u32>(),
        balance in any::<i64>(),
        subscribed in any::<bool>(),
        message in proptest::option::of("[!-~一-龥]{1,20}"),
    ) {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Response {
            return_code: Code,
            total_fee: u32,
            balance: i64,
            subscribed: bool,
            message: Option<String>,
            #[serde(default)]
            absent: u8,
        }
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(rename_all = "UPPERCASE")]
        enum Code {
            Success,
            Fail,
        }
        let pairs = [
            ("return_code", return_code),
            ("total_fee", total_fee.to_string()),
            ("balance", balance.to_string()),
            ("subscribed", subscribed.to_string()),
        ];
        let message = message.map(|message| ("message", message));
        let fields = Fields::from_pairs(pairs.into_iter().chain(message)).unwrap();
        let ours: Response = from_fields(&fields).unwrap();
        let theirs: Response = quick_xml::de::from_str(&fields.to_xml()).unwrap();
        prop_assert_eq!(ours, theirs);
    }
}

/// Values of the strategy, the same ones at each run.
fn sample<S: Strategy>(strategy: S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    let mut next = || strategy.new_tree(&mut runner).unwrap().current();
    (0..count).map(|_| next()).collect()
}

fn digits(text: &[u8]) -> String {
    text.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How expat reads the documents; see `support/expat.py`.
fn expat<'a>(documents: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/expat.py");
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs python3");
    // The script reads to the end before it answers, so that neither waits for the other.
    let mut input = python.stdin.take().unwrap();
    for document in documents {
        writeln!(input, "{}", digits(document.as_bytes())).unwrap();
    }
    drop(input);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).unwrap();
    answers.lines().map(str::to_owned).collect()
}

/// The fields as the script answers them.
fn answer<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = fields
        .into_iter()
        .map(|(name, value)| format!(" {}={}", digits(name.as_bytes()), digits(value.as_bytes())));
    format!("+{}", pairs.collect::<String>())
}

#[test]
fn expat_reads_the_same() {
    let documents = sample(document(), 500);
    let theirs = expat(documents.iter().map(|document| &*document.xml));
    assert_eq!(theirs.len(), documents.len());
    for (document, theirs) in documents.iter().zip(theirs) {
        let ours = Fields::parse(&document.xml).unwrap();
        assert_eq!(answer(&ours), theirs, "{:?}", document.xml);
        let meant = document.fields.iter();
        let meant = answer(meant.map(|(name, value)| (&**name, &**value)));
        assert_eq!(meant, theirs, "{:?}", document.xml);
    }
}

#[test]
fn expat_reads_what_is_written() {
    // With CRs, which only a reader that normalises line ends can tell from LFs.
    let values = sample(("[a\r\n\\]> ]{0,8}", any::<String>()), 500);
    let document = |(first, second): (String, String)| {
        let mut fields = Fields::new().with("first", first).unwrap();
        // Refused where it has control characters.
        let _ = fields.push("second", second);
        let xml = fields.to_xml();
        (fields, xml)
    };
    let documents: Vec<_> = values.into_iter().map(document).collect();
    let theirs = expat(documents.iter().map(|(_, xml)| &**xml));
    assert_eq!(theirs.len(), documents.len());
    for ((fields, xml), theirs) in documents.iter().zip(theirs) {
        assert_eq!(answer(fields), theirs, "{xml:?}");
    }
}

#[test]
fn expat_and_this_crate_refuse_the_same() {
    let documents = sample(soup(), 5000);
    let theirs = expat(documents.iter().map(|document| &**document));
    assert_eq!(theirs.len(), documents.len());
    let mut accepted = 0;
    for (document, theirs) in documents.iter().zip(theirs) {
        match Fields::parse(document) {
            Ok(ours) => {
                accepted += 1;
                assert_eq!(answer(&ours), theirs, "{document:?}");
            }
            Err(error) => {
                use ErrorKind::{Doctype, DuplicateName, ProcessingInstruction, StrayText};
                // A well-formed and flat document may have these.
                let stricter = [Doctype, DuplicateName, ProcessingInstruction, StrayText];
                let is_stricter = stricter.contains(&error.kind());
                let agrees = !theirs.starts_with('+');
                assert!(agrees || is_stricter, "{error}: {document:?}");
            }
        }
    }
    assert!(accepted > 200, "{accepted} documents were accepted");
}
