//! Helpers of the targets.

use wxpay_identity::{Identity, IdentityError};
use wxpay_sign::{ApiKey, Params, SignType};

/// The API key of all targets, from the specification's examples.
pub const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

/// The merchant of all targets.
pub const MCH_ID: &str = "1900000109";

/// A placeholder in inputs for the right signature, which no search would find.
pub const SIGN: &str = "{{sign}}";

/// The API key.
///
/// # Panics
///
/// Never: the key is a valid one.
#[must_use]
pub fn key() -> ApiKey {
    ApiKey::new(KEY).expect("32 hex digits are a key")
}

/// The right signature; `None` if two fields have one name.
pub fn signature<'a>(
    sign_type: SignType,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Option<String> {
    let params = Params::new(pairs).ok()?;
    Some(params.sign(sign_type, &key()).as_str().to_owned())
}

/// Replaces each `from` in bytes that need not be UTF-8.
#[must_use]
pub fn replace(mut input: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut output = Vec::with_capacity(input.len());
    while let Some((first, tail)) = input.split_first() {
        if let Some(tail) = input.strip_prefix(from.as_bytes()) {
            output.extend_from_slice(to.as_bytes());
            input = tail;
        } else {
            output.push(*first);
            input = tail;
        }
    }
    output
}

/// Checks the result of reading an identity.
///
/// # Panics
///
/// When the identity contradicts itself, or the error is as long as the input.
pub fn check_identity(read: Result<Identity, IdentityError>) {
    match read {
        Ok(identity) => {
            assert!(identity.not_before() <= identity.not_after());
            let _ = (format!("{identity:?}"), identity.expires_soon());
        }
        Err(error) => assert!(error.to_string().len() < 1000, "as long as the input"),
    }
}
