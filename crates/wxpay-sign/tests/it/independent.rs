//! The canonical string and the signature, compared with Python's: `independent/sign.py`.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    thread,
};

use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use wxpay_sign::{ApiKey, Params, SignType};

use crate::{
    properties::{Pairs, signed_and_mixed, signing},
    vectors,
};

type Case = (SignType, ApiKey, Pairs);

#[test]
fn random_parameters_are_signed_as_python_signs_them() {
    // The same cases at every run: one process, no shrinking.
    let mut runner = TestRunner::deterministic();
    let strategy = (signing(), signed_and_mixed());
    let cases = (0..500).map(|_| {
        let ((sign_type, key), (_, mixed)) = strategy.new_tree(&mut runner).unwrap().current();
        (sign_type, key, mixed)
    });
    assert_python_agrees(&cases.collect::<Vec<_>>());
}

#[test]
fn vectors_are_signed_as_python_signs_them() {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let cases = vectors::cases().into_iter().map(|name| {
        let read = |file| vectors::read(&name, file);
        let (sign_type, key) = (read("sign_type.txt"), read("key.txt"));
        let params = read("params.txt");
        let pairs = params.lines().map(|line| line.split_once('=').unwrap());
        let key = ApiKey::new(key).unwrap();
        (sign_type.parse().unwrap(), key, pairs.map(owned).collect())
    });
    assert_python_agrees(&cases.collect::<Vec<_>>());
}

fn assert_python_agrees(cases: &[Case]) {
    let answers = ask_python(cases.iter().map(line).collect());
    assert_eq!(answers.lines().count(), cases.len());
    for ((sign_type, key, pairs), answer) in cases.iter().zip(answers.lines()) {
        let params = Params::new(pairs).unwrap();
        let canonical = hex(&params.canonical().to_string());
        let ours = format!("{canonical} {}", params.sign(*sign_type, key));
        assert_eq!(ours, answer, "{pairs:?}");
    }
}

fn ask_python(question: String) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/sign.py");
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    let mut input = python.stdin.take().unwrap();
    // The script answers each line at once: one thread could not write all before it reads.
    let ask = thread::spawn(move || input.write_all(question.as_bytes()).unwrap());
    let output = python.wait_with_output().unwrap();
    ask.join().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn line((sign_type, key, pairs): &Case) -> String {
    let pairs = pairs.iter();
    let pairs = pairs.map(|(name, value)| format!(" {}={}", hex(name), hex(value)));
    let pairs: String = pairs.collect();
    format!("{sign_type} {}{pairs}\n", key.expose())
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
