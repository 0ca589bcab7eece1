//! The record of a call.

use base64::{Engine, prelude::BASE64_STANDARD};
use wxpay_sandbox::{CheckOutcome, Effect, Sandbox};
use wxpay_sign::ApiKey;

use crate::support::{Bench, CURL, HMAC, IDENTITY, PICTURE, block_on};

#[test]
fn all_that_came_is_recorded() {
    let bench = Bench::new();
    bench.send(HMAC);
    let request = bench.last();
    assert_eq!((request.number, &*request.method), (1, "POST"));
    assert_eq!(request.path, "/secapi/mch/uploadmedia");
    assert_eq!(request.tls_version, "TLSv1_3");
    let certificate = request.client_certificate.as_ref().unwrap();
    assert_eq!(certificate.subject, "CN=1900000109");
    assert_eq!(certificate.refused, None);
    let serial = bench.openssl("x509 -in cert.pem -noout -serial");
    assert_eq!(serial, format!("serial={}\n", certificate.serial_number));

    let headers: Vec<_> = request.headers.iter().map(|header| &*header.0).collect();
    let written = "host user-agent accept content-length content-type";
    assert_eq!(headers.join(" "), written);
    let names: Vec<_> = request.fields.iter().map(|field| &*field.name).collect();
    assert_eq!(names.join(" "), "mch_id media_hash sign_type sign media");
    assert_eq!(request.fields[0].value.as_deref(), Some("1900000109"));
    let media = &request.fields[4];
    assert_eq!(media.content_type.as_deref(), Some("image/jpeg"));
    assert_eq!((media.length, &media.value), (Some(PICTURE.len()), &None));
    assert_eq!(request.media_length, Some(PICTURE.len()));
    for (found, expected) in [
        (&media.file_name, "test.jpg"),
        (&request.file_name, "test.jpg"),
        (&request.merchant, "1900000109"),
        (&request.sign_type, "HMAC-SHA256"),
    ] {
        assert_eq!(found.as_deref(), Some(expected));
    }
    assert_eq!(bench.sandbox.media(1).as_deref(), Some(PICTURE));
    assert_eq!(bench.sandbox.media(2), None);

    let mut checks = request.checks.iter();
    assert!(checks.len() == 10 && checks.all(|check| check.outcome == CheckOutcome::Kept));
    assert!(request.outcome.as_ref().unwrap().is_accepted());
    let answer = request.response.as_ref().unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("<media_id>"), "{answer:?}");
}

#[test]
fn the_rule_that_was_broken_is_recorded() {
    let bench = Bench::new();
    bench.send_changed(&[], "sign", "sign=A");
    let signature = bench.last();
    let mut checks = signature.checks.iter();
    let broken = CheckOutcome::Broken("Signature failure".to_owned());
    let found = checks.find(|it| it.rule == "signature").unwrap();
    assert_eq!(found.outcome, broken);
    assert!(checks.all(|it| it.outcome == CheckOutcome::NotReached));
    let outcome = signature.outcome.as_ref().unwrap();
    let description = Some("Signature validation");
    assert_eq!(
        (outcome.code, outcome.description),
        (Some("SIGNERROR"), description)
    );

    bench.anonymous_curl(&[&bench.url]);
    let method = bench.last();
    assert_eq!(
        (&method.client_certificate, &method.sign_type),
        (&None, &None)
    );
    assert!(method.fields.is_empty());
    assert_eq!(method.checks[0].rule, "method");
    assert!(matches!(method.checks[0].outcome, CheckOutcome::Broken(_)));
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
    assert!(requests[1].response.is_none());
    assert_eq!(requests[2].faults, ["cut-in-request"]);
    assert!(requests[2].outcome.is_none());
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
    for key in keys {
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
    for path in ["", "/1", "/2", "/1/media", "/1/body"] {
        let url = format!("http://{inspector}/requests{path}");
        shown.push(bench.run("curl", &[&CURL[..], &[&url]].concat()));
    }
    let encoded = |key: &str| BASE64_STANDARD.encode(format!("1900000109:{key}"));
    for shown in &shown {
        for key in keys {
            assert!(!shown.contains(&encoded(key)));
            for at in 0..=24 {
                assert!(!shown.contains(&key[at..at + 8]), "{at} of a key: {shown}");
            }
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
            assert_eq!(call.number, number);
            assert_eq!(call.file_name.as_deref(), Some("test.jpg"));
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
    let start = format!(
        "#1 POST \"/secapi/mch/uploadmedia\": accepted, signed with MD5\n  \
         merchant \"1900000109\", file \"test.jpg\", {} bytes, MD5\n  \
         media-truncated: media is a JPEG",
        PICTURE.len()
    );
    assert!(block.starts_with(&start), "{block}");
    assert!(block.lines().skip(3).eq(["  fault: delay=1ms"]), "{block}");
}
