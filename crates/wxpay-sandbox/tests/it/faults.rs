//! Each fault, as curl meets it.

use std::time::{Duration, Instant};

use wxpay_sandbox::{ActiveFault, Effect, Fault, Sandbox};
use wxpay_xml::Fields;

use crate::support::{Bench, start};

const SECOND: Duration = Duration::from_secs(1);

/// Uploads, and tells curl's exit status and what it has received: head and body.
fn upload(bench: &Bench, more: &[&str]) -> (i32, String) {
    let (form, url) = (bench.form(more), bench.url());
    let mut arguments = vec![
        "--silent",
        "--include",
        "--cacert",
        "ca.pem",
        "--max-time",
        "60",
    ];
    arguments.extend(["--noproxy", "*", "--cert", "cert.pem", "--key", "key.pem"]);
    arguments.extend(form.iter().map(String::as_str));
    arguments.push(&url);
    let output = bench.output("curl", &arguments);
    let received = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), received)
}

fn body(received: &str) -> &str {
    received.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn documented_errors_are_answered_on_demand() {
    let bench = Bench::new();
    let fails = [
        (
            Effect::MethodNotSupported,
            "INVALID_REQUEST",
            "HTTP GET method not supported",
        ),
        (Effect::InvalidXml, "INVALID_REQUEST", "Invalid XML format"),
        (
            Effect::CertificateRequired,
            "INVALID_REQUEST",
            "Certificate is required",
        ),
        (Effect::SignError, "SIGNERROR", "Signature validation"),
        (Effect::ParamError, "PARAM_ERROR", "Regular validation"),
        (Effect::MerchantId, "PARAM_ERROR", "Merchant ID error"),
    ];
    for (effect, code, description) in fails {
        bench.sandbox.inject(Fault::new(effect).times(1));
        bench
            .upload(&bench.form(&[]))
            .assert_fails(code, description);
    }
    let refused = [
        (
            Effect::EntryPermissions,
            "INVALID_REQUEST",
            "Entry permissions",
        ),
        (Effect::ImageFormat, "PARAM_ERROR", "Image format error"),
        (
            Effect::FrequencyLimited,
            "FREQUENCY_LIMITED",
            "Frequency limit",
        ),
        (
            Effect::SystemError,
            "SYSTEMERROR",
            "System error occurred when viewing a sub-vendor",
        ),
    ];
    for (effect, code, description) in refused {
        bench.sandbox.inject(Fault::new(effect).times(2));
        for (more, algorithm) in [(&[][..], "md5"), (&["sign_type=HMAC-SHA256"], "sha256")] {
            let answer = bench.upload(&bench.form(more));
            answer.assert_refuses(&bench, algorithm, code, description);
        }
    }
    bench
        .sandbox
        .inject(Fault::new(Effect::FrequencyLimitedWithoutCode).times(1));
    let answer = bench.upload(&bench.form(&[]));
    assert_eq!(answer.names(), ["return_code", "return_msg"]);
    assert_eq!(answer.get("return_msg"), Some("频率限制"));
    bench.assert_uploads();
    assert!(bench.sandbox.faults().iter().all(ActiveFault::is_exhausted));
}

#[test]
fn any_error_code_can_be_answered() {
    let bench = Bench::new();
    for code in ["NOTENOUGH", "X", "A_CODE_OF_32_CHARACTERS_IN_LENGT"] {
        let fault = format!("error={code},next=2");
        bench.sandbox.inject(fault.parse().unwrap());
        for (more, algorithm) in [(&[][..], "md5"), (&["sign_type=HMAC-SHA256"], "sha256")] {
            let answer = bench.upload(&bench.form(more));
            answer.assert_refuses(&bench, algorithm, code, "Error on demand");
        }
    }
}

#[test]
fn signatures_are_left_out_or_spoilt() {
    let bench = Bench::new();
    let inject = |effect: Effect| bench.sandbox.inject(Fault::new(effect).times(1));
    inject(Effect::NoSignature);
    let answer = bench.upload(&bench.form(&[]));
    assert_eq!(answer.get("result_code"), Some("SUCCESS"));
    assert_eq!(answer.get("sign"), None);

    inject(Effect::WrongSignature);
    let answer = bench.upload(&bench.form(&[]));
    let sign = answer.get("sign").unwrap();
    assert_eq!(sign.len(), 32);
    assert_ne!(sign, answer.python_sign(&bench, "md5"));

    inject(Effect::OtherAlgorithm);
    bench
        .upload(&bench.form(&[]))
        .assert_signed(&bench, "sha256");
    inject(Effect::OtherAlgorithm);
    bench
        .upload(&bench.form(&["sign_type=HMAC-SHA256"]))
        .assert_signed(&bench, "md5");

    inject(Effect::ExtraFields);
    let answer = bench.upload(&bench.form(&[]));
    answer.assert_signed(&bench, "md5");
    assert_eq!(answer.get("trace_no"), Some("a&b=<c> 一"));
}

#[test]
fn documents_are_spoilt() {
    let bench = Bench::new();
    let inject = |effect: Effect| bench.sandbox.inject(Fault::new(effect).times(1));
    inject(Effect::ByteOrderMark);
    let (_, received) = upload(&bench, &[]);
    assert!(body(&received).starts_with("\u{feff}<xml>"), "{received}");

    inject(Effect::Doctype);
    let (_, received) = upload(&bench, &[]);
    assert!(
        body(&received).starts_with("<!DOCTYPE xml [<!ENTITY sandbox "),
        "{received}"
    );
    assert!(received.contains("&sandbox;"), "{received}");

    inject(Effect::TruncatedXml);
    let (exit, received) = upload(&bench, &[]);
    assert_eq!(exit, 0);
    assert!(
        body(&received).starts_with("<xml>") && !received.contains("</xml>"),
        "{received}"
    );
    Fields::parse(body(&received)).unwrap_err();

    inject(Effect::CertificatePage);
    let (_, received) = upload(&bench, &[]);
    assert!(received.starts_with("HTTP/1.1 400 "), "{received}");
    assert!(received.contains("content-type: text/html"), "{received}");
    assert!(
        received.contains("No required SSL certificate was sent"),
        "{received}"
    );

    inject(Effect::BadGatewayPage);
    let (_, received) = upload(&bench, &[]);
    assert!(received.starts_with("HTTP/1.1 502 "), "{received}");
}

#[test]
fn connections_are_cut() {
    let bench = Bench::new();
    let cut = |effect: Effect| {
        bench.sandbox.inject(Fault::new(effect).times(1));
        upload(&bench, &[])
    };
    for effect in [Effect::CutInRequest, Effect::CutBeforeAnswer] {
        let (exit, received) = cut(effect);
        // Nothing came, or a reset, or an end of TLS that was not announced.
        assert!([52, 55, 56].contains(&exit), "{effect}: {exit}");
        assert_eq!(received, "", "{effect}");
    }
    let (exit, received) = cut(Effect::CutInAnswer);
    assert!([18, 56].contains(&exit), "{exit}");
    assert!(
        body(&received).starts_with("<xml>") && !received.contains("</xml>"),
        "{received}"
    );

    let (exit, received) = cut(Effect::CutAfterAnswer);
    assert_eq!(exit, 0);
    assert!(body(&received).ends_with("</xml>"), "{received}");
    assert!(!received.contains("connection: close"), "{received}");
    bench.assert_uploads();
}

/// Two uploads of one curl, which would use one connection for both.
#[test]
fn a_connection_that_was_cut_after_an_answer_is_not_there_for_the_next() {
    for (effect, connections) in [(None, "0"), (Some(Effect::CutAfterAnswer), "1")] {
        let bench = Bench::new();
        if let Some(effect) = effect {
            bench.sandbox.inject(effect.into());
        }
        let (form, url) = (bench.form(&[]), bench.url());
        let form: Vec<_> = form.iter().map(String::as_str).collect();
        let one = [
            "--cert", "cert.pem", "--key", "key.pem", "--cacert", "ca.pem", &url,
        ];
        let shown = [
            "--silent",
            "--noproxy",
            "*",
            "--output",
            "answer",
            "--write-out",
        ];
        let one = [&shown[..], &["%{num_connects}\n"], &one, &form].concat();
        // Not on the heels of the first: curl may use a connection before it hears of its end.
        let pause = ["--rate", "60/m"];
        let out = bench.run("curl", &[&pause[..], &one, &["--next"], &one].concat());
        assert_eq!(out, format!("1\n{connections}\n"), "{effect:?}");
    }
}

#[test]
fn responses_are_delayed() {
    let bench = Bench::new();
    let plain = {
        let start = Instant::now();
        bench.assert_uploads();
        start.elapsed()
    };
    for effect in [Effect::Delay(SECOND), Effect::DelayInAnswer(SECOND)] {
        bench.sandbox.inject(Fault::new(effect).times(1));
        let start = Instant::now();
        bench.assert_uploads();
        assert!(
            start.elapsed() >= SECOND,
            "{effect}: {:?}, {plain:?}",
            start.elapsed()
        );
    }
    // With another fault, and with one another.
    let delays = [Effect::Delay(SECOND), Effect::DelayInAnswer(SECOND)];
    for effect in delays.into_iter().chain([Effect::CutInAnswer]) {
        bench.sandbox.inject(Fault::new(effect).times(1));
    }
    let start = Instant::now();
    let (exit, received) = upload(&bench, &[]);
    assert!(start.elapsed() >= 2 * SECOND);
    assert_ne!(exit, 0);
    assert!(!received.contains("</xml>"), "{received}");
}

#[test]
fn a_rate_is_enforced() {
    let bench = Bench::of(start(Sandbox::builder().fault(Effect::Rate(2))));
    let (form, url) = (bench.form(&[]), bench.url());
    let form: Vec<_> = form.iter().map(String::as_str).collect();
    let one = [
        &[
            "--cert", "cert.pem", "--key", "key.pem", "--cacert", "ca.pem",
        ][..],
        &form,
    ]
    .concat();
    let one = [&one[..], &["--silent", "--noproxy", "*", &url]].concat();
    let mut arguments = one.clone();
    for _ in 0..9 {
        arguments.push("--next");
        arguments.extend(&one);
    }
    let start = Instant::now();
    let received = bench.run("curl", &arguments);
    let seconds = start.elapsed().as_secs() as usize + 1;
    let passed = received.matches("<media_id>").count();
    let refused = received.matches("FREQUENCY_LIMITED").count();
    assert_eq!(passed + refused, 10, "{received}");
    assert!(
        (2..=2 * seconds).contains(&passed),
        "{passed} in {seconds} s"
    );
    assert_eq!(bench.sandbox.faults()[0].hits(), refused as u64);
}

#[test]
fn faults_hit_by_file_name_and_by_turn() {
    let bench = Bench::new();
    bench
        .sandbox
        .inject("system-error,every=2,file=*.jpg".parse().unwrap());
    let results: Vec<_> = (0..4)
        .map(|_| {
            bench
                .upload(&bench.form(&[]))
                .get("result_code")
                .map(str::to_owned)
        })
        .collect();
    let results: Vec<_> = results.iter().map(Option::as_deref).collect();
    assert_eq!(
        results,
        [Some("SUCCESS"), Some("FAIL"), Some("SUCCESS"), Some("FAIL")]
    );
    bench.sandbox.remove_all();
    bench
        .sandbox
        .inject("system-error,file=*.png".parse().unwrap());
    bench.assert_uploads();
    assert!(bench.sandbox.remove(2));
    assert!(bench.sandbox.faults().is_empty());
}

/// An error on demand takes the place of whatever the gateway would have said.
#[test]
fn a_call_that_is_wrong_meets_faults_too() {
    let bench = Bench::new();
    bench
        .sandbox
        .inject(Fault::new(Effect::SystemError).times(1));
    let answer = bench.anonymous_curl(&[&bench.url()]);
    answer.assert_refuses(
        &bench,
        "md5",
        "SYSTEMERROR",
        "System error occurred when viewing a sub-vendor",
    );
}
