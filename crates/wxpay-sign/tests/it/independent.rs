//! Python's own digests, from the parameters to the signature: `independent/sign.py`.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use wxpay_sign::{ApiKey, Params, SignType};

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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let folders = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let cases: Vec<_> = folders
        .filter(|path| path.is_dir())
        .map(|folder| {
            let read = |file| fs::read_to_string(folder.join(file)).unwrap();
            let pairs = read("params.txt");
            let pairs = pairs.lines().map(|line| line.split_once('=').unwrap());
            Case {
                sign_type: read("sign_type.txt").trim_end().parse().unwrap(),
                key: read("key.txt").trim_end().to_owned(),
                pairs: pairs
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
            }
        })
        .collect();
    assert!(!cases.is_empty());
    assert_python_agrees(&cases);
}

fn assert_python_agrees(cases: &[Case]) {
    let answers = ask_python(cases);
    assert_eq!(answers.lines().count(), cases.len());
    for (case, answer) in cases.iter().zip(answers.lines()) {
        let pairs = case
            .pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let params = Params::new(pairs).unwrap();
        let key = ApiKey::new(&case.key).unwrap();
        let canonical = hex(&params.canonical().to_string());
        let ours = format!("{canonical} {}", params.sign(case.sign_type, &key));
        assert_eq!(ours, answer, "{:?}", case.pairs);
    }
}

fn ask_python(cases: &[Case]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/independent/sign.py");
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    let question: String = cases.iter().map(line).collect();
    // The script answers only when it has read all of it, so neither side waits for the other.
    python
        .stdin
        .take()
        .unwrap()
        .write_all(question.as_bytes())
        .unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn line(case: &Case) -> String {
    let pairs: String = case
        .pairs
        .iter()
        .map(|(name, value)| format!(" {}={}", hex(name), hex(value)))
        .collect();
    format!("{} {}{pairs}\n", case.sign_type, case.key)
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
