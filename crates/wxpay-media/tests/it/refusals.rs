//! Refusals: which row of the error table each is, and what is said of it.

use wxpay_media::{Error, ErrorKind, GatewayError, Reason, RetryAdvice, SignType};

use crate::{
    pictures::KEY,
    responses::{DONE, OTHER_KEY, read, signed, xml},
};

fn refusal(fields: &[(&str, &str)]) -> GatewayError {
    match read(xml(fields)).unwrap_err() {
        Error::Gateway(error) => error,
        error => panic!("{error:?}"),
    }
}

#[test]
fn every_row_of_the_error_table_has_its_reason() {
    let rows = [
        (
            "INVALID_REQUEST",
            "HTTP GET method not supported",
            Reason::Method,
        ),
        ("INVALID_REQUEST", "Invalid XML format", Reason::Body),
        (
            "INVALID_REQUEST",
            "Certificate is required",
            Reason::Certificate,
        ),
        ("INVALID_REQUEST", "Entry permissions", Reason::Permission),
        ("SIGNERROR", "Signature validation", Reason::Signature),
        ("SIGN_ERROR", "签名错误", Reason::Signature),
        ("PARAM_ERROR", "Regular validation", Reason::Parameter),
        ("PARAM_ERROR", "Image format error", Reason::Picture),
        (
            "PARAM_ERROR",
            "图片参数填写有误,请检查后重新提交",
            Reason::Picture,
        ),
        ("PARAM_ERROR", "Merchant ID error", Reason::Merchant),
        (
            "FREQUENCY_LIMITED",
            "Frequency limit",
            Reason::FrequencyLimit,
        ),
        (
            "SYSTEMERROR",
            "System error occurred when viewing a sub-vendor",
            Reason::System,
        ),
    ];
    for (code, text, reason) in rows {
        let below: &[_] = &[("return_code", "SUCCESS"), ("result_code", "FAIL")];
        for top in [&[("return_code", "FAIL")], below] {
            let fields = [top, &[("err_code", code), ("err_code_des", text)]].concat();
            let error = refusal(&fields);
            assert_eq!(error.reason(), Some(reason), "{code} {text}");
            assert_eq!(error.message(), text);
            let later = matches!(reason, Reason::FrequencyLimit | Reason::System);
            let is_retryable = matches!(
                error.retry_advice(),
                RetryAdvice::Retry | RetryAdvice::Throttle
            );
            assert_eq!(is_retryable, later);
            assert!(!error.advice().is_empty());
        }
    }
}

#[test]
fn the_description_tells_more_than_the_message() {
    for (text, message, reason) in [
        (
            "Regular validation",
            "no picture, and mch_id is missing",
            Reason::Parameter,
        ),
        (
            "Invalid XML format",
            "no certificate is needed to say so",
            Reason::Body,
        ),
        ("", "图片参数填写有误", Reason::Picture),
        ("no idea", "Merchant ID error", Reason::Merchant),
    ] {
        let code = if reason == Reason::Body {
            "INVALID_REQUEST"
        } else {
            "PARAM_ERROR"
        };
        let error = refusal(&[
            ("return_code", "FAIL"),
            ("return_msg", message),
            ("err_code", code),
            ("err_code_des", text),
        ]);
        assert_eq!(error.reason(), Some(reason), "{text}, {message}");
    }
}

#[test]
fn a_refusal_without_a_code_is_told_by_its_text() {
    for (text, reason) in [
        ("频率限制", Some(Reason::FrequencyLimit)),
        ("Signature failure", Some(Reason::Signature)),
        ("Parameter format checking error", Some(Reason::Parameter)),
        ("暂无图片上传权限,请检查后重试", Some(Reason::Permission)),
        ("no idea", None),
        ("", None),
    ] {
        let error = refusal(&[("return_code", "FAIL"), ("return_msg", text)]);
        assert_eq!(error.code(), None);
        assert_eq!(error.reason(), reason, "{text}");
    }
    let below = refusal(&[
        ("return_code", "SUCCESS"),
        ("result_code", "FAIL"),
        ("err_code_des", "频率限制"),
    ]);
    assert_eq!(below.retry_advice(), RetryAdvice::Throttle);
}

#[test]
fn the_limit_is_known_by_any_code_and_any_words() {
    for (code, text) in [
        ("INVALID_REQUEST", "调用频率过高"),
        ("PARAM_ERROR", "请求过快,请稍后再试"),
        ("FREQUENCY_LIMIT_EXCEED", ""),
        ("RATELIMIT_EXCEEDED", ""),
        ("RATE_LIMIT", "slow"),
        ("NEW_CODE", "频率超限"),
        ("NEW_CODE", "操作过于频繁"),
        ("SYSTEMERROR", "Rate limit exceeded"),
        ("", "Too frequent"),
    ] {
        let error = refusal(&[
            ("return_code", "FAIL"),
            ("err_code", code),
            ("err_code_des", text),
        ]);
        assert_eq!(
            error.reason(),
            Some(Reason::FrequencyLimit),
            "{code} {text}"
        );
    }
}

#[test]
fn a_reason_in_a_field_of_another_name_is_read() {
    for (name, told) in [
        ("retmsg", "param mch_id invalid"),
        ("err_code_desc", "Image format error"),
        ("err_msg", "no"),
        ("errmsg", "no"),
        ("message", "no"),
    ] {
        let error = refusal(&[("return_code", "FAIL"), (name, told), ("retcode", "1")]);
        assert_eq!(error.message(), told);
        assert!(error.to_string().ends_with(told), "{error}");
    }
    let error = refusal(&[("return_code", "FAIL"), ("errcode", "SIGNERROR")]);
    assert_eq!(error.code(), Some("SIGNERROR"));
}

