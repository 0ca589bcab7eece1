//! The check of a signature that came from outside.

use subtle::ConstantTimeEq;

use crate::{
    api_key::ApiKey,
    canonical::Pair,
    params::{Params, Sign},
    sign_type::SignType,
};

impl<P: Pair> Params<P> {
    /// Checks the signature under the name `sign`, of either algorithm, in constant time, and returns its
    /// algorithm.
    ///
    /// The algorithm is taken from the signature's length, because a response does not name it and the
    /// gateway is known to answer with MD5 to what was signed with HMAC-SHA256. A forged MD5 signature
    /// therefore passes; [`verify_strict`](Self::verify_strict) takes one algorithm only. The digits
    /// must be upper-case, as the API writes them.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] when there is no signature, it is of no known length, or it does not match.
    pub fn verify(&self, key: &ApiKey) -> Result<SignType, VerifyError> {
        let (signature, sign_type) = self.classify()?;
        self.compare(sign_type, key, signature)?;
        Ok(sign_type)
    }

    /// Checks a signature of one algorithm, in constant time, and refuses the other's.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] as for [`verify`](Self::verify), and [`VerifyError::SignType`] when the
    /// signature has the other algorithm's length, be it right or wrong.
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
/// No variant holds the signature that would have been right, nor the one that came. The same check
/// never succeeds later: the parameters or the key must change.
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
    /// There is no signature at all. Some failures of the gateway are not signed; a success always
    /// is, so do not believe one without.
    #[error("the signature is missing: look for a field `sign`")]
    Missing,
    /// The field is there and empty.
    #[error("the signature is empty: look at how the field `sign` was filled or read")]
    Empty,
    /// Several fields are named `sign`: the API does not define which of them counts.
    #[error("the signature is given more than once: take the document as it came")]
    Several,
    /// It has the length of no signature: it is cut, padded with white space, or something else.
    #[error(
        "the length of the signature is {found}, neither 32 (MD5) nor 64 (HMAC-SHA256): check that it is whole and without white space"
    )]
    Length {
        /// The number of its characters.
        found: usize,
    },
    /// It is as long as the other algorithm's: both sides must agree on `sign_type`, or the check
    /// must not be strict. Only [`Params::verify_strict`] says this.
    #[error("the signature is as long as one of {found}, not of {required}: check the sign type")]
    SignType {
        /// The algorithm that the caller insists on.
        required: SignType,
        /// The algorithm that the length stands for.
        found: SignType,
    },
    /// It is as long as it should be, but another: the key is wrong, or the other side signed other
    /// parameters or in another order, or what was signed has changed. Lower-case digits do not
    /// match either.
    #[error(
        "the {sign_type} signature does not match: check the API key, the sign type and the canonical string"
    )]
    Mismatch {
        /// The algorithm it was checked with.
        sign_type: SignType,
    },
}
