//! Helpers that the targets share.

use wxpay_sign::{ApiKey, Params, SignType};

/// The API key of every target: the one of the specification's examples.
pub const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

/// The merchant of every target.
pub const MCH_ID: &str = "1900000109";

/// Where an input has this, the target puts the right signature: no search would find one.
pub const SIGN: &str = "{{sign}}";

/// The API key, ready to sign.
///
/// # Panics
///
/// Never: the key is a valid one.
#[must_use]
pub fn key() -> ApiKey {
    ApiKey::new(KEY).expect("32 hex digits are a key")
}

/// The right signature; none where a name is there twice.
pub fn signature<'a>(
    sign_type: SignType,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Option<String> {
    let params = Params::new(pairs).ok()?;
    Some(params.sign(sign_type, &key()).as_str().to_owned())
}

/// The text with each `from` replaced, bytes that are not UTF-8 included.
#[must_use]
pub fn replace(input: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut output = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some((first, tail)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(from.as_bytes()) {
            output.extend_from_slice(to.as_bytes());
            rest = tail;
        } else {
            output.push(*first);
            rest = tail;
        }
    }
    output
}
