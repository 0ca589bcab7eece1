//! Python's own digests, from the parameters to the signature: `independent/sign.py`.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    thread,
};

use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use wxpay_sign::{ApiKey, Params, SignType};

use crate::vectors;

#[derive(Debug)]
struct Case {
    sign_type: SignType,
    key: String,
    pairs: Vec<(String, String)>,
}

#[test]
fn random_parameters_are_signed_as_python_signs_them() {
    let name = prop_oneof!["[A-Za-z0-9_]{1,8}", "\\PC{0,6}", Just("sign".to_owned())];
    let value = prop_oneof!["[ -~]{0,80}", any::<String>()];
    let case = (
        prop::sample::select(&SignType::ALL),
        "[0-9A-Za-z]{32}",
        prop::collection::btree_map(name, value, 0..24)
            .prop_map(|pairs| pairs.into_iter().collect::<Vec<_>>())
            .prop_shuffle(),
    );
    let strategy = case.prop_map(|(sign_type, key, pairs)| Case {
        sign_type,
        key,
        pairs,
    });
    // The same cases at every run: one process, no shrinking.
    let mut runner = TestRunner::deterministic();
    let cases: Vec<_> = (0..500)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect();
    assert_python_agrees(&cases);
}

#[test]
fn vectors_are_signed_as_python_signs_them() {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let case = |name: &String| {
        let read = |file| vectors::read(name, file);
        let pairs = read("params.txt");
        let pairs = pairs
            .lines()
            .map(|line| owned(line.split_once('=').unwrap()));
        Case {
            sign_type: read("sign_type.txt").parse().unwrap(),
            key: read("key.txt"),
            pairs: pairs.collect(),
        }
    };
    let cases: Vec<_> = vectors::cases().iter().map(case).collect();
    assert_python_agrees(&cases);
}

fn assert_python_agrees(cases: &[Case]) {
    let answers = ask_python(cases);
    assert_eq!(answers.lines().count(), cases.len());
    for (case, answer) in cases.iter().zip(answers.lines()) {
        let params = Params::new(&case.pairs).unwrap();
        let key = ApiKey::new(&case.key).unwrap();
        let canonical = hex(&params.canonical().to_string());
        let ours = format!("{canonical} {}", params.sign(case.sign_type, &key));
        assert_eq!(ours, answer, "{:?}", case.pairs);
    }
}

fn ask_python(cases: &[Case]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/sign.py");
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    let question: String = cases.iter().map(line).collect();
    let mut input = python.stdin.take().unwrap();
    // It answers while it is asked, so that one side would wait for the other.
    let ask = thread::spawn(move || input.write_all(question.as_bytes()).unwrap());
    let output = python.wait_with_output().unwrap();
    ask.join().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn line(case: &Case) -> String {
    let pairs = case.pairs.iter();
    let pairs = pairs.map(|(name, value)| format!(" {}={}", hex(name), hex(value)));
    let pairs: String = pairs.collect();
    format!("{} {}{pairs}\n", case.sign_type, case.key)
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
