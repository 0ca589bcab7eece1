//! What the sandbox says of wrong signatures, made by Python.

use wxpay_sandbox::Sandbox;
use wxpay_sign::ApiKey;

use crate::support::{Bench, WHOLE, start};

/// Old, or of API v3.
const OTHER: &str = "0123456789abcdef0123456789abcdef";

/// Makes `sign` from the key and `name=value` pairs, as `script` does.
fn signed(bench: &Bench, script: &str, fields: &[&str]) -> Vec<String> {
    let mut form = bench.form(fields);
    let pairs: Vec<_> = form.iter().filter(|word| *word != "-F").cloned().collect();
    let pairs: Vec<_> = pairs
        .iter()
        .map(String::as_str)
        .filter(|pair| !pair.starts_with("sign=") && !pair.starts_with("media="))
        .collect();
    let prelude = "import hashlib, hmac, sys\nkey, other, *pairs = sys.argv[1:]\n\
        md5 = lambda text: hashlib.md5(text.encode()).hexdigest().upper()\n\
        joined = '&'.join(sorted(pairs))\n";
    let program = format!("{prelude}print({script}, end='')");
    let key = bench.credentials().expose_api_key();
    let sign = bench.run(
        "python3",
        &[&["-c", &program, key, OTHER][..], &pairs].concat(),
    );
    let word = form
        .iter_mut()
        .find(|word| word.starts_with("sign="))
        .unwrap();
    *word = format!("sign={sign}");
    form
}

#[test]
fn mistakes_are_named() {
    let other = ApiKey::new(OTHER).unwrap();
    let bench = Bench::of(start(Sandbox::builder().other_key(other)));
    bench.write("test.jpg", WHOLE);
    for (script, fields, code) in [
        (
            "md5(joined + '&key=' + key).lower()",
            &[][..],
            "signature-lower-case",
        ),
        ("md5(joined)", &[], "signature-key-missing"),
        ("md5(joined + '&key=' + other)", &[], "signature-other-key"),
        (
            "md5(joined + '&key=' + key + '\\n')",
            &[],
            "signature-key-line-end",
        ),
        (
            "md5('&'.join(reversed(sorted(pairs))) + '&key=' + key)",
            &[],
            "signature-media-hash-first",
        ),
        (
            "md5(joined + '&key=' + key)",
            &["sign_type=HMAC-SHA256"],
            "signature-md5-for-hmac",
        ),
        (
            "hmac.new(key.encode(), joined.encode(), 'sha256').hexdigest().upper()",
            &["sign_type=HMAC-SHA256"],
            "signature-hmac-without-key-in-string",
        ),
        ("md5('anything')", &[], "signature-unknown"),
    ] {
        let answer = bench.upload(&signed(&bench, script, fields));
        // The wire says what is documented, and no more.
        answer.assert_fails("SIGNERROR", "Signature validation");
        assert_eq!(answer.get("return_msg"), Some("Signature failure"));
        let last = bench.sandbox.requests().pop().unwrap();
        let codes: Vec<_> = last.findings.iter().map(|finding| &*finding.code).collect();
        assert_eq!(codes, [code], "{script}: {last}");
        let said = &last.findings[0].message;
        assert!(said.contains("&key=********"), "{said}");
        for key in [bench.credentials().expose_api_key(), OTHER] {
            assert!(!last.to_string().contains(key), "{last}");
        }
    }
    let right = signed(&bench, "md5(joined + '&key=' + key)", &[]);
    bench.upload(&right);
    assert!(bench.sandbox.requests().pop().unwrap().findings.is_empty());
}