#[test]
fn a_refusal_without_a_reason_shows_what_came() {
    for (fields, told) in [
        (
            &[("return_code", "FAIL"), ("why", "busy"), ("retcode", "1")][..],
            "return_code=FAIL why=busy retcode=1",
        ),
        (
            &[
                ("return_code", "FAIL"),
                ("return_msg", "OK"),
                ("err_code", ""),
            ],
            "return_code=FAIL return_msg=OK",
        ),
        (
            &[
                ("return_code", "SUCCESS"),
                ("result_code", "FAIL"),
                ("err_code", "X"),
                ("note", "a\nb"),
            ],
            "X (return_code=SUCCESS result_code=FAIL err_code=X note=a b)",
        ),
    ] {
        let error = refusal(fields);
        assert_eq!(error.message(), "", "{told}");
        assert!(error.to_string().ends_with(told), "{error}");
    }
    let long = "x".repeat(10_000);
    let error = refusal(&[("return_code", "FAIL"), ("why", &long)]).to_string();
    assert!(error.len() < 250 && error.ends_with('…'), "{error}");
}

#[test]
fn ok_is_never_the_reason_of_a_refusal() {
    for ok in ["OK", "ok", " Ok ", "SUCCESS"] {
        let error = refusal(&[
            ("return_code", "SUCCESS"),
            ("result_code", "FAIL"),
            ("return_msg", ok),
        ]);
        assert_eq!(error.message(), "");
        let error = refusal(&[
            ("return_code", "FAIL"),
            ("err_code_des", ok),
            ("return_msg", "no"),
        ]);
        assert_eq!(error.message(), "no");
    }
}

#[test]
fn the_ascii_fields_of_a_refusal_are_read_in_any_charset() {
    let refusal = |text: &[u8]| {
        [
            b"<xml><return_code>FAIL</return_code><return_msg><![CDATA[".as_slice(),
            text,
            b"]]></return_msg><err_code>SIGNERROR</err_code></xml>",
        ]
        .concat()
    };
    let gbk = refusal(b"\xc7\xa9\xc3\xfb\xb4\xed\xce\xf3");
    let declared = [
        b"<?xml version=\"1.0\" encoding=\"GBK\"?>\n".as_slice(),
        &gbk,
    ]
    .concat();
    let latin1 = [
        b"<?xml version='1.0' encoding='ISO-8859-1'?>".as_slice(),
        &refusal(b"no"),
    ]
    .concat();
    let utf16: Vec<u8> = String::from_utf8(refusal("签名错误".as_bytes()))
        .unwrap()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let utf16 = [b"\xff\xfe".as_slice(), &utf16].concat();
    for body in [gbk, declared, latin1, utf16] {
        let error = read(&body).unwrap_err();
        assert_eq!(error.code(), Some("SIGNERROR"), "{error}");
        assert!(
            error.to_string().contains("SIGNERROR") && !error.to_string().contains('\u{fffd}'),
            "{error}"
        );
    }
    // Of a success every byte counts.
    let success = signed(DONE, SignType::Md5, KEY);
    let utf8 = format!("<?xml version=\"1.0\" encoding=\"UTF8\"?>{success}");
    read(utf8).unwrap();
    let gbk = format!("<?xml version=\"1.0\" encoding=\"GBK\"?>{success}");
    assert_eq!(read(gbk).unwrap_err().kind(), ErrorKind::Xml);
}

#[test]
fn an_unknown_code_is_kept() {
    let error = refusal(&[
        ("return_code", "FAIL"),
        ("err_code", "NO_AUTH"),
        ("return_msg", "x"),
    ]);
    assert_eq!(error.code(), Some("NO_AUTH"));
    assert_eq!(error.retry_advice(), RetryAdvice::Refused);
}

#[test]
fn a_failure_needs_no_proof_but_a_wrong_one_is_a_hint() {
    let fields = &[
        ("return_code", "SUCCESS"),
        ("result_code", "FAIL"),
        ("err_code", "SYSTEMERROR"),
    ];
    let read = |body: String| match read(body).unwrap_err() {
        Error::Gateway(error) => error,
        error => panic!("{error:?}"),
    };
    assert_eq!(read(xml(fields)).signature_error(), None);
    assert_eq!(
        read(signed(fields, SignType::Md5, KEY)).signature_error(),
        None
    );
    let doubtful = read(signed(fields, SignType::Md5, OTHER_KEY));
    assert!(doubtful.signature_error().is_some());
    assert!(
        doubtful.to_string().contains("check the API key"),
        "{doubtful}"
    );
    assert_eq!(doubtful.code(), Some("SYSTEMERROR"));
}

/// Nobody has signed a refusal, and it must not write lines of its own into a log.
#[test]
fn a_refusal_in_an_error_is_one_line_of_bounded_length() {
    let message = format!("no\npicture\u{9b}2J{}", "!".repeat(10_000));
    let error = refusal(&[
        ("return_code", "FAIL"),
        ("return_msg", &message),
        ("err_code", "A\n  B"),
    ]);
    assert_eq!(error.message(), message);
    let told = error.to_string();
    assert!(
        told.starts_with("the gateway refused the picture: A B (no picture 2J!!!"),
        "{told}"
    );
    assert!(told.ends_with("!…)") && told.len() < 200, "{told}");
}
