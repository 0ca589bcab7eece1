//! Credentials: a merchant's id, API key and certificate, and the authority of all certificates.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey,
    PrivateKeyChain,
};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject};
use time::{Duration, OffsetDateTime};
use wxpay_sign::{ApiKey, ApiKeyError};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};
use zeroize::Zeroizing;

use crate::tls::{self, BoxError, ClientCertChecker, common_name, is_merchant_id};

/// A merchant of the sandbox: id, API key and certificate, and the authority that has issued it.
///
/// The authority issues the server's certificate too, so a client has to trust
/// [`ca_pem`](Self::ca_pem). The credentials are for tests: WeChat Pay does not know them. `Debug`
/// shows the merchant id only. Keys are wiped from memory on drop, except for the copies that TLS
/// makes.
///
/// ```
/// use wxpay_sandbox::{Credentials, CredentialsError};
///
/// # fn main() -> Result<(), CredentialsError> {
/// let new = Credentials::generate()?;
/// assert_eq!(new.mch_id(), "1900000109");
/// let empty = Credentials::generate_for("");
/// assert!(matches!(empty, Err(CredentialsError::MerchantId)));
/// let other = Credentials::generate_for("1000000000")?;
/// let other = other.with_api_key("192006250b4c09247ec02edce69f6a2d")?;
///
/// // Kept in files for the next start, so that clients need no new ones:
/// let [key, ca, ca_key] = [other.expose_api_key(), other.ca_pem(), other.ca_key_pem()];
/// let kept = Credentials::from_pem(key, ca, ca_key, other.cert_pem(), other.key_pem())?;
/// assert_eq!(kept.mch_id(), "1000000000");
///
/// let apiclient_cert_p12 = kept.merchant_p12()?; // its password: 1000000000
/// # assert!(apiclient_cert_p12.len() > 1000);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Credentials {
    mch_id: String,
    api_key: ApiKey,
    ca: CertifiedKey,
    merchant: CertifiedKey,
}

/// The reason why credentials cannot be made or read. No error shows a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The merchant id has a wrong form.
    #[error("the merchant id is not 1 to 32 ASCII letters and digits")]
    MerchantId,
    /// The API key has a wrong form; the source says what is wrong.
    #[error("the API key cannot be used")]
    ApiKey(#[from] ApiKeyError),
    /// No new certificate, or file of one, could be made, mostly for lack of randomness.
    #[error("no new certificate could be made")]
    Generate(#[source] BoxError),
    /// A text is not the expected PEM. Keys must be unencrypted PKCS #8 (`BEGIN PRIVATE KEY`).
    #[error("{what} cannot be read")]
    Unreadable {
        /// One of the four texts, as `the authority's key`.
        what: &'static str,
        /// The reader's error.
        source: BoxError,
    },
    /// A certificate and a key do not belong together.
    #[error("{what} does not fit the certificate")]
    KeyMismatch {
        /// The key, as `the authority's key`.
        what: &'static str,
    },
    /// The certificate is not allowed to issue others.
    #[error("the authority's certificate is not that of an authority")]
    NotAnAuthority,
    /// The merchant's certificate has expired, or another authority has issued it. Make new
    /// credentials, or find the authority that belongs to it.
    #[error("the merchant's certificate is not acceptable to the authority")]
    NotAccepted(#[source] BoxError),
    /// The merchant's certificate names no merchant.
    #[error(
        "the merchant's certificate has a common name that is not 1 to 32 ASCII letters and digits"
    )]
    CommonName,
}

