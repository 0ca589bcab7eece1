//! Everything that a merchant and its sandbox share.

pub(crate) mod certificates;
mod error;
mod pem;

use std::fmt;

use rustls_pki_types::CertificateDer;
use wxpay_sign::ApiKey;
use zeroize::Zeroizing;

use certificates::{Authority, CertifiedKey};

pub use error::CredentialsError;

/// A merchant of the sandbox: id, API key and certificate, and the authority that has issued it.
///
/// The authority issues the server's certificate too, so its certificate, [`ca_pem`](Self::ca_pem),
/// is what a client has to trust. Credentials are made for tests: they mean nothing to WeChat Pay.
/// `Debug` shows the merchant id only, and keys are wiped from memory when dropped, but for the copies
/// that TLS makes.
///
/// ```
/// use wxpay_sandbox::Credentials;
///
/// let credentials = Credentials::generate()?;
/// assert_eq!(credentials.mch_id(), "1900000109");
/// assert!(credentials.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// # Ok::<(), wxpay_sandbox::CredentialsError>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    mch_id: String,
    api_key: ApiKey,
    ca: CertifiedKey,
    merchant: CertifiedKey,
}

/// Letters and digits, as an API key has.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Credentials {
    /// Makes new credentials for merchant `1900000109`, with a random API key.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::Generate`] when the operating system gives no randomness.
    pub fn generate() -> Result<Self, CredentialsError> {
        Self::generate_for("1900000109")
    }

    /// Makes new credentials for a merchant of your choice, with a random API key.
    ///
    /// The authority is valid for ten years, the merchant's certificate for five, as the real one.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::MerchantId`] unless the id is 1 to 32 ASCII letters and digits, and
    /// [`CredentialsError::Generate`] when the operating system gives no randomness.
    ///
    /// ```
    /// use wxpay_sandbox::{Credentials, CredentialsError};
    ///
    /// assert_eq!(Credentials::generate_for("1000000000")?.mch_id(), "1000000000");
    /// let error = Credentials::generate_for("10 000").unwrap_err();
    /// assert!(matches!(error, CredentialsError::MerchantId));
    /// # Ok::<(), CredentialsError>(())
    /// ```
    pub fn generate_for(mch_id: &str) -> Result<Self, CredentialsError> {
        if !is_merchant_id(mch_id) {
            return Err(CredentialsError::MerchantId);
        }
        let (ca, authority) = certificates::authority().map_err(CredentialsError::Generate)?;
        let merchant =
            certificates::merchant(&authority, mch_id).map_err(CredentialsError::Generate)?;
        let key = random_api_key().map_err(|error| CredentialsError::Generate(error.into()))?;
        Self::new(mch_id.to_owned(), &key, ca, merchant)
    }

    /// Takes credentials up again that were kept, so that clients need not be told new ones.
    ///
    /// The merchant id is the common name of the merchant's certificate. Texts are taken as they are:
    /// cut the line end off a key that was read from a file.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`] says what cannot be read or does not fit the rest. A merchant's
    /// certificate that this sandbox would refuse, because it has expired say, is an error too.
    ///
    /// ```
    /// use wxpay_sandbox::Credentials;
    ///
    /// let kept = Credentials::generate()?;
    /// let again = Credentials::from_pem(
    ///     kept.expose_api_key(),
    ///     kept.ca_pem(),
    ///     kept.ca_key_pem(),
    ///     kept.cert_pem(),
    ///     kept.key_pem(),
    /// )?;
    /// assert_eq!(again.mch_id(), kept.mch_id());
    /// # Ok::<(), wxpay_sandbox::CredentialsError>(())
    /// ```
    pub fn from_pem(
        api_key: &str,
        ca_pem: &str,
        ca_key_pem: &str,
        cert_pem: &str,
        key_pem: &str,
    ) -> Result<Self, CredentialsError> {
        let pair = |cert: &str, key: &str| CertifiedKey {
            cert: cert.to_owned(),
            key: Zeroizing::new(key.to_owned()),
        };
        let (ca, merchant) = (pair(ca_pem, ca_key_pem), pair(cert_pem, key_pem));
        let mch_id = pem::check(&ca, &merchant)?;
        Self::new(mch_id, api_key, ca, merchant)
    }

    fn new(
        mch_id: String,
        api_key: &str,
        ca: CertifiedKey,
        merchant: CertifiedKey,
    ) -> Result<Self, CredentialsError> {
        let api_key = ApiKey::new(api_key)?;
        Ok(Self {
            mch_id,
            api_key,
            ca,
            merchant,
        })
    }

    /// The same credentials with an API key of your choice.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::ApiKey`] unless it is 32 ASCII letters and digits.
    ///
    /// ```
    /// use wxpay_sandbox::Credentials;
    ///
    /// let key = "192006250b4c09247ec02edce69f6a2d";
    /// let credentials = Credentials::generate()?.with_api_key(key)?;
    /// assert_eq!(credentials.expose_api_key(), key);
    /// # Ok::<(), wxpay_sandbox::CredentialsError>(())
    /// ```
    pub fn with_api_key(self, api_key: &str) -> Result<Self, CredentialsError> {
        Self::new(self.mch_id, api_key, self.ca, self.merchant)
    }

    /// The merchant id.
    #[must_use]
    pub fn mch_id(&self) -> &str {
        &self.mch_id
    }

    /// The API key, to sign with.
    #[must_use]
    pub fn api_key(&self) -> &ApiKey {
        &self.api_key
    }

    /// The API key as text, to be written where a client reads it. Do not log it.
    #[must_use]
    pub fn expose_api_key(&self) -> &str {
        self.api_key.expose()
    }

    /// The authority's certificate: what a client has to trust.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca.cert
    }

    /// The authority's private key (PKCS #8), to be kept for the next start. It is secret: whoever has
    /// it can pose as any server to the clients that trust the authority.
    #[must_use]
    pub fn ca_key_pem(&self) -> &str {
        &self.ca.key
    }

    /// The merchant's API certificate: what a client has to send.
    #[must_use]
    pub fn cert_pem(&self) -> &str {
        &self.merchant.cert
    }

    /// The private key (PKCS #8) of the merchant's API certificate. It is secret.
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.merchant.key
    }

    /// The merchant's API certificate and its key as PKCS #12: the file `apiclient_cert.p12` of the
    /// merchant platform, whose password is the merchant id.
    ///
    /// It is made anew at each call, in a form that every client reads: OpenSSL 1.0 to 3, curl, Java,
    /// Windows. It is as secret as the key.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::Generate`] when the key is of an algorithm that is unknown in such a file,
    /// which none of [`generate`](Self::generate) is.
    ///
    /// ```
    /// let credentials = wxpay_sandbox::Credentials::generate()?;
    /// let folder = tempfile::tempdir()?;
    /// let file = folder.path().join("apiclient_cert.p12");
    /// std::fs::write(&file, credentials.merchant_p12()?)?;
    /// // openssl pkcs12 -in apiclient_cert.p12 -passin pass:1900000109 -nodes
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn merchant_p12(&self) -> Result<Vec<u8>, CredentialsError> {
        certificates::pkcs12(&self.merchant, &self.mch_id).map_err(CredentialsError::Generate)
    }

    /// The authority's certificate, to check others with.
    pub(crate) fn ca_der(&self) -> Result<CertificateDer<'static>, CredentialsError> {
        pem::certificate(&self.ca, pem::CA)
    }

    /// What issues the server's certificate.
    pub(crate) fn authority(&self) -> Result<Authority, CredentialsError> {
        pem::authority(&self.ca)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("mch_id", &self.mch_id)
            .finish_non_exhaustive()
    }
}

