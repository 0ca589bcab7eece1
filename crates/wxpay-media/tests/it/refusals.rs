//! Refusals: which row of the error table each is, and what is said of it.

use wxpay_media::{Error, ErrorKind, GatewayError, Reason, RetryAdvice, SignType};

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

/// Code, text, row.
const ROWS: &str = "
    INVALID_REQUEST: HTTP GET method not supported: Method
    INVALID_REQUEST: Invalid XML format: Body
    INVALID_REQUEST: Certificate is required: Certificate
    INVALID_REQUEST: Entry permissions: Permission
    SIGNERROR: Signature validation: Signature
    SIGN_ERROR: 签名错误: Signature
    PARAM_ERROR: Regular validation: Parameter
    PARAM_ERROR: Image format error: Picture
    PARAM_ERROR: 图片参数填写有误,请检查后重新提交: Picture
    PARAM_ERROR: Merchant ID error: Merchant
    FREQUENCY_LIMITED: Frequency limit: FrequencyLimit
    SYSTEMERROR: System error occurred when viewing a sub-vendor: System
    SYSTEM_ERROR: 系统错误: System";

#[test]
fn every_row_of_the_error_table_has_its_reason() {
    for row in ROWS.trim().lines() {
        let [code, text, reason] = row.split(": ").collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        for top in ["return_code=FAIL", "return_code=SUCCESS|result_code=FAIL"] {
            let error = refusal(&format!(
                "{top}|err_code={}|err_code_des={text}",
                code.trim()
            ));
            assert_eq!(format!("{:?}", error.reason().unwrap()), reason, "{row}");
            assert_eq!(error.message(), text);
            let may_pass = ["FrequencyLimit", "System"].contains(&reason);
            assert_eq!(Error::from(error.clone()).is_retryable(), may_pass);
            assert!(!error.advice().is_empty());
        }
    }
}

#[test]
fn the_description_tells_more_than_the_message() {
    for (told, reason) in [
        ("Regular validation|return_msg=no picture", "Parameter"),
        ("|return_msg=图片参数填写有误", "Picture"),
        ("no idea|return_msg=Merchant ID error", "Merchant"),
    ] {
        let fields = format!("return_code=FAIL|err_code=PARAM_ERROR|err_code_des={told}");
        assert_eq!(format!("{:?}", refusal(&fields).reason().unwrap()), reason);
    }
    let body = "return_msg=no certificate is needed to say so|err_code_des=Invalid XML format";
    let body = refusal(&format!("return_code=FAIL|err_code=INVALID_REQUEST|{body}"));
    assert_eq!(body.reason(), Some(Reason::Body));
}

#[test]
fn a_refusal_without_a_code_is_told_by_its_text() {
    for (text, reason) in [
        ("频率限制", Some(Reason::FrequencyLimit)),
        ("Signature failure", Some(Reason::Signature)),
        ("Parameter format checking error", Some(Reason::Parameter)),
        ("param mch_id invalid", Some(Reason::Parameter)),
        ("暂无图片上传权限,请检查后重试", Some(Reason::Permission)),
        ("no idea", None),
        ("", None),
    ] {
        let error = refusal(&format!("return_code=FAIL|return_msg={text}"));
        assert_eq!((error.code(), error.reason()), (None, reason), "{text}");
    }
    let below = refusal("return_code=SUCCESS|result_code=FAIL|err_code_des=频率限制");
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
        let error = refusal(&format!(
            "return_code=FAIL|err_code={code}|err_code_des={text}"
        ));
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
    // Of a success every byte counts.
    let success = signed(DONE, SignType::Md5, KEY);
    read(format!(
        "<?xml version=\"1.0\" encoding=\"UTF8\"?>{success}"
    ))
    .unwrap();
    let gbk = read(format!("<?xml version=\"1.0\" encoding=\"GBK\"?>{success}"));
    assert_eq!(gbk.unwrap_err().kind(), ErrorKind::Xml);
}

#[test]
fn an_unknown_code_is_kept() {
    let error = refusal("return_code=FAIL|err_code=NO_AUTH|return_msg=x");
    assert_eq!(error.code(), Some("NO_AUTH"));
    assert_eq!(error.retry_advice(), RetryAdvice::Refused);
}

#[test]
fn a_failure_needs_no_proof_but_a_wrong_one_is_a_hint() {
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

/// Nobody has signed a refusal, and it must not write lines of its own into a log.
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
