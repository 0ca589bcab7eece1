//! Every known mistake is named: `independent/mistakes.py` makes them.

use std::{collections::BTreeSet, process::Command};

use proptest::{prelude::*, sample::Index};
use wxpay_diagnose::{Lang, Mistake, Report, Request};
use wxpay_sign::{ApiKey, Params, SignType};

struct Case {
    names: String,
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
        let names = words.next().unwrap().to_owned();
        let mut option = || match words.next().unwrap() {
            "-" => None,
            word => Some(bytes(word)),
        };
        let [key, other_key, sign] = [(); 3].map(|()| text(option().unwrap_or_default()));
        let (file_name, content) = (option().map(text), option());
        let pairs = words.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (text(bytes(name)), text(bytes(value)))
        });
        Self {
            names,
            key,
            other_key,
            sign,
            file_name,
            content,
            pairs: pairs.collect(),
        }
    }

    fn diagnose(&self) -> Report {
        let mut request = Request::new(borrowed(&self.pairs));
        if let Some(name) = &self.file_name {
            request = request.file_name(name);
        }
        if let Some(content) = &self.content {
            request = request.content(content);
        }
        let [key, other] = [&self.key, &self.other_key].map(|key| ApiKey::new(key).unwrap());
        request.diagnose(&key, &[other], &self.sign)
    }
}

fn borrowed(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    let pairs = pairs.iter();
    pairs.map(|(name, value)| (name.as_str(), value.as_str()))
}

fn bytes(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn cases() -> Vec<Case> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/mistakes.py");
    let output = Command::new("python3").arg(script).output();
    let output = output.expect("python3 is installed");
    assert!(output.status.success(), "{output:?}");
    let cases: Vec<_> = text(output.stdout).lines().map(Case::parse).collect();
    assert!(!cases.is_empty());
    cases
}

fn names(report: &Report) -> String {
    let names: Vec<_> = report.mistakes().iter().map(Mistake::name).collect();
    match names[..] {
        [] if report.is_right() => "right".to_owned(),
        [] => "unknown".to_owned(),
        _ => names.join("+"),
    }
}

/// The names of all mistakes, from the table.
fn known_names() -> BTreeSet<&'static str> {
    let rows = include_str!("../../src/table.rs").split("\n    row(\"");
    let names = rows.skip(1).map(|row| row.split('"').next().unwrap());
    names.collect()
}