/// Certificate and key in errors.
const AUTHORITY: [&str; 2] = ["the authority's certificate", "the authority's key"];
const MERCHANT: [&str; 2] = ["the merchant's certificate", "the merchant's key"];

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
    /// [`CredentialsError::MerchantId`] or [`CredentialsError::Generate`].
    pub fn generate_for(mch_id: &str) -> Result<Self, CredentialsError> {
        if !is_merchant_id(mch_id) {
            return Err(CredentialsError::MerchantId);
        }
        let generate = || {
            let (ca, authority) = new_authority()?;
            let key = KeyPair::generate()?;
            let purpose = Some(ExtendedKeyUsagePurpose::ClientAuth);
            let params = params(mch_id, MERCHANT_DAYS, purpose)?;
            Ok(Self {
                mch_id: mch_id.to_owned(),
                api_key: ApiKey::new(&*random_api_key()?)?,
                ca,
                merchant: CertifiedKey::new(&params.signed_by(&key, &authority)?, &key),
            })
        };
        generate().map_err(CredentialsError::Generate)
    }

    /// Reads kept credentials, so that clients need no new ones.
    ///
    /// The merchant id is the common name of the merchant's certificate. The API key must not end
    /// with a line end.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`] names the text that cannot be read or does not fit the rest. A
    /// merchant's certificate that this sandbox would refuse, as one that has expired, is an error
    /// too.
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
        Ok(Self {
            mch_id: check(&ca, &merchant)?,
            api_key: ApiKey::new(api_key)?,
            ca,
            merchant,
        })
    }

    /// The same credentials with an API key of your choice.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::ApiKey`] unless it is 32 ASCII letters and digits.
    pub fn with_api_key(mut self, api_key: &str) -> Result<Self, CredentialsError> {
        self.api_key = ApiKey::new(api_key)?;
        Ok(self)
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

    /// The API key as text, for a client's settings. Do not log it.
    #[must_use]
    pub fn expose_api_key(&self) -> &str {
        self.api_key.expose()
    }

    /// The authority's certificate, which a client has to trust.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca.cert
    }

    /// The authority's private key (PKCS #8), for the next start. With it, anybody can pose as any
    /// server to clients that trust the authority.
    #[must_use]
    pub fn ca_key_pem(&self) -> &str {
        &self.ca.key
    }

    /// The merchant's API certificate, which a client has to send.
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
    /// Each call makes a new file, in a form that OpenSSL 1.0 to 3, curl, Java and Windows read. It
    /// is as secret as the key.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::Generate`] when such a file cannot hold the key's algorithm.
    pub fn merchant_p12(&self) -> Result<Vec<u8>, CredentialsError> {
        let write = || {
            let cert = CertificateDer::from_pem_slice(self.merchant.cert.as_bytes())?;
            let key = PrivatePkcs8KeyDer::from_pem_slice(self.merchant.key.as_bytes())?;
            let key = PrivateKey::from_der(key.secret_pkcs8_der())?;
            // Any bytes: the same id links certificate and key.
            let chain = PrivateKeyChain::new([1].as_slice(), key, [Certificate::from_der(&cert)?]);
            let mut store = KeyStore::new();
            // Java calls this name the alias.
            store.add_entry("tenpay certificate", KeyStoreEntry::PrivateKeyChain(chain));
            // The only form that OpenSSL 1.0 to 3 (without RC2), Java from 8 on, Windows and macOS
            // all read. The password is no secret, so a newer form would be no safer.
            let file = store
                .writer(&self.mch_id)
                .encryption_algorithm(EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc)
                .encryption_iterations(PKCS12_ITERATIONS)
                .mac_algorithm(MacAlgorithm::HmacSha1)
                .mac_iterations(PKCS12_ITERATIONS)
                .write()?;
            Ok(file)
        };
        write().map_err(CredentialsError::Generate)
    }

    /// The TLS settings of a server with these names, which are valid DNS names or IP addresses,
    /// and the checker of its clients' certificates.
    pub(crate) fn tls(
        &self,
        names: Vec<String>,
    ) -> Result<(ServerConfig, ClientCertChecker), BoxError> {
        let (ca, key) = parse(&self.ca, AUTHORITY)?;
        let authority = Issuer::from_ca_cert_der(&ca, key)?;
        let purpose = Some(ExtendedKeyUsagePurpose::ServerAuth);
        let mut params = params("wxpay sandbox", SERVER_DAYS, purpose)?;
        params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
        let key = KeyPair::generate()?;
        let cert = params.signed_by(&key, &authority)?.into();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let checker = ClientCertChecker::new(ca)?;
        Ok((tls::config(cert, key, checker.clone())?, checker))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("mch_id", &self.mch_id)
            .finish_non_exhaustive()
    }
}

/// Letters and digits, each as likely as any other.
fn random_api_key() -> Result<Zeroizing<String>, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; 48]);
    getrandom::fill(&mut *bytes)?;
    // 64 characters, of which two are `+` or `/` on average.
    let text = Zeroizing::new(BASE64_STANDARD.encode(*bytes));
    let key = text.chars().filter(char::is_ascii_alphanumeric);
    Ok(Zeroizing::new(key.take(ApiKey::LEN).collect()))
}

