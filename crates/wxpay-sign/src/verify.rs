//! Checks a signature that came from outside.

use subtle::ConstantTimeEq;

use crate::{ApiKey, Pair, Params, SignType, params::Sign};

impl<P: Pair> Params<P> {
    /// Checks the signature under the name `sign`, of either algorithm, in constant time, and tells which
    /// it was.
    ///
    /// The algorithm is taken from the signature's length, because a response does not name it and the
    /// gateway is known to answer with MD5 to what was signed with HMAC-SHA256. So whoever can forge
    /// an MD5 signature gets past this; [`verify_strict`](Self::verify_strict) takes one algorithm
    /// only. The digits must be upper-case, as the API writes them.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] when there is no signature, it is of no known length, or it does not match.
    ///
    /// ```
    /// use wxpay_sign::{ApiKey, Params, SignType, VerifyError};
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let response = [
    ///     ("media_hash", "709d1e858d2ef9d0501cc053668b2872"),
    ///     ("mch_id", "1000000000"),
    ///     ("sign", "9E19543EA8BF9857BE5F61E18C1003E7"),
    /// ];
    /// assert_eq!(Params::new(response)?.verify(&key), Ok(SignType::Md5));
    /// assert_eq!(Params::new(&response[..2])?.verify(&key), Err(VerifyError::Missing));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// ```
    /// use wxpay_sign::{ApiKey, Params, SignType, VerifyError};
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let params = Params::new([
    ///     ("mch_id", "1000000000"),
    ///     ("sign", "84FA6EF2E28F769DC0AE3A58E819F997"),
    /// ])?;
    /// assert_eq!(params.verify_strict(SignType::Md5, &key), Ok(()));
    /// let error = params.verify_strict(SignType::HmacSha256, &key).unwrap_err();
    /// assert!(matches!(error, VerifyError::SignType { found: SignType::Md5, .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_strict(&self, required: SignType, key: &ApiKey) -> Result<(), VerifyError> {
        let (signature, found) = self.classify()?;
        if found != required {
            return Err(VerifyError::SignType { required, found });
        }
        self.compare(required, key, signature)
    }

    /// The signature, and the algorithm whose length it has.
    fn classify(&self) -> Result<(&str, SignType), VerifyError> {
        let signature = match self.received() {
            Sign::Missing => return Err(VerifyError::Missing),
            Sign::Empty => return Err(VerifyError::Empty),
            Sign::Several => return Err(VerifyError::Several),
            Sign::One(pair) => pair.value(),
        };
        let found = signature.chars().count();
        SignType::ALL
            .into_iter()
            .find(|sign_type| sign_type.hex_len() == found)
            .map(|sign_type| (signature, sign_type))
            .ok_or(VerifyError::Length { found })
    }

    fn compare(
        &self,
        sign_type: SignType,
        key: &ApiKey,
        signature: &str,
    ) -> Result<(), VerifyError> {
        let right = self.sign(sign_type, key);
        if right.as_str().as_bytes().ct_eq(signature.as_bytes()).into() {
            Ok(())
        } else {
            Err(VerifyError::Mismatch { sign_type })
        }
    }
}

/// Why a signature is not accepted.
///
/// None of these holds the signature that would have been right, nor the one that came. The same
/// check never succeeds later: what it covers, or the key, must change.
///
/// ```
/// use wxpay_sign::{ApiKey, Params};
///
/// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let sign = ("sign", "AAC022AA3953C36E6240111A191FC940");
/// let error = Params::new([("mch_id", "1000000000"), sign])?.verify(&key).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the MD5 signature does not match: check the API key, the sign type and the canonical string",
/// );
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
    /// Several fields are named `sign`: which of them is meant is not defined.
    #[error("the signature is given more than once: take the document as it came")]
    Several,
    /// It is as long as no signature: cut, padded with white space, or something else altogether.
    #[error(
        "the length of the signature is {found}, neither 32 (MD5) nor 64 (HMAC-SHA256): check that it is whole and without white space"
    )]
    Length {
        /// How many characters it has.
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