#[test]
fn each_mistake_is_named() {
    let mut named = BTreeSet::new();
    let mut wrong = Vec::new();
    for (number, case) in cases().iter().enumerate() {
        let report = case.diagnose();
        named.extend(report.mistakes().iter().map(Mistake::name));
        if names(&report) != case.names {
            wrong.push(format!("{number}: {} is called {report}", case.names));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(named, known_names());
}

#[test]
fn each_mistake_is_said_in_one_clause() {
    let cases = cases();
    for mistake in cases
        .iter()
        .flat_map(|case| case.diagnose().mistakes().to_vec())
    {
        for lang in [Lang::En, Lang::Zh] {
            for text in [&*mistake.explanation(lang), mistake.advice(lang)] {
                if lang == Lang::En {
                    let is_lower_case = !text.starts_with(char::is_uppercase);
                    assert!(is_lower_case || text.starts_with("HMAC"), "{text}");
                    assert!(text.split(' ').count() > 2, "{text}");
                } else {
                    let chinese = text.chars().filter(|c| ('一'..='龥').contains(c));
                    assert!(chinese.count() > 1, "{text}");
                }
                assert!(!text.ends_with(['.', '。']), "{text}");
                assert!(!text.contains('\n') && !text.contains("{}"), "{text}");
            }
        }
        let of_name = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '_');
        assert!(mistake.name().chars().all(of_name), "{}", mistake.name());
    }
}

/// The right signature in both algorithms, where there is one.
fn right_signatures(case: &Case) -> Vec<String> {
    let pairs = borrowed(&case.pairs).filter(|(name, _)| *name != "media");
    let Ok(params) = Params::new(pairs) else {
        return Vec::new();
    };
    let key = ApiKey::new(&case.key).unwrap();
    let signatures = SignType::ALL.map(|sign_type| params.sign(sign_type, &key));
    signatures.iter().map(ToString::to_string).collect()
}

#[test]
fn a_report_holds_neither_a_key_nor_a_signature() {
    for case in cases() {
        let report = case.diagnose();
        let shown = format!("{report}{}{report:?}{report:#?}", report.display(Lang::Zh));
        let shown = format!("{shown}{}", report.canonical());
        let shown = format!("{shown}{}", report.signed().unwrap_or_default()).to_lowercase();
        let secrets = [case.key.clone(), case.other_key.clone()];
        // The signature that came may be right but for a detail.
        let sign = case.sign.trim_matches(['"', '\r', '\n']).to_owned();
        let sign = Some(sign).filter(|sign| !sign.is_empty());
        for secret in right_signatures(&case).iter().chain(&secrets).chain(&sign) {
            let is_shown = shown.contains(&secret.to_lowercase());
            assert!(!is_shown, "{}: {shown}", case.names);
        }
    }
}

#[test]
fn what_was_sent_is_debugged_without_values() {
    let request = Request::new([("mch_id", "1000000000")]).content(b"the bytes");
    let shown = format!("{:?}", request.file_name("a.png"));
    let names =
        r#"Request { names: ["mch_id"], file_name: Some("a.png"), content_length: Some(9), "#;
    assert_eq!(shown, format!("{names}sign_type: None }}"));
}

#[test]
fn a_key_in_a_field_is_masked() {
    let text = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6";
    let key = ApiKey::new(text).unwrap();
    let (upper, name) = (text.to_uppercase(), format!("x{text}"));
    let pairs = [("key", text), ("note", &upper), (&name, "1"), (&name, "2")];
    let unsigned = Params::new([("key", text), ("note", &upper)]).unwrap();
    let sign = unsigned.sign(SignType::Md5, &key);
    for pairs in [&pairs[..3], &pairs] {
        let report = Request::new(pairs.iter().copied()).diagnose(&key, &[], sign.as_str());
        let shown = format!("{report}{report:?}").to_lowercase();
        assert!(!shown.contains(&text.to_lowercase()), "{shown}");
        assert!(shown.contains("`x********`"), "{shown}");
    }
}

#[test]
fn characters_without_a_width_stay_off_the_terminal() {
    let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap();
    let pairs = [
        ("a\u{1b}[2J", "1\n2\u{2028}\u{202e}\u{200b}\u{9b}"),
        ("b", "签"),
    ];
    let sign = Params::new(&pairs[1..]).unwrap().sign(SignType::Md5, &key);
    let report = Request::new(pairs).diagnose(&key, &[], sign.as_str());
    let shown = report.to_string();
    for part in [
        r"a\u{1b}[2J=1\n2\u{2028}\u{202e}\u{200b}\u{9b}&b=签&key=",
        r"the field `a\u{1b}[2J` is sent but",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert_eq!(shown.lines().count(), 4);
}

/// Each would take minutes if the work were not bounded.
#[test]
fn long_input_takes_no_long_time() {
    let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap();
    let others = [(); 40].map(|()| key.clone());
    let unknown = "0".repeat(32);
    let long = "a ".repeat(100_000);
    let numbered = (0..50_000).rev().map(|number| format!("n{number}"));
    let numbered: Vec<_> = numbered.collect();
    for pairs in [
        vec![("mch_id", "1"), ("note", &long)],
        vec![(&long, "1")],
        numbered.iter().map(|name| (name.as_str(), "1")).collect(),
        numbered.iter().map(|_| ("same", "1")).collect(),
    ] {
        let request = Request::new(pairs).file_name(&long);
        let request = request.content(long.as_bytes());
        for sign in [&unknown, &long] {
            let report = request.diagnose(&key, &others, sign);
            assert_eq!(names(&report), "unknown");
        }
    }
}

/// The simplest explanation of all is not given up for the work it takes.
#[test]
fn a_right_signature_over_long_fields_is_right() {
    let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap();
    let long = "a".repeat(9_000_000);
    let pairs = [("note", long.as_str())];
    let sign = Params::new(pairs).unwrap().sign(SignType::Md5, &key);
    let report = Request::new(pairs).diagnose(&key, &[], sign.as_str());
    assert!(report.is_right());
}

fn key() -> impl Strategy<Value = ApiKey> {
    "[0-9A-Za-z]{32}".prop_map(|key| ApiKey::new(key).unwrap())
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let known = prop::sample::select(vec!["mch_id", "sign_type", "sign"]).prop_map(str::to_owned);
    let name = prop_oneof![3 => known, 1 => "[a-z_]{0,8}", 1 => any::<String>()];
    let hmac = Just("HMAC-SHA256".to_owned());
    let value = prop_oneof!["[0-9A-Za-z]{0,32}", hmac, any::<String>()];
    prop::collection::vec((name, value), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_right_signature_is_right(pairs in pairs(), key in key(), other in key()) {
        let Ok(params) = Params::new(borrowed(&pairs).filter(|(name, _)| *name != "media")) else {
            return Ok(());
        };
        let named = params.iter().find(|(name, _)| *name == "sign_type");
        let sign_type = SignType::from_field(named.map(|(_, value)| value));
        let sign = params.sign(sign_type, &key);
        let report = Request::new(borrowed(&pairs)).diagnose(&key, &[other], sign.as_str());
        prop_assert!(report.is_right());
        let said = format!("to be signed with {sign_type}: ");
        prop_assert!(report.to_string().starts_with(&said));
    }

    #[test]
    fn the_algorithm_may_be_given(pairs in pairs(), key in key(), sign_type in prop::sample::select(&SignType::ALL)) {
        let Ok(params) = Params::new(borrowed(&pairs)) else {
            return Ok(());
        };
        prop_assume!(pairs.iter().all(|(name, _)| *name != "media"));
        let sign = params.sign(sign_type, &key);
        let request = Request::new(borrowed(&pairs)).sign_type(sign_type);
        let report = request.diagnose(&key, &[], sign.as_str());
        prop_assert!(report.is_right());
        prop_assert_eq!(report.canonical(), params.canonical().masked().to_string());
    }

    #[test]
    fn a_random_signature_is_unknown(
        pairs in pairs(),
        key in key(),
        sign in prop_oneof!["[0-9A-F]{32}", "[0-9A-F]{64}", "[0-9a-f]{32}", "[A-Za-z0-9+/]{22}==", any::<String>()],
        content: Vec<u8>,
    ) {
        let report = Request::new(borrowed(&pairs)).content(&content).diagnose(&key, &[], &sign);
        prop_assert_eq!(names(&report), "unknown");
        prop_assert!(report.mistakes().is_empty());
        prop_assert_eq!(report.signed(), None);
    }

    /// Fewer than 32 right digits confirm nothing: else a signature could be guessed digit by digit.
    #[test]
    fn a_part_of_a_signature_is_unknown(
        key in key(),
        sign_type in prop::sample::select(&SignType::ALL),
        count in 1..32_usize,
        at: Index,
    ) {
        let pairs = [("mch_id", "1000000000")];
        let sign = Params::new(pairs).unwrap().sign(sign_type, &key);
        let (before, rest) = sign.as_str().split_at(at.index(sign_type.hex_len() - count + 1));
        let (part, after) = rest.split_at(count);
        // But for zeros: `0A` written as `A` is a mistake of its own.
        prop_assume!(!before.chars().chain(after.chars()).all(|digit| digit == '0'));
        let report = Request::new(pairs).sign_type(sign_type).diagnose(&key, &[], part);
        prop_assert_eq!(names(&report), "unknown");
    }
}
