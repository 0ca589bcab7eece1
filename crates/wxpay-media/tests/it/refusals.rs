//! Refusals: their rows of the error table, their texts, and their signatures.

use wxpay_media::{
    Error, ErrorKind, GatewayError,
    Reason::{self, *},
    RetryAdvice, SignType,
};

use crate::{
    pictures::KEY,
    responses::{DONE, OTHER_KEY, read, signed, xml},
};

fn refusal_of(body: impl AsRef<[u8]>) -> GatewayError {
    match read(body).unwrap_err() {
        Error::Gateway(error) => error,
        error => panic!("{error:?}"),
    }
}

fn refusal(fields: &str) -> GatewayError {
    refusal_of(xml(fields))
}

/// `err_code`, `err_code_des`, `return_msg`, and the row of the error table.
#[rustfmt::skip] // a row a line
const ROWS: &[(&str, &str, &str, Option<Reason>)] = &[
    ("INVALID_REQUEST", "HTTP GET method not supported", "", Some(Method)),
    ("INVALID_REQUEST", "Invalid XML format", "", Some(Body)),
    ("INVALID_REQUEST", "Certificate is required", "", Some(Certificate)),
    ("INVALID_REQUEST", "Entry permissions", "", Some(Permission)),
    ("SIGNERROR", "Signature validation", "", Some(Signature)),
    ("SIGN_ERROR", "签名错误", "", Some(Signature)),
    ("PARAM_ERROR", "Regular validation", "", Some(Parameter)),
    ("PARAM_ERROR", "Image format error", "", Some(Picture)),
    ("PARAM_ERROR", "图片参数填写有误,请检查后重新提交", "", Some(Picture)),
    ("PARAM_ERROR", "Merchant ID error", "", Some(Merchant)),
    ("FREQUENCY_LIMITED", "Frequency limit", "", Some(FrequencyLimit)),
    ("SYSTEMERROR", "System error occurred when viewing a sub-vendor", "", Some(System)),
    ("SYSTEM_ERROR", "系统错误", "", Some(System)),
    ("NO_AUTH", "", "x", None),
    // The description precedes the message.
    ("PARAM_ERROR", "Regular validation", "no picture", Some(Parameter)),
    ("PARAM_ERROR", "", "图片参数填写有误", Some(Picture)),
    ("PARAM_ERROR", "no idea", "Merchant ID error", Some(Merchant)),
    ("INVALID_REQUEST", "Invalid XML format", "no certificate is needed to say so", Some(Body)),
    // Without a code the text decides.
    ("", "", "频率限制", Some(FrequencyLimit)),
    ("", "", "Signature failure", Some(Signature)),
    ("", "", "Parameter format checking error", Some(Parameter)),
    ("", "", "param mch_id invalid", Some(Parameter)),
    ("", "", "暂无图片上传权限,请检查后重试", Some(Permission)),
    ("", "", "no idea", None),
    ("", "", "", None),
    // The limit on the rate has many codes and texts.
    ("INVALID_REQUEST", "调用频率过高", "", Some(FrequencyLimit)),
    ("PARAM_ERROR", "请求过快,请稍后再试", "", Some(FrequencyLimit)),
    ("FREQUENCY_LIMIT_EXCEED", "", "", Some(FrequencyLimit)),
    ("RATELIMIT_EXCEEDED", "", "", Some(FrequencyLimit)),
    ("RATE_LIMIT", "slow", "", Some(FrequencyLimit)),
    ("NEW_CODE", "频率超限", "", Some(FrequencyLimit)),
    ("NEW_CODE", "操作过于频繁", "", Some(FrequencyLimit)),
    ("SYSTEMERROR", "Rate limit exceeded", "", Some(FrequencyLimit)),
    ("", "Too frequent", "", Some(FrequencyLimit)),
];

#[test]
fn code_and_texts_determine_the_row_of_the_error_table() {
    for &(code, text, message, reason) in ROWS {
        for top in ["return_code=FAIL", "return_code=SUCCESS|result_code=FAIL"] {
            let fields = format!("err_code={code}|err_code_des={text}|return_msg={message}");
            let error = refusal(&format!("{top}|{fields}"));
            assert_eq!(error.reason(), reason, "{fields}");
            let letters = |code: &str| code.replace('_', "");
            assert_eq!(letters(error.code().unwrap_or_default()), letters(code));
            assert_eq!(
                error.message(),
                if text.is_empty() { message } else { text }
            );
            assert!(!error.advice().is_empty());
            match (reason, error.retry_advice()) {
                (Some(FrequencyLimit), RetryAdvice::Throttle)
                | (Some(System), RetryAdvice::Retry)
                | (Some(Certificate | Permission | Signature | Merchant), RetryAdvice::Stop)
                | (None | Some(Method | Body | Parameter | Picture), RetryAdvice::Refused) => {}
                (_, advice) => panic!("{advice:?}: {fields}"),
            }
        }
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
        let error = refusal(&format!("return_code=FAIL|{name}={told}|retcode=1"));
        assert_eq!(error.message(), told);
        assert!(error.to_string().ends_with(told), "{error}");
    }
    let error = refusal("return_code=FAIL|errcode=SIGNERROR");
    assert_eq!(error.code(), Some("SIGNERROR"));
}