/// 1 to 32 ASCII letters and digits.
fn is_merchant_id(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn random_api_key() -> Result<Zeroizing<String>, getrandom::Error> {
    // Bytes from here on would make the first letters of the alphabet more likely.
    const FAIR: u8 = (256 / ALPHABET.len() * ALPHABET.len()) as u8;
    let mut key = Zeroizing::new(String::with_capacity(ApiKey::LEN));
    while key.len() < ApiKey::LEN {
        let mut bytes = Zeroizing::new([0; ApiKey::LEN]);
        getrandom::fill(&mut *bytes)?;
        let fair = bytes.iter().filter(|&&byte| byte < FAIR);
        let characters = fair.map(|&byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
        let missing = ApiKey::LEN - key.len();
        key.extend(characters.take(missing));
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::random_api_key;

    #[test]
    fn every_letter_and_digit_is_as_likely() {
        let mut counts = [0_u32; 128];
        for _ in 0..1000 {
            random_api_key()
                .unwrap()
                .bytes()
                .for_each(|byte| counts[usize::from(byte)] += 1);
        }
        // 32,000 characters, 516 of each: six standard deviations are 136.
        for character in ('0'..='9').chain('A'..='Z').chain('a'..='z') {
            let count = counts[character as usize];
            assert!((380..=652).contains(&count), "{character}: {count}");
        }
    }
}
