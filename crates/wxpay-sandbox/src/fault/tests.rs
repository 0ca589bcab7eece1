//! Faults as text and JSON, and which calls they hit.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::*;

/// Any text of the grammar.
const FAULT: &str = concat!(
    r"(bom|error=[A-Z0-9_]{1,32}|rate=[0-9]{1,9}|delay(-in-answer)?=[0-9]{1,19}(s|ms|us|ns))",
    r"(,next=[1-9][0-9]{0,8})?(,every=[1-9][0-9]{0,8})?(,chance=(100|[0-9]{1,2})%,seed=[0-9]{1,19})?",
    r"(,file=([^,\\]|\\,|\\\\){0,99})?",
);

proptest! {
    #[test]
    fn faults_survive_text_and_json(text in FAULT) {
        let fault: Fault = text.parse().unwrap();
        prop_assert_eq!(fault.to_string().parse(), Ok(fault.clone()));
        let json = serde_json::to_string(&fault).unwrap();
        prop_assert_eq!(serde_json::from_str::<Fault>(&json).unwrap(), fault.clone());
        let text = serde_json::to_string(&fault.to_string()).unwrap();
        prop_assert_eq!(serde_json::from_str::<Fault>(&text).unwrap(), fault);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*|[a-z-]+=[0-9a-z%]*(,[a-z]+=[0-9%]*)*") {
        if let Ok(fault) = text.parse::<Fault>() {
            prop_assert_eq!(fault.to_string().parse(), Ok(fault));
        }
    }
}