#[test]
fn a_refusal_without_a_reason_shows_what_came() {
    for (fields, told) in [
        (
            "return_code=FAIL|why=busy|retcode=1",
            "return_code=FAIL why=busy retcode=1",
        ),
        (
            "return_code=FAIL|return_msg=OK|err_code=",
            "return_code=FAIL return_msg=OK",
        ),
        (
            "return_code=SUCCESS|result_code=FAIL|err_code=X|note=a\nb",
            "X (return_code=SUCCESS result_code=FAIL err_code=X note=a b)",
        ),
    ] {
        let error = refusal(fields);
        assert_eq!(error.message(), "", "{told}");
        assert!(error.to_string().ends_with(told), "{error}");
        let has_code = error.code().is_some();
        assert_eq!(error.advice().contains("look the code up"), has_code);
    }
    let long = format!("return_code=FAIL|why={}", "x".repeat(10_000));
    let error = refusal(&long).to_string();
    assert!(error.len() < 250 && error.ends_with('…'), "{error}");
}

#[test]
fn ok_is_never_the_reason_of_a_refusal() {
    for ok in ["OK", "ok", " Ok ", "SUCCESS"] {
        let error = refusal(&format!(
            "return_code=SUCCESS|result_code=FAIL|return_msg={ok}"
        ));
        assert_eq!(error.message(), "");
        let error = refusal(&format!("return_code=FAIL|err_code_des={ok}|return_msg=no"));
        assert_eq!(error.message(), "no");
    }
}

#[test]
fn the_ascii_fields_of_a_refusal_are_read_in_any_charset() {
    let refusal = |text: &[u8]| {
        let start = b"<xml><return_code>FAIL</return_code><return_msg><![CDATA[".as_slice();
        let end = b"]]></return_msg><err_code>SIGNERROR</err_code></xml>";
        [start, text, end].concat()
    };
    let gbk = refusal(b"\xc7\xa9\xc3\xfb\xb4\xed\xce\xf3");
    let declared = [
        b"<?xml version=\"1.0\" encoding=\"GBK\"?>\n".as_slice(),
        &gbk,
    ]
    .concat();
    let latin1 = b"<?xml version='1.0' encoding='ISO-8859-1'?>".as_slice();
    let latin1 = [latin1, &refusal(b"no")].concat();
    let utf16 = String::from_utf8(refusal("签名错误".as_bytes())).unwrap();
    let utf16: Vec<u8> = utf16.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16 = [b"\xff\xfe".as_slice(), &utf16].concat();
    for body in [gbk, declared, latin1, utf16] {
        let error = refusal_of(&body);
        assert_eq!(error.code(), Some("SIGNERROR"), "{error}");
        let shown = error.to_string();
        assert!(
            shown.contains("SIGNERROR") && !shown.contains('\u{fffd}'),
            "{shown}"
        );
    }
    // A success in another charset is not read.
    let success = signed(DONE, SignType::Md5, KEY);
    read(format!(
        "<?xml version=\"1.0\" encoding=\"UTF8\"?>{success}"
    ))
    .unwrap();
    let gbk = read(format!("<?xml version=\"1.0\" encoding=\"GBK\"?>{success}"));
    assert_eq!(gbk.unwrap_err().kind(), ErrorKind::Xml);
}

#[test]
fn a_failure_needs_no_signature_and_a_wrong_one_is_a_hint() {
    let fields = "return_code=SUCCESS|result_code=FAIL|err_code=SYSTEMERROR";
    assert_eq!(refusal(fields).signature_error(), None);
    let right = refusal_of(signed(fields, SignType::Md5, KEY));
    assert_eq!(right.signature_error(), None);
    let doubtful = refusal_of(signed(fields, SignType::Md5, OTHER_KEY));
    assert!(doubtful.signature_error().is_some());
    let hint = "check the API key";
    assert!(doubtful.to_string().contains(hint), "{doubtful}");
    assert_eq!(doubtful.code(), Some("SYSTEMERROR"));
}

/// A stranger's text must not write lines of its own into a log.
#[test]
fn a_refusal_in_an_error_is_one_line_of_bounded_length() {
    let message = format!("no\npicture\u{9b}2J\u{202e}\u{feff}{}", "!".repeat(10_000));
    let error = refusal(&format!(
        "return_code=FAIL|return_msg={message}|err_code=A\n  B"
    ));
    assert_eq!(error.message(), message);
    let told = error.to_string();
    let start = "the gateway refused the picture: A B (no picture 2J !!!";
    assert!(told.starts_with(start), "{told}");
    assert!(told.ends_with("!…)") && told.len() < 200, "{told}");
}
