//! The findings about wrong signatures.

use wxpay_sandbox::Sandbox;
use wxpay_sign::ApiKey;

use crate::support::{Bench, HMAC, WHOLE, python_sign};

/// An old key, or that of API v3.
const OTHER: &str = "0123456789abcdef0123456789abcdef";

/// `wxpay-diagnose` tests every mistake.
#[test]
fn a_finding_begins_with_the_mistake_and_shows_the_string_to_sign() {
    let other = ApiKey::new(OTHER).unwrap();
    let bench = Bench::of(Sandbox::builder().other_key(other));
    bench.write("test.jpg", WHOLE);
    let key = bench.credentials().expose_api_key();
    let (upper, lower): (fn(&str) -> String, fn(&str) -> String) =
        (str::to_uppercase, str::to_lowercase);
    #[rustfmt::skip] // a row a line
    let rows = [
        (&[][..], None, "MD5", key, lower, "lower-case"),
        (&[], None, "MD5", OTHER, upper, "other-key"),
        (&[], Some("media=test.jpg"), "MD5", key, upper, "file-name-signed"),
        (HMAC, None, "MD5", key, upper, "md5-for-hmac"),
        (&[], None, "HMAC-SHA256", key, lower, "hmac-for-md5-and-lower-case"),
        (&[], None, "MD5", "neither", upper, "unknown"),
    ];
    for (more, signed_too, sign_type, signed_with, write, code) in rows {
        let form = bench.changed(more, &[("sign", ""), ("media", "")]);
        let mut fields: Vec<_> = form.into_iter().filter(|word| word != "-F").collect();
        fields.extend(signed_too.map(str::to_owned));
        let sign = write(&python_sign(sign_type, signed_with, &fields));
        let answer = bench.send_changed(more, "sign", &format!("sign={sign}"));
        // The response says what the API documents, and no more.
        answer.assert_fails("SIGNERROR", "Signature validation");
        assert_eq!(answer.get("return_msg"), Some("Signature failure"));
        let last = bench.last();
        assert_eq!(bench.codes(), [format!("signature-{code}")], "{last}");
        let message = &last.findings[0].message;
        let (mistake, behind) = message.split_once("; ").unwrap();
        let is_first = !mistake.contains("mch_id=") && behind.contains("to be signed with");
        assert!(is_first, "{message}");
        assert!(message.contains("&key=********"), "{message}");
        for key in [key, OTHER] {
            assert!(!last.to_string().contains(key), "{last}");
        }
    }
}
