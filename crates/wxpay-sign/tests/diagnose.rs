//! Every known mistake is named: `independent/mistakes.py` makes them.

#![cfg(feature = "diagnose")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{path::Path, process::Command};

use wxpay_sign::{
    ApiKey,
    diagnose::{Diagnosis, Mistake, Report, Sent},
};

struct Case {
    ids: String,
    key: String,
    other_key: String,
    sign: String,
    file_name: Option<String>,
    content: Option<Vec<u8>>,
    pairs: Vec<(String, String)>,
}

impl Case {
    fn parse(line: &str) -> Self {
        let mut words = line.split(' ');
        let ids = words.next().unwrap().to_owned();
        let mut option = || {
            Some(words.next().unwrap())
                .filter(|word| *word != "-")
                .map(bytes)
        };
        let [key, other_key, sign] = [(); 3].map(|()| text(option().unwrap_or_default()));
        let (file_name, content) = (option().map(text), option());
        let pairs = words.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (text(bytes(name)), text(bytes(value)))
        });
        Self {
            ids,
            key,
            other_key,
            sign,
            file_name,
            content,
            pairs: pairs.collect(),
        }
    }

    fn diagnose(&self) -> Report {
        let pairs = self.pairs.iter();
        let mut sent = Sent::new(pairs.map(|(name, value)| (name.as_str(), value.as_str())));
        if let Some(name) = &self.file_name {
            sent = sent.file_name(name);
        }
        if let Some(content) = &self.content {
            sent = sent.content(content);
        }
        let [key, other] = [&self.key, &self.other_key].map(|key| ApiKey::new(key).unwrap());
        sent.diagnose(&key, &[other], &self.sign)
    }
}

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = (0..digits.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn cases() -> Vec<Case> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/independent/mistakes.py");
    let output = Command::new("python3")
        .arg(script)
        .output()
        .expect("python3 is installed");
    assert!(output.status.success(), "{output:?}");
    let cases: Vec<_> = text(output.stdout).lines().map(Case::parse).collect();
    assert!(!cases.is_empty());
    cases
}

fn ids(report: &Report) -> String {
    match report.diagnosis() {
        Diagnosis::Right => "right".to_owned(),
        Diagnosis::Unknown => "unknown".to_owned(),
        _ => {
            let ids: Vec<_> = report.mistakes().iter().map(Mistake::id).collect();
            ids.join("+")
        }
    }
}

#[test]
fn each_mistake_is_named() {
    let wrong: Vec<_> = cases()
        .iter()
        .enumerate()
        .map(|(number, case)| (number, case, case.diagnose()))
        .filter(|(_, case, report)| ids(report) != case.ids)
        .map(|(number, case, report)| format!("{number}: {} is called {report}", case.ids))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
