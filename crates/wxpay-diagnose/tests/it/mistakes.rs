//! Every known mistake is named: `independent/mistakes.py` makes them.

use std::{collections::BTreeSet, process::Command, sync::LazyLock};

use proptest::{prelude::*, sample::Index};
use wxpay_diagnose::{Lang, Mistake, Report, Request};
use wxpay_sign::{ApiKey, Params, SignType};

type Pairs = Vec<(String, String)>;

struct Case {
    names: String,
    /// The merchant's, and another.
    keys: [ApiKey; 2],
    sign: String,
    pairs: Pairs,
    report: Report,
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/mistakes.py");
    let output = Command::new("python3").arg(script).output();
    let output = output.expect("python3 is installed");
    assert!(output.status.success(), "{output:?}");
    text(output.stdout).lines().map(case).collect()
});

/// A case of a line of the script.
fn case(line: &str) -> Case {
    let mut words = line.split(' ');
    let names = words.next().unwrap().to_owned();
    let [key, other, sign, file_name, content] = [(); 5].map(|()| match words.next().unwrap() {
        "-" => None,
        word => Some(bytes(word)),
    });
    let keys = [key, other].map(|key| ApiKey::new(text(key.unwrap())).unwrap());
    let sign = text(sign.unwrap_or_default());
    let pairs = words.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap();
        (text(bytes(name)), text(bytes(value)))
    });
    let pairs: Pairs = pairs.collect();

    let file_name = file_name.map(text);
    let content = content.unwrap();
    let mut request = Request::new(borrowed(&pairs)).content(&content);
    if let Some(name) = &file_name {
        request = request.file_name(name);
    }
    let report = request.diagnose(&keys[0], &keys[1..], &sign);
    Case {
        names,
        keys,
        sign,
        pairs,
        report,
    }
}

fn borrowed(pairs: &Pairs) -> impl Iterator<Item = (&str, &str)> {
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

/// The names of a report's mistakes.
pub(crate) fn names(report: &Report) -> String {
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
    for Case { names, report, .. } in CASES.iter() {
        named.extend(report.mistakes().iter().map(Mistake::name));
        if self::names(report) != *names {
            wrong.push(format!("{names} is called {report}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(named, known_names());
}

#[test]
fn each_message_is_one_clause() {
    for mistake in CASES.iter().flat_map(|case| case.report.mistakes()) {
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

#[test]
fn a_report_holds_no_key_and_no_signature() {
    for case in CASES.iter() {
        let report = &case.report;
        let shown = format!("{report}{}{report:?}{report:#?}", report.display(Lang::Zh));
        let shown = format!("{shown}{}", report.canonical());
        let shown = format!("{shown}{}", report.signed().unwrap_or_default()).to_lowercase();
        let mut secrets = case
            .keys
            .each_ref()
            .map(|key| key.expose().to_owned())
            .to_vec();
        // The received signature may be right but for a detail.
        let sign = case.sign.trim_matches(['"', '\r', '\n']);
        secrets.extend(Some(sign.to_owned()).filter(|sign| !sign.is_empty()));
        let pairs = borrowed(&case.pairs).filter(|(name, _)| *name != "media");
        if let Ok(params) = Params::new(pairs) {
            let right = |sign_type| params.sign(sign_type, &case.keys[0]).to_string();
            secrets.extend(SignType::ALL.map(right));
        }
        for secret in secrets {
            let is_shown = shown.contains(&secret.to_lowercase());
            assert!(!is_shown, "{}: {shown}", case.names);
        }
    }
}

fn key() -> impl Strategy<Value = ApiKey> {
    "[0-9A-Za-z]{32}".prop_map(|key| ApiKey::new(key).unwrap())
}

fn pairs() -> impl Strategy<Value = Pairs> {
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
    fn the_algorithm_of_the_caller_decides(pairs in pairs(), key in key(), sign_type in prop::sample::select(&SignType::ALL)) {
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

    /// Otherwise a signature could be guessed digit by digit.
    #[test]
    fn fewer_than_32_digits_of_a_signature_are_unknown(
        key in key(),
        sign_type in prop::sample::select(&SignType::ALL),
        count in 1..32_usize,
        at: Index,
    ) {
        let pairs = [("mch_id", "1000000000")];
        let sign = Params::new(pairs).unwrap().sign(sign_type, &key);
        let (before, rest) = sign.as_str().split_at(at.index(sign_type.hex_len() - count + 1));
        let (part, after) = rest.split_at(count);
        // Digits without zeros are a mistake, `zeros_missing`.
        prop_assume!(!before.chars().chain(after.chars()).all(|digit| digit == '0'));
        let report = Request::new(pairs).sign_type(sign_type).diagnose(&key, &[], part);
        prop_assert_eq!(names(&report), "unknown");
    }
}