#[test]
fn texts_are_written_in_one_way() {
    for effect in Effect::samples() {
        assert_eq!(effect.to_string().parse(), Ok(effect));
    }
    let built = Fault::new(Effect::ByteOrderMark).times(0).every_nth(0);
    let built = built.probability(200, 7).for_file(r"a,b\");
    let text = r"bom,next=1,every=1,chance=100%,seed=7,file=a\,b\\";
    assert_eq!(built.to_string(), text);
    for (text, written) in [
        ("SYSTEMERROR", "system-error"),
        ("delay=1500ms,next=1", "delay=1500ms,next=1"),
        ("delay=2000ms", "delay=2s"),
        ("rate=20,every=2,next=3", "rate=20,next=3,every=2"),
        ("bom,file=a,next=3", "bom,next=3,file=a"),
        (r"bom,file=a\,b\c\\,next=3", r"bom,next=3,file=a\,b\\c\\"),
        ("bom,seed=7,chance=9%", "bom,chance=9%,seed=7"),
    ] {
        assert_eq!(text.parse::<Fault>().unwrap().to_string(), written);
    }
}

#[test]
fn wrong_texts_are_refused_with_the_reason() {
    #[rustfmt::skip] // a row a line
    let rows = [
        ("", "there is no fault \"\""),
        ("Bom", "there is no fault \"Bom\""),
        ("bom=1", "bom needs no value"),
        ("rate", "rate needs a number of calls a second"),
        ("rate=+1", "rate needs a number of calls a second"),
        ("delay=1", "delay needs a time, as 500ms or 2s"),
        ("delay=1.5s", "delay needs a time, as 500ms or 2s"),
        ("delay=99999999999999999999s", "delay needs a time, as 500ms or 2s"),
        ("error=", "error needs an err_code, as ACCOUNTERROR"),
        ("error=no", "error needs an err_code, as ACCOUNTERROR"),
        ("bom,next=0", "next needs a number from 1"),
        ("bom,every", "every needs a number from 1"),
        ("bom,next=1,next=2", "next is there twice"),
        ("bom,file=a,file=b", "file is there twice"),
        ("bom,chance=101%,seed=1", "chance needs a percentage, as 25%"),
        ("bom,chance=1%", "chance needs a seed beside it, as chance=25%,seed=1"),
        ("bom,when=1", "there is no condition \"when\": use next, every, chance with seed, or file"),
        ("cut-in-request,file=*", "cut-in-request comes before the file name is known: leave file out"),
    ];
    for (text, why) in rows {
        let error = text.parse::<Fault>().unwrap_err();
        assert_eq!(error.to_string(), why, "{text}");
    }
}

#[test]
fn wrong_json_is_refused_with_the_reason() {
    #[rustfmt::skip] // a row a line
    let rows = [
        ("1", "a fault, as"),
        (r#"{"next": 2}"#, "missing field `fault`"),
        (r#"{"fault": "bom", "when": 2}"#, "no condition \"when\""),
        (r#"{"fault": "bom", "next": 0}"#, "next needs a number from 1"),
        (r#"{"fault": "bom", "chance": 200, "seed": 1}"#, "a percentage"),
        (r#"{"fault": "bom,next=1"}"#, "there is no fault"),
        (r#""bim""#, "there is no fault"),
    ];
    for (json, why) in rows {
        let error = serde_json::from_str::<Fault>(json).unwrap_err().to_string();
        assert!(error.contains(why), "{json}: {error}");
    }
}

/// The calls, of ten, that a fault hits; the first is 1.
fn hit(fault: &str) -> Vec<u32> {
    let faults = Faults::default();
    faults.inject(fault.parse().unwrap());
    let now = Instant::now();
    let hit = |_: &u32| faults.plan(Some("shop.png"), now).effect.is_some();
    (1..=10).filter(hit).collect()
}

#[test]
fn conditions_choose_the_calls() {
    let all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    for (conditions, calls) in [
        ("", &all[..]),
        (",next=2", &[1, 2]),
        (",every=4", &[4, 8]),
        (",every=3,next=2", &[3, 6]),
        (",file=*.png,next=1", &[1]),
        (",file=*.jpg", &[]),
        (",chance=0%,seed=1", &[]),
        (",chance=100%,seed=1", &all),
    ] {
        assert_eq!(hit(&format!("bom{conditions}")), calls, "{conditions}");
    }
    let by_seed = |seed| hit(&format!("bom,chance=50%,seed={seed}"));
    assert_eq!(by_seed(3), by_seed(3));
    let by_seed: Vec<_> = (0..20).map(by_seed).collect();
    assert!(by_seed.iter().any(|hits| *hits != by_seed[0]));
    let hits: usize = by_seed.iter().map(Vec::len).sum();
    assert!((60..140).contains(&hits), "{hits}");
}

#[test]
fn the_first_of_each_group_hits() {
    let (faults, now) = (Faults::default(), Instant::now());
    let script = "system-error delay=1s cut-in-answer delay=2s cut-in-request";
    for effect in script.split(' ') {
        faults.inject(format!("{effect},next=1").parse().unwrap());
    }
    let met = || {
        let plan = faults.plan(None, now);
        plan.effects().map(|it| it.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(met(), ["delay=1s", "system-error"]);
    assert_eq!(met(), ["delay=2s", "cut-in-answer"]);
    assert_eq!(met(), [""; 0]);
    assert!(faults.cut_request(now));
    assert!(!faults.cut_request(now));
    let mut all = faults.all().into_iter();
    assert!(all.all(|fault| fault.is_exhausted() && fault.hits() == 1));
}

#[test]
fn a_rate_is_enforced_in_any_second() {
    let (faults, start) = (Faults::default(), Instant::now());
    let passes = |millis| {
        let now = start + Duration::from_millis(millis);
        faults.plan(None, now).effect.is_none()
    };
    faults.inject(Fault::new(Effect::Rate(3)));
    let times = [0, 600, 700, 800, 999, 1000, 1001, 1600, 1699, 1700];
    let passed: Vec<_> = times.into_iter().filter(|millis| passes(*millis)).collect();
    assert_eq!(passed, [0, 600, 700, 1000, 1600, 1700]);
    assert_eq!(faults.all()[0].hits(), 4);
    faults.remove_all();
    faults.inject(Fault::new(Effect::Rate(0)));
    assert!(!passes(9000));
}

#[test]
fn only_the_last_exhausted_faults_are_kept() {
    let (faults, now) = (Faults::default(), Instant::now());
    let waiting = faults.inject(Fault::new(Effect::Delay(Duration::ZERO)));
    for _ in 0..300 {
        faults.inject(Fault::new(Effect::ByteOrderMark).times(1));
        faults.plan(None, now);
    }
    let all = faults.all();
    assert!(all.len() <= 102, "{}", all.len());
    assert_eq!(all[0].id(), waiting);
    assert!(faults.remove(waiting));
    assert!(!faults.remove(waiting));
}

#[test]
fn patterns_match_names() {
    #[rustfmt::skip] // some to a line
    let rows = [
        ("", "", true), ("", "a", false), ("*", "", true), ("?", "", false), ("**", "x", true),
        ("*.png", "shop.png", true), ("*.png", "shop.png.jpg", false), ("店?.jpg", "店铺.jpg", true),
        ("a*b*c", "a--b-b--c", true), ("a*b*c", "a--b-b--", false), ("*a,b*", "1a,b2", true),
        ("A", "a", false),
    ];
    for (pattern, name, matches) in rows {
        let pattern = Pattern::new(pattern);
        assert_eq!(pattern.matches(name), matches, "{pattern:?} {name}");
    }
}

#[test]
fn a_hostile_pattern_is_matched_in_bounded_time() {
    let megabytes = "a".repeat(4 << 20);
    for pattern in [
        "*ab".repeat(80),
        format!("*{}b", "a".repeat(254)),
        format!("{}b", "a?*".repeat(50)),
    ] {
        assert!(!Pattern::new(&pattern).matches(&format!("{megabytes}c")));
    }
    assert!(Pattern::parse(&"店".repeat(256)).is_ok());
    let error = Pattern::parse(&"店".repeat(257)).unwrap_err().to_string();
    assert_eq!(error, "file needs a pattern of at most 256 characters");
}
