//! What can be wrong with credentials.

use wxpay_sign::ApiKeyError;

use crate::BoxError;

/// Why there are no credentials.
///
/// None of these shows a key. Each is final, but for [`Generate`](Self::Generate): give other values,
/// or make new credentials.
///
/// ```
/// use wxpay_sandbox::Credentials;
///
/// let error = Credentials::generate_for("").unwrap_err();
/// assert_eq!(error.to_string(), "the merchant id is not 1 to 32 ASCII letters and digits");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The merchant id has a wrong form.
    #[error("the merchant id is not 1 to 32 ASCII letters and digits")]
    MerchantId,
    /// The API key has a wrong form; the source says how.
    #[error("the API key cannot be used")]
    ApiKey(#[from] ApiKeyError),
    /// No new certificate, or file of one, could be made. Without randomness of the operating system
    /// there is none.
    #[error("no new certificate could be made")]
    Generate(#[source] BoxError),
    /// A text is not the PEM of what it should be. Keys must be unencrypted PKCS #8 (`BEGIN PRIVATE
    /// KEY`).
    #[error("{what} cannot be read")]
    Unreadable {
        /// Which of the four, as `the authority's key`.
        what: &'static str,
        /// What the reader says.
        source: BoxError,
    },
    /// A certificate and a key do not belong together.
    #[error("{what} does not fit the certificate")]
    KeyMismatch {
        /// Which key, as `the authority's key`.
        what: &'static str,
    },
    /// The certificate that should be the authority's is not one that may issue others.
    #[error("the authority's certificate is not that of an authority")]
    NotAnAuthority,
    /// The merchant's certificate would be refused: it has expired, or the authority has not issued
    /// it. Make new credentials, or find the authority that belongs to it.
    #[error("the merchant's certificate is not acceptable to the authority")]
    NotAccepted(#[source] BoxError),
    /// The merchant's certificate names no merchant.
    #[error(
        "the merchant's certificate has a common name that is not 1 to 32 ASCII letters and digits"
    )]
    CommonName,
}
