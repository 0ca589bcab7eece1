//! The check of a received signature.

use subtle::ConstantTimeEq;

use crate::{
    api_key::ApiKey,
    canonical::Pair,
    params::{Params, Sign},
    sign_type::SignType,
};

impl<P: Pair> Params<P> {
    /// Checks the signature under the name `sign` in constant time, and returns its algorithm.
    ///
    /// The signature's length tells the algorithm: a response does not name it, and the gateway has
    /// answered with MD5 to requests signed with HMAC-SHA256. So a forged MD5 signature would pass;
    /// [`verify_strict`](Self::verify_strict) takes one algorithm only. The digits must be
    /// upper-case.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] when there is no signature, it is of no known length, or it does not match.
    pub fn verify(&self, key: &ApiKey) -> Result<SignType, VerifyError> {
        let (signature, sign_type) = self.classify()?;
        self.compare(sign_type, key, signature)?;
        Ok(sign_type)
    }

    /// Checks a signature of one algorithm in constant time, and refuses the other's.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify), and [`VerifyError::SignType`] when the signature, right or
    /// wrong, has the other algorithm's length.
    pub fn verify_strict(&self, required: SignType, key: &ApiKey) -> Result<(), VerifyError> {
        let (signature, found) = self.classify()?;
        if found != required {
            return Err(VerifyError::SignType { required, found });
        }
        self.compare(required, key, signature)
    }

    /// The signature, and the algorithm whose length it has.
    fn classify(&self) -> Result<(&str, SignType), VerifyError> {
        let signature = match &self.sign {
            Sign::Missing => return Err(VerifyError::Missing),
            Sign::Empty => return Err(VerifyError::Empty),
            Sign::Several => return Err(VerifyError::Several),
            Sign::One(pair) => pair.value(),
        };
        let found = signature.chars().count();
        let sign_type = SignType::ALL.into_iter().find(|it| it.hex_len() == found);
        let sign_type = sign_type.ok_or(VerifyError::Length { found })?;
        Ok((signature, sign_type))
    }

    fn compare(&self, sign_type: SignType, key: &ApiKey, sign: &str) -> Result<(), VerifyError> {
        let right = self.sign(sign_type, key);
        match right.as_str().as_bytes().ct_eq(sign.as_bytes()).into() {
            true => Ok(()),
            false => Err(VerifyError::Mismatch { sign_type }),
        }
    }
}

/// A signature is not accepted.
///
/// No variant holds the right signature, nor the received one. The same check never succeeds later:
/// the parameters or the key must change.
///
/// ```
/// use wxpay_sign::{ApiKey, Params};
///
/// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let error = Params::new([("mch_id", "1000000000")])?.verify(&key).unwrap_err();
/// assert_eq!(error.to_string(), "the signature is missing: look for a field `sign`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// There is no signature. Some failures of the gateway are not signed; a success always is, so
    /// do not believe an unsigned one.
    #[error("the signature is missing: look for a field `sign`")]
    Missing,
    /// The field is empty.
    #[error("the signature is empty: look at how the field `sign` was filled or read")]
    Empty,
    /// Several fields are named `sign`: the API does not define which one counts.
    #[error("the signature is given more than once: take the document as it came")]
    Several,
    /// It has the length of no signature: it is cut, padded, or something else.
    #[error(
        "the length of the signature is {found}, neither 32 (MD5) nor 64 (HMAC-SHA256): check that it is whole and without white space"
    )]
    Length {
        /// The number of its characters.
        found: usize,
    },
    /// It has the other algorithm's length: both sides must agree on `sign_type`, or the check must
    /// not be strict. Only [`Params::verify_strict`] gives this error.
    #[error("the signature is as long as one of {found}, not of {required}: check the sign type")]
    SignType {
        /// The algorithm that the caller requires.
        required: SignType,
        /// The algorithm with signatures of this length.
        found: SignType,
    },
    /// It has the right length and other digits: the key differs, or the other side signed other
    /// parameters or in another order, or a parameter has changed since. Lower-case digits do not
    /// match.
    #[error(
        "the {sign_type} signature does not match: check the API key, the sign type and the canonical string"
    )]
    Mismatch {
        /// The algorithm it was checked with.
        sign_type: SignType,
    },
}
