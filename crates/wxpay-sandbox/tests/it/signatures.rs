//! The findings about wrong signatures.

use wxpay_sandbox::Sandbox;
use wxpay_sign::ApiKey;

use crate::support::{Bench, HMAC, WHOLE, python_sign};

/// Old, or of API v3.
const OTHER: &str = "0123456789abcdef0123456789abcdef";

/// `wxpay-diagnose` has every mistake; here are one, two, and one that wants to be told of another key.
#[test]
fn mistakes_are_named() {
    let other = ApiKey::new(OTHER).unwrap();
    let bench = Bench::of(Sandbox::builder().other_key(other));
    bench.write("test.jpg", WHOLE);
    let key = bench.credentials().expose_api_key();
    let upper: fn(String) -> String = |sign| sign;
    let lower: fn(String) -> String = |sign| sign.to_lowercase();
    #[rustfmt::skip] // a row a line
    let rows = [
        (&[][..], "MD5", key, lower, "signature-lower-case"),
        (&[], "MD5", OTHER, upper, "signature-other-key"),
        (HMAC, "MD5", key, upper, "signature-md5-for-hmac"),
        (&[], "HMAC-SHA256", key, lower, "signature-hmac-for-md5-and-lower-case"),
        (&[], "MD5", "neither", upper, "signature-unknown"),
    ];
    for (more, sign_type, signed_with, write, code) in rows {
        let form = bench.changed(more, &[("sign", ""), ("media", "")]);
        let fields: Vec<_> = form.into_iter().filter(|word| word != "-F").collect();
        let sign = write(python_sign(sign_type, signed_with, &fields));
        let answer = bench.send_changed(more, "sign", &format!("sign={sign}"));
        // The response says what the API documents, and no more.
        answer.assert_fails("SIGNERROR", "Signature validation");
        assert_eq!(answer.get("return_msg"), Some("Signature failure"));
        let last = bench.last();
        assert_eq!(bench.codes(), [code], "{last}");
        let message = &last.findings[0].message;
        assert!(message.contains("&key=********"), "{message}");
        for key in [key, OTHER] {
            assert!(!last.to_string().contains(key), "{last}");
        }
    }
}
