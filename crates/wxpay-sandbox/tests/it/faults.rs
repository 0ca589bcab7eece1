//! Each fault, received by curl.

use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wxpay_sandbox::{ActiveFault, Effect, Sandbox};
use wxpay_xml::Fields;

use crate::{
    strength::head,
    support::{Bench, CURL, HMAC, IDENTITY, block_on},
    tls::connect,
};

/// Uploads; returns curl's exit status and the response, head and body.
fn upload(bench: &Bench) -> (i32, String) {
    let form = bench.form(&[]);
    let arguments = [&CURL[..], &IDENTITY, &["--include", "--cacert", "ca.pem"]].concat();
    let output = bench.output("curl", &bench.words(&arguments, &form));
    let received = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), received)
}

fn body(received: &str) -> &str {
    received.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn documented_errors_are_answered_on_demand() {
    let bench = Bench::new();
    let sub_vendor = "System error occurred when viewing a sub-vendor";
    let longest = "A_CODE_OF_EXACTLY_32_CHARACTERS_";
    let with_longest = format!("error={longest}");
    #[rustfmt::skip] // a row a line
    let rows = [
        ("method-not-supported", "INVALID_REQUEST", "HTTP GET method not supported", false),
        ("invalid-xml", "INVALID_REQUEST", "Invalid XML format", false),
        ("certificate-required", "INVALID_REQUEST", "Certificate is required", false),
        ("sign-error", "SIGNERROR", "Signature validation", false),
        ("param-error", "PARAM_ERROR", "Regular validation", false),
        ("merchant-id", "PARAM_ERROR", "Merchant ID error", false),
        ("entry-permissions", "INVALID_REQUEST", "Entry permissions", true),
        ("image-format", "PARAM_ERROR", "Image format error", true),
        ("frequency-limited", "FREQUENCY_LIMITED", "Frequency limit", true),
        ("rate=0", "FREQUENCY_LIMITED", "Frequency limit", true),
        ("system-error", "SYSTEMERROR", sub_vendor, true),
        ("system-error,file=*.jpg", "SYSTEMERROR", sub_vendor, true),
        ("error=NOTENOUGH", "NOTENOUGH", "Error on demand", true),
        (&with_longest, longest, "Error on demand", true),
    ];
    for (effect, code, description, is_signed) in rows {
        for (more, by) in [(&[][..], "MD5"), (HMAC, "HMAC-SHA256")] {
            bench.inject_next(effect);
            let answer = bench.send(more);
            match is_signed {
                true => answer.assert_refuses(&bench, by, code, description),
                false => answer.assert_fails(code, description),
            }
        }
    }
    bench.inject_next(Effect::FrequencyLimitedWithoutCode);
    let answer = bench.send(&[]);
    assert_eq!(answer.names(), ["return_code", "return_msg"]);
    assert_eq!(answer.get("return_msg"), Some("频率限制"));
    // An error takes the place of any result of the gateway.
    bench.inject_next(Effect::SystemError);
    let answer = bench.anonymous_curl(&[&bench.url]);
    answer.assert_refuses(&bench, "MD5", "SYSTEMERROR", sub_vendor);
    bench.assert_uploads();
    assert!(bench.sandbox.faults().iter().all(ActiveFault::is_exhausted));
}

#[test]
fn signatures_are_left_out_or_wrong() {
    let bench = Bench::new();
    bench.inject_next(Effect::NoSignature);
    let answer = bench.send(&[]);
    answer.assert_accepted();
    assert_eq!(answer.get("sign"), None);

    bench.inject_next(Effect::WrongSignature);
    let answer = bench.send(&[]);
    let sign = answer.get("sign").unwrap();
    assert_eq!(sign.len(), 32);
    assert_ne!(sign, answer.python_sign(&bench, "MD5"));

    for (more, by) in [(&[][..], "HMAC-SHA256"), (HMAC, "MD5")] {
        bench.inject_next(Effect::OtherAlgorithm);
        bench.send(more).assert_signed(&bench, by);
    }
    bench.inject_next(Effect::ExtraFields);
    let answer = bench.send(&[]);
    answer.assert_signed(&bench, "MD5");
    assert_eq!(answer.get("trace_no"), Some("a=b & <c>=一"));
}

#[test]
fn documents_are_damaged() {
    let bench = Bench::new();
    for (effect, status, start) in [
        (Effect::ByteOrderMark, 200, "\u{feff}<xml>"),
        (Effect::Doctype, 200, "<!DOCTYPE xml [<!ENTITY sandbox "),
        (Effect::TruncatedXml, 200, "<xml>"),
        (Effect::CertificatePage, 400, "<html>"),
        (Effect::BadGatewayPage, 502, "<html>"),
    ] {
        bench.inject_next(effect);
        let (exit, received) = upload(&bench);
        assert_eq!(exit, 0, "{effect}");
        let first = format!("HTTP/1.1 {status} ");
        assert!(received.starts_with(&first), "{received}");
        assert!(body(&received).starts_with(start), "{received}");
        for (text, is_there) in [
            ("content-type: text/html", status != 200),
            ("&sandbox;", effect == Effect::Doctype),
            ("</xml>", status == 200 && effect != Effect::TruncatedXml),
            ("</html>", status != 200),
            ("No required SSL certificate was sent", status == 400),
        ] {
            assert_eq!(received.contains(text), is_there, "{text}: {received}");
        }
        if effect == Effect::TruncatedXml {
            Fields::parse(body(&received)).unwrap_err();
        }
    }
}

#[test]
fn connections_are_cut() {
    let bench = Bench::new();
    let cut = |effect: Effect| {
        bench.inject_next(effect);
        upload(&bench)
    };
    for effect in [Effect::CutInRequest, Effect::CutBeforeAnswer] {
        let (exit, received) = cut(effect);
        // Nothing came, or a reset, or an end of TLS that was not announced.
        assert!([52, 55, 56].contains(&exit), "{effect}: {exit}");
        assert_eq!(received, "", "{effect}");
    }
    let (exit, received) = cut(Effect::CutInAnswer);
    assert!([18, 56].contains(&exit), "{exit}");
    let is_half = body(&received).starts_with("<xml>") && !received.contains("</xml>");
    assert!(is_half, "{received}");

    let (exit, received) = cut(Effect::CutAfterAnswer);
    assert_eq!(exit, 0);
    assert!(body(&received).ends_with("</xml>"), "{received}");
    assert!(!received.contains("connection: close"), "{received}");
    bench.assert_uploads();
}

/// Two uploads of one curl, which would use one connection for both.
#[test]
fn a_connection_that_was_cut_after_an_answer_is_not_used_again() {
    #[rustfmt::skip] // an option and its value belong together
    let shown = ["--cacert", "ca.pem", "--output", "answer", "--write-out", "%{num_connects}\n"];
    let one = [&CURL[..], &IDENTITY, &shown].concat();
    for (effect, connections) in [(None, "0"), (Some(Effect::CutAfterAnswer), "1")] {
        let bench = Bench::new();
        if let Some(effect) = effect {
            bench.sandbox.inject(effect.into());
        }
        let form = bench.form(&[]);
        let one = bench.words(&one, &form);
        // With a pause, because curl may use a connection before it learns of its end.
        let pause = ["--rate", "120/m"];
        let out = bench.run("curl", &[&pause[..], &one, &["--next"], &one].concat());
        assert_eq!(out, format!("1\n{connections}\n"), "{effect:?}");
    }
}

#[test]
fn responses_are_delayed_before_the_first_byte_and_in_the_middle() {
    let bench = Bench::new();
    let body = bench.written_form();
    let request = [head(body.len()).as_bytes(), &body].concat();
    for (faults, before, inside) in [
        ("delay=300ms", 200, 0),
        ("delay-in-answer=300ms", 0, 200),
        // With another fault, and with one another.
        ("delay=300ms delay-in-answer=300ms cut-in-answer", 200, 200),
    ] {
        faults.split(' ').for_each(|fault| bench.inject_next(fault));
        let (first, rest, answer) = block_on(async {
            let mut tls = connect(&bench, true).await.unwrap();
            let start = Instant::now();
            tls.write_all(&request).await.unwrap();
            let mut answer = vec![tls.read_u8().await.unwrap()];
            let first = start.elapsed().as_millis();
            let _cut = tls.read_to_end(&mut answer).await;
            let rest = start.elapsed().as_millis() - first;
            (first, rest, String::from_utf8(answer).unwrap())
        });
        assert!(
            first >= before && rest >= inside,
            "{faults}: {first}, {rest}"
        );
        let is_whole = !faults.contains("cut-in-answer");
        assert_eq!(answer.ends_with("</xml>"), is_whole, "{answer}");
    }
}

#[test]
fn a_rate_is_kept_over_real_connections() {
    let bench = Bench::of(Sandbox::builder().fault(Effect::Rate(2)));
    let form = bench.form(&[]);
    let one = [&CURL[..], &IDENTITY, &["--cacert", "ca.pem"]].concat();
    let ten = vec![bench.words(&one, &form); 10].join(&"--next");
    let start = Instant::now();
    let received = bench.run("curl", &ten);
    let most = 2 * (start.elapsed().as_secs() as usize + 1);
    let passed = received.matches("<media_id>").count();
    let refused = received.matches("FREQUENCY_LIMITED").count();
    assert_eq!(passed + refused, 10, "{received}");
    assert!((2..=most).contains(&passed), "{passed}, not {most} at most");
    assert_eq!(bench.sandbox.faults()[0].hits(), refused as u64);
}

#[test]
fn faults_hit_by_file_name_and_by_turn() {
    let bench = Bench::new();
    let inject = |fault: &str| bench.sandbox.inject(fault.parse().unwrap());
    inject("system-error,every=2,file=*.jpg");
    inject("sign-error,file=*.png");
    for result in ["SUCCESS", "FAIL", "SUCCESS", "FAIL"] {
        assert_eq!(bench.send(&[]).get("result_code"), Some(result));
    }
}
