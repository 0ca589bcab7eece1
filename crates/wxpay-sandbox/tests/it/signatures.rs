//! The findings about wrong signatures, made by Python.

use wxpay_sandbox::Sandbox;
use wxpay_sign::ApiKey;

use crate::support::{Bench, WHOLE, start};

/// Old, or of API v3.
const OTHER: &str = "0123456789abcdef0123456789abcdef";

/// A form whose `sign` a Python expression makes of the keys and `name=value` pairs.
fn signed(bench: &Bench, expression: &str, fields: &[&str]) -> Vec<String> {
    let form = bench.changed(fields, &[("sign", ""), ("media", "")]);
    let pairs = form.iter().filter(|word| *word != "-F").map(String::as_str);
    let program = format!(
        "import hashlib, hmac, sys\nkey, other, *pairs = sys.argv[1:]\n\
         md5 = lambda text: hashlib.md5(text.encode()).hexdigest().upper()\n\
         joined = '&'.join(sorted(pairs))\nprint({expression}, end='')"
    );
    let arguments = ["-c", &program, bench.credentials().expose_api_key(), OTHER];
    let arguments: Vec<_> = arguments.into_iter().chain(pairs).collect();
    let sign = format!("sign={}", bench.run("python3", &arguments));
    bench.changed(fields, &[("sign", &sign)])
}

#[test]
fn mistakes_are_named() {
    let other = ApiKey::new(OTHER).unwrap();
    let bench = Bench::of(start(Sandbox::builder().other_key(other)));
    bench.write("test.jpg", WHOLE);
    let by_hmac = "hmac.new(key.encode(), joined.encode(), 'sha256').hexdigest().upper()";
    #[rustfmt::skip] // a row a line
    let rows = [
        ("md5(joined + '&key=' + key).lower()", &[][..], "signature-lower-case"),
        ("md5(joined)", &[], "signature-key-missing"),
        ("md5(joined + '&key=' + other)", &[], "signature-other-key"),
        ("md5(joined + '&key=' + key + '\\n')", &[], "signature-key-line-end"),
        ("md5('&'.join(reversed(sorted(pairs))) + '&key=' + key)", &[], "signature-media-hash-first"),
        ("md5(joined + '&key=' + key)", &["sign_type=HMAC-SHA256"], "signature-md5-for-hmac"),
        (by_hmac, &["sign_type=HMAC-SHA256"], "signature-hmac-without-key-in-string"),
        ("md5('anything')", &[], "signature-unknown"),
    ];
    for (expression, fields, code) in rows {
        let answer = bench.upload(&signed(&bench, expression, fields));
        // The response says what the API documents, and no more.
        answer.assert_fails("SIGNERROR", "Signature validation");
        assert_eq!(answer.get("return_msg"), Some("Signature failure"));
        let last = bench.last();
        assert_eq!(bench.codes(), [code], "{expression}: {last}");
        let message = &last.findings[0].message;
        assert!(message.contains("&key=********"), "{message}");
        for key in [bench.credentials().expose_api_key(), OTHER] {
            assert!(!last.to_string().contains(key), "{last}");
        }
    }
    let right = signed(&bench, "md5(joined + '&key=' + key)", &[]);
    bench.upload(&right);
    assert_eq!(bench.codes(), [""; 0]);
}