/// Checks that all four texts can be read and belong together, and returns the merchant id.
fn check(ca: &CertifiedKey, merchant: &CertifiedKey) -> Result<String, CredentialsError> {
    let (ca, _) = parse(ca, AUTHORITY)?;
    if !X509Certificate::from_der(&ca).is_ok_and(|(_, cert)| cert.is_ca()) {
        return Err(CredentialsError::NotAnAuthority);
    }
    let (cert, _) = parse(merchant, MERCHANT)?;
    ClientCertChecker::new(ca)
        .and_then(|checker| Ok(checker.check(&cert)?))
        .map_err(CredentialsError::NotAccepted)?;
    let parsed = X509Certificate::from_der(&cert).ok();
    let name = parsed.and_then(|(_, cert)| common_name(&cert));
    name.filter(|name| is_merchant_id(name))
        .ok_or(CredentialsError::CommonName)
}

/// A certificate and its key, with the names of both for errors.
fn parse(
    pair: &CertifiedKey,
    names: [&'static str; 2],
) -> Result<(CertificateDer<'static>, KeyPair), CredentialsError> {
    let cert = CertificateDer::from_pem_slice(pair.cert.as_bytes());
    let cert = cert.map_err(|it| unreadable(names[0], it))?;
    let key = KeyPair::from_pem(&pair.key).map_err(|it| unreadable(names[1], it))?;
    let (_, parsed) = X509Certificate::from_der(&cert).map_err(|it| unreadable(names[0], it))?;
    match parsed.public_key().subject_public_key.data == key.public_key_raw() {
        true => Ok((cert, key)),
        false => Err(CredentialsError::KeyMismatch { what: names[1] }),
    }
}

fn unreadable(what: &'static str, source: impl Into<BoxError>) -> CredentialsError {
    let source = source.into();
    CredentialsError::Unreadable { what, source }
}

/// OpenSSL's default; older readers are slow at more.
const PKCS12_ITERATIONS: u32 = 2048;
/// As long as the real ones.
const MERCHANT_DAYS: i64 = 5 * 365;
const AUTHORITY_DAYS: i64 = 10 * 365;
/// Apple's systems refuse more than 825 days even from a private authority, browsers more than 398
/// from a public one. Each start issues a new certificate, so less than both is enough.
const SERVER_DAYS: i64 = 397;
/// The clocks of machines and containers differ.
const BACKDATED: Duration = Duration::DAY;

/// A certificate and its private key (PKCS #8), both as PEM.
#[derive(Clone)]
struct CertifiedKey {
    cert: String,
    key: Zeroizing<String>,
}

impl CertifiedKey {
    fn new(cert: &rcgen::Certificate, key: &KeyPair) -> Self {
        Self {
            cert: cert.pem(),
            key: Zeroizing::new(key.serialize_pem()),
        }
    }
}

/// Makes a new authority, self-signed.
fn new_authority() -> Result<(CertifiedKey, Issuer<'static, KeyPair>), BoxError> {
    // A name of its own, so that clients that trust another sandbox's authority find an unknown
    // issuer instead of a wrong signature.
    let number = serial_number()?.map(|byte| format!("{byte:02X}"));
    let name = format!("wxpay sandbox CA {}", number[1..5].concat());
    let params = params(&name, AUTHORITY_DAYS, None)?;
    let key = KeyPair::generate()?;
    let pair = CertifiedKey::new(&params.self_signed(&key)?, &key);
    Ok((pair, Issuer::new(params, key)))
}

/// The parameters of a certificate with this purpose, or of an authority.
fn params(
    common_name: &str,
    days: i64,
    purpose: Option<ExtendedKeyUsagePurpose>,
) -> Result<CertificateParams, BoxError> {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    params.not_before = OffsetDateTime::now_utc() - BACKDATED;
    params.not_after = params.not_before + Duration::days(days);
    params.serial_number = Some(serial_number()?.to_vec().into());
    if let Some(purpose) = purpose {
        // `NoCa` would leave out the subject key identifier, which strict verifiers ask for.
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
    } else {
        // It issues leaves only, so no client has to send a chain.
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    }
    Ok(params)
}

/// 126 random bits after a leading one: positive, and always 16 bytes long.
fn serial_number() -> Result<[u8; 16], getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    bytes[0] = bytes[0] & 0x3f | 0x40;
    Ok(bytes)
}
