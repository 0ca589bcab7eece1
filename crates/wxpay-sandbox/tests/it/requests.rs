//! The record of a call, and the log.

use std::{
    io::{Read, Seek},
    sync::Arc,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tracing::{
    Dispatch, Level,
    subscriber::{NoSubscriber, with_default},
};
use wxpay_sandbox::{CheckOutcome, Effect, Sandbox};
use wxpay_sign::ApiKey;

use crate::support::{Bench, CURL, HMAC, IDENTITY, PICTURE, block_on};

/// The record of the last call, as JSON.
fn record(bench: &Bench) -> Value {
    serde_json::to_value(&*bench.last()).unwrap()
}

#[track_caller]
fn assert_has(record: &Value, values: &[(&str, Value)]) {
    for (pointer, value) in values {
        assert_eq!(record.pointer(pointer), Some(value), "{pointer}: {record}");
    }
}

#[test]
fn a_call_is_recorded() {
    let bench = Bench::new();
    bench.send(HMAC);
    let record = record(&bench);
    let serial = bench.openssl("x509 -in cert.pem -noout -serial");
    let serial = serial.trim_end().strip_prefix("serial=");
    let values = [
        ("/number", json!(1)),
        ("/path", json!("/secapi/mch/uploadmedia")),
        ("/tls_version", json!("TLSv1_3")),
        ("/client_certificate/subject", json!("CN=1900000109")),
        ("/client_certificate/serial_number", json!(serial)),
        ("/client_certificate/refused", Value::Null),
        ("/fields/0/value", json!("1900000109")),
        ("/fields/4/file_name", json!("test.jpg")),
        ("/fields/4/content_type", json!("image/jpeg")),
        ("/fields/4/length", json!(PICTURE.len())),
        ("/fields/4/value", Value::Null),
        ("/media_length", json!(PICTURE.len())),
        ("/file_name", json!("test.jpg")),
        ("/merchant", json!("1900000109")),
        ("/sign_type", json!("HMAC-SHA256")),
        ("/checks/0/rule", json!("method")),
        ("/checks/0/rule_zh", json!("请求方法")),
        ("/verdict/code", Value::Null),
        ("/findings/0/code", json!("media-truncated")),
        ("/answer/status", json!(200)),
    ];
    assert_has(&record, &values);
    let request = bench.last();
    let headers: Vec<_> = request.headers.iter().map(|header| &*header.0).collect();
    let written = "host user-agent accept content-length content-type";
    assert_eq!(headers.join(" "), written);
    let names: Vec<_> = request.fields.iter().map(|field| &*field.name).collect();
    assert_eq!(names.join(" "), "mch_id media_hash sign_type sign media");
    assert!(request.client.starts_with("127.0.0.1:"), "{request:?}");
    let time = record["time"].as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    let canonical = request.canonical.as_deref().unwrap();
    assert!(canonical.ends_with("&key=********"), "{canonical}");
    let answer = request.response.as_ref().unwrap();
    assert!(answer.body.contains("<media_id>"), "{answer:?}");
    assert!(request.outcome.as_ref().unwrap().is_accepted());
    assert!(
        request
            .checks
            .iter()
            .all(|it| it.outcome == CheckOutcome::Kept)
    );
    assert_eq!(bench.sandbox.media(1).as_deref(), Some(PICTURE));
    assert_eq!(bench.sandbox.media(2), None);
}

#[test]
fn the_rule_that_was_broken_is_recorded() {
    let bench = Bench::new();
    bench.send_changed(&[], "sign", "sign=A");
    let values = [
        ("/verdict/code", json!("SIGNERROR")),
        ("/verdict/description", json!("Signature validation")),
    ];
    assert_has(&record(&bench), &values);
    let checks = &bench.last().checks;
    let at = checks.iter().position(|it| it.rule == "signature").unwrap();
    let (kept, behind) = checks.split_at(at);
    let broken = CheckOutcome::Broken("Signature failure".to_owned());
    assert!(kept.iter().all(|it| it.outcome == CheckOutcome::Kept));
    assert_eq!(behind[0].outcome, broken);
    assert!(
        behind[1..]
            .iter()
            .all(|it| it.outcome == CheckOutcome::NotReached)
    );
    bench.anonymous_curl(&[&bench.url]);
    let values = [
        ("/client_certificate", Value::Null),
        ("/fields", json!([])),
        ("/sign_type", Value::Null),
        ("/checks/0/outcome/broken", json!("use POST")),
    ];
    assert_has(&record(&bench), &values);
}

#[test]
fn faults_are_recorded() {
    let bench = Bench::new();
    for effect in ["system-error", "cut-before-answer", "delay=1ms"] {
        bench.inject_next(effect);
    }
    bench.send(&[]);
    let _cut = bench.output("curl", &["--insecure", &bench.url]);
    bench.sandbox.inject(Effect::CutInRequest.into());
    let _cut = bench.output("curl", &["--insecure", &bench.url]);
    let requests = bench.sandbox.requests();
    assert_eq!(requests[0].faults, ["delay=1ms", "system-error"]);
    assert!(requests[0].outcome.as_ref().unwrap().is_accepted());
    let answer = requests[0].response.as_ref().unwrap();
    assert!(answer.body.contains("SYSTEMERROR"), "{answer:?}");
    assert_eq!(requests[1].faults, ["cut-before-answer"]);
    assert_eq!(requests[2].faults, ["cut-in-request"]);
    assert!(requests[1].response.is_none() && requests[2].outcome.is_none());
}

#[test]
fn memory_is_bounded() {
    let bench = Bench::new();
    let mut picture = PICTURE.to_vec();
    picture.resize(2_000_000, 0);
    bench.write("test.jpg", picture);
    let form = bench.form(&[]);
    let output = ["--cacert", "ca.pem", "--output", "answer"];
    let globbed = format!("{}?[1-19]", bench.url);
    let twenty = [&CURL[..], &IDENTITY, &output, &[&globbed]].concat();
    bench.run("curl", &bench.words(&twenty, &form));
    let kept = (1..=20).filter(|number| bench.sandbox.media(*number).is_some());
    assert_eq!(kept.collect::<Vec<_>>(), (5..=20).collect::<Vec<_>>());

    let many = format!("{}?[1-205]", bench.url);
    bench.run("curl", &[&CURL[..], &output, &[&many]].concat());
    let requests = bench.sandbox.requests();
    assert_eq!((requests.len(), requests[0].number), (200, 26));
    assert_eq!(requests[199].path, "/secapi/mch/uploadmedia?205");

    let huge = format!("x: {}", "x".repeat(5000));
    let value = format!("more={}", "店".repeat(5000));
    bench.curl(&["-H", &huge, "-F", &value, &bench.url]);
    let request = bench.last();
    let header = request.headers.iter().find(|header| header.0 == "x");
    assert_eq!(header.unwrap().1.len(), 512 + '…'.len_utf8());
    let field = &request.fields[0];
    assert_eq!(field.length, Some(15_000));
    assert_eq!(field.value.as_ref().unwrap().len(), 2046 + '…'.len_utf8());
}

/// A text field of 4 MB, and 32 characters as signature.
#[test]
fn the_record_of_a_call_is_bounded() {
    let bench = Bench::new();
    bench.write("huge", vec![b'\xff'; 4_000_000]);
    bench.write("text", "x&".repeat(2_000_000));
    let sign = format!("sign={}", "A".repeat(32));
    for (file, field) in [("huge", "more=x;type=text/y"), ("text", "a=b")] {
        let huge = format!("more=<{file}");
        let mut arguments = ["-F", field].repeat(40);
        arguments.extend(["-F", &sign, "-F", &huge, &bench.url]);
        bench.anonymous_curl(&arguments);
        let request = bench.last();
        let length = format!("{request:?}").len();
        assert!(length < 300_000, "{length}");
        let found = request.findings.iter().map(|it| it.message.len()).max();
        assert!(found < Some(1100), "{found:?}");
    }
}

#[test]
fn an_api_key_that_a_client_sends_is_shown_nowhere() {
    let old = ApiKey::new("0123456789abcdefghijklmnopqrstuv").unwrap();
    let builder = Sandbox::builder().other_key(old.clone());
    let bench = Bench::of(builder.inspector(([127, 0, 0, 1], 0).into()));
    let keys = [bench.credentials().expose_api_key(), old.expose()];
    // As they are, one character short, and in base64, beside other bytes.
    let [one, other] = keys;
    let encoded = |key: &str, before: &str| BASE64_STANDARD.encode(format!("{before}{key}"));
    let sent = [one, other, &one[1..], &one[..31], &other[..9]].map(str::to_owned);
    let short = format!("{}{}", &one[..15], &one[16..]);
    let in_base64 = ["", "1", "1:"].map(|before| encoded(one, before));
    let sent = [&sent[..], &[short], &in_base64].concat();
    for key in &sent {
        bench.write("key.jpg", format!("{key}{}", "x".repeat(100)));
        let [header, field, name, path] = [
            format!("X-Api-Key: {key}"),
            format!("key={key}"),
            format!("{key}={key}"),
            format!("{}?key={key}", bench.url),
        ];
        let media = format!("media=@key.jpg;filename={key}.jpg;type=image/{key}");
        let sign = format!("sign={key}");
        let long = format!("more={}{key}", "x".repeat(2040));
        let user = format!("1900000109:{key}");
        let mut arguments = vec!["-H", &header, "-u", &user];
        for form in [&field, &name, &media, &sign, &long] {
            arguments.extend(["-F", form]);
        }
        arguments.push(&path);
        bench.curl(&arguments);
    }
    let inspector = bench.sandbox.inspector_addr().unwrap();
    let mut shown = Vec::new();
    for request in bench.sandbox.requests() {
        shown.push(format!("{request} {request:?}"));
        shown.push(serde_json::to_string(&*request).unwrap());
        let media = bench.sandbox.media(request.number).unwrap();
        shown.push(String::from_utf8(media.to_vec()).unwrap());
    }
    for path in ["", "/1", "/9", "/1/media", "/9/body"] {
        let url = format!("http://{inspector}/requests{path}");
        shown.push(bench.run("curl", &[&CURL[..], &[&url]].concat()));
    }
    // The digits of base64 that hold bits of the key alone.
    let secrets = keys.map(|key| {
        let [start, middle, end] = ["", "1", "1:"].map(|before| encoded(key, before));
        [key, &start[..42], &middle[2..], &end[3..45]].map(str::to_owned)
    });
    for (shown, secret) in (shown.iter()).flat_map(|it| {
        secrets
            .as_flattened()
            .iter()
            .map(move |secret| (it, secret))
    }) {
        for at in 0..=secret.len() - 8 {
            let part = &secret[at..at + 8];
            assert!(!shown.contains(part), "{part} of {secret}: {shown}");
        }
    }
    assert!(shown[1].contains("********"), "{}", shown[1]);
}

#[test]
fn a_watch_yields_calls_as_they_come() {
    let bench = Bench::new();
    let mut calls = bench.sandbox.watch();
    bench.assert_uploads();
    bench.assert_uploads();
    block_on(async {
        for number in [1, 2] {
            let call = calls.next().await.unwrap();
            let found = (call.number, call.file_name.as_deref());
            assert_eq!(found, (number, Some("test.jpg")));
        }
        drop(bench);
        assert!(calls.next().await.is_none());
    });
}

#[test]
fn a_call_becomes_a_block_for_a_log() {
    let bench = Bench::new();
    bench.inject_next("delay=1ms");
    bench.send(&[]);
    let block = bench.last().to_string();
    let length = PICTURE.len();
    let start = format!(
        "#1 POST \"/secapi/mch/uploadmedia\": accepted, signed with MD5\n  \
         merchant \"1900000109\", file \"test.jpg\", {length} bytes, MD5\n  \
         media-truncated: media is a JPEG"
    );
    assert!(block.starts_with(&start), "{block}");
    assert!(block.lines().skip(3).eq(["  fault: delay=1ms"]), "{block}");
}

#[test]
fn outcomes_are_logged_and_secrets_are_not() {
    let mut file = tempfile::tempfile().unwrap();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_ansi(false)
        .with_writer(Arc::new(file.try_clone().unwrap()))
        .finish();
    // With a single dispatcher, tracing asks only the first thread that logs for its subscriber,
    // and that may be the thread of another test.
    let _another = Dispatch::new(NoSubscriber::default());
    // The server logs to the subscriber of the thread that starts it.
    let bench = with_default(subscriber, Bench::new);
    let form = bench.form(&[]);
    let answers = [&form[..], &form[2..], &form].map(|form| bench.upload(form));
    let mut log = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut log).unwrap();

    assert_eq!(log.matches("accepted").count(), 2, "{log}");
    assert!(log.contains("POST"), "{log}");
    assert!(log.contains("PARAM_ERROR, Regular validation"), "{log}");
    let credentials = bench.credentials();
    let mut words = form.iter();
    let sign = words.find_map(|word| word.strip_prefix("sign=")).unwrap();
    let private = credentials.key_pem().lines().nth(1).unwrap();
    for secret in [
        credentials.expose_api_key(),
        private,
        sign,
        answers[0].get("sign").unwrap(),
        "a picture, as far",
    ] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
