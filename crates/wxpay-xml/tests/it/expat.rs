//! The same documents, read by expat by way of Python: `support/expat.py`.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use wxpay_xml::{ErrorKind, Fields};

use crate::documents::{document, fragments};

/// Values of the strategy, the same at each run.
fn sample<S: Strategy>(strategy: S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    let mut next = || strategy.new_tree(&mut runner).unwrap().current();
    (0..count).map(|_| next()).collect()
}

fn digits(text: &[u8]) -> String {
    text.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An answer of the script to each document.
fn expat<'a>(documents: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/expat.py");
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs python3");
    // The script reads all documents before it answers, so one thread can write them.
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

/// The fields in the form of the script's answers.
fn answer<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = fields
        .into_iter()
        .map(|(name, value)| format!(" {}={}", digits(name.as_bytes()), digits(value.as_bytes())));
    format!("+{}", pairs.collect::<String>())
}

#[test]
fn expat_reads_the_same_fields() {
    let documents = sample(document(), 500);
    let theirs = expat(documents.iter().map(|document| &*document.xml));
    assert_eq!(theirs.len(), documents.len());
    for (document, theirs) in documents.iter().zip(theirs) {
        let ours = Fields::parse(&document.xml).unwrap();
        assert_eq!(answer(&ours), theirs, "{:?}", document.xml);
    }
}

#[test]
fn expat_reads_the_written_fields() {
    // With CRs, which expat turns into LFs unless they are references.
    let values = sample(("[a\r\n\\]> ]{0,8}", any::<String>()), 500);
    let document = |(first, second): (String, String)| {
        let mut fields = Fields::new().with("first", first).unwrap();
        // A value with control characters is refused.
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
fn expat_refuses_the_same_documents_but_for_stricter_rules() {
    let documents = sample(fragments(), 5000);
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
                // Well-formed and flat documents may have these.
                let stricter = [Doctype, DuplicateName, ProcessingInstruction, StrayText];
                let is_stricter = stricter.contains(&error.kind());
                let agrees = !theirs.starts_with('+');
                assert!(agrees || is_stricter, "{error}: {document:?}");
            }
        }
    }
    assert!(accepted > 200, "{accepted} documents were accepted");
}
