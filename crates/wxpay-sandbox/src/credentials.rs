//! The merchant of a sandbox: id, API key, certificate, and the authority that issues it and the server's.

use std::{error::Error, fmt};

use base64::{Engine, prelude::BASE64_STANDARD};
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey,
    PrivateKeyChain,
};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};
use time::{Duration, OffsetDateTime};
use wxpay_sign::{ApiKey, ApiKeyError};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};
use zeroize::Zeroizing;

use crate::tls::{BoxError, ClientCertChecker, common_name, is_merchant_id};

/// A merchant of the sandbox: id, API key and certificate, and the authority that has issued it.
///
/// The authority issues the server's certificate too, so a client has to trust
/// [`ca_pem`](Self::ca_pem). Credentials are made for tests: they mean nothing to WeChat Pay. `Debug`
/// shows the merchant id only. Keys are wiped from memory when dropped, but for the copies that TLS
/// makes.
///
/// ```
/// use wxpay_sandbox::{Credentials, CredentialsError};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let new = Credentials::generate()?;
/// assert_eq!(new.mch_id(), "1900000109");
/// let other = Credentials::generate_for("1000000000")?;
/// let other = other.with_api_key("192006250b4c09247ec02edce69f6a2d")?;
///
/// // Kept in files for the next start, so that clients need no new ones:
/// let [key, ca, ca_key] = [other.expose_api_key(), other.ca_pem(), other.ca_key_pem()];
/// let kept = Credentials::from_pem(key, ca, ca_key, other.cert_pem(), other.key_pem())?;
/// assert_eq!(kept.mch_id(), "1000000000");
///
/// // As the merchant platform hands it out:
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("apiclient_cert.p12"), kept.merchant_p12()?)?;
/// // openssl pkcs12 -in apiclient_cert.p12 -passin pass:1000000000 -nodes
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

/// Why there are no credentials. No error shows a key.
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
    /// No new certificate, or file of one, could be made, mostly for want of randomness.
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
    /// The authority's certificate may not issue others.
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

/// The four texts of [`Credentials::from_pem`], as errors call them.
const CA: &str = "the authority's certificate";
const CA_KEY: &str = "the authority's key";
const CERT: &str = "the merchant's certificate";
const KEY: &str = "the merchant's key";

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
    pub fn generate_for(mch_id: &str) -> Result<Self, CredentialsError> {
        if !is_merchant_id(mch_id) {
            return Err(CredentialsError::MerchantId);
        }
        let generate = || {
            let (ca, authority) = new_authority()?;
            let merchant = merchant_certificate(&authority, mch_id)?;
            Ok((ca, merchant, random_api_key()?))
        };
        let (ca, merchant, api_key) = generate().map_err(CredentialsError::Generate)?;
        Ok(Self {
            mch_id: mch_id.to_owned(),
            api_key: ApiKey::new(&*api_key)?,
            ca,
            merchant,
        })
    }

    /// Reads credentials that were kept, so that clients need no new ones.
    ///
    /// The merchant id is the common name of the merchant's certificate. Texts are taken as they are:
    /// cut the line end off a key that was read from a file.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`] says which text cannot be read or does not fit the rest. A merchant's
    /// certificate that this sandbox would refuse, as one that has expired, is an error too.
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

    /// The authority's private key (PKCS #8), for the next start. Its holder can pose as any server to
    /// clients that trust the authority.
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
    /// It is made anew at each call, in a form that OpenSSL 1.0 to 3, curl, Java and Windows read. It
    /// is as secret as the key.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::Generate`] when such a file cannot hold the key's algorithm; it can hold
    /// those of [`generate`](Self::generate).
    pub fn merchant_p12(&self) -> Result<Vec<u8>, CredentialsError> {
        pkcs12(&self.merchant, &self.mch_id).map_err(CredentialsError::Generate)
    }

    /// A checker of clients' certificates.
    pub(crate) fn checker(&self) -> Result<ClientCertChecker, BoxError> {
        let cert = CertificateDer::from_pem_slice(self.ca.cert.as_bytes())?;
        ClientCertChecker::new(cert)
    }

    /// A new certificate and key of a server with these names, DNS and IP, that have been checked.
    pub(crate) fn server(
        &self,
        names: Vec<String>,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), BoxError> {
        let (cert, key) = parse(&self.ca, CA, CA_KEY)?;
        let authority = Issuer::from_ca_cert_der(&cert, key)?;
        let purpose = ExtendedKeyUsagePurpose::ServerAuth;
        let mut params = leaf("wxpay sandbox", SERVER_DAYS, purpose)?;
        params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
        let key = KeyPair::generate()?;
        let cert = params.signed_by(&key, &authority)?.into();
        Ok((cert, PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
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
    let (ca, _) = parse(ca, CA, CA_KEY)?;
    if !X509Certificate::from_der(&ca).is_ok_and(|(_, cert)| cert.is_ca()) {
        return Err(CredentialsError::NotAnAuthority);
    }
    let (cert, _) = parse(merchant, CERT, KEY)?;
    ClientCertChecker::new(ca)
        .and_then(|checker| Ok(checker.check(&cert)?))
        .map_err(CredentialsError::NotAccepted)?;
    let parsed = X509Certificate::from_der(&cert).ok();
    let name = parsed.and_then(|(_, cert)| common_name(&cert));
    name.filter(|name| is_merchant_id(name))
        .ok_or(CredentialsError::CommonName)
}

/// A certificate and its key, whose names are for errors.
fn parse(
    pair: &CertifiedKey,
    cert_name: &'static str,
    key_name: &'static str,
) -> Result<(CertificateDer<'static>, KeyPair), CredentialsError> {
    let cert = CertificateDer::from_pem_slice(pair.cert.as_bytes())
        .map_err(|it| unreadable(cert_name, it))?;
    let key = KeyPair::from_pem(&pair.key).map_err(|it| unreadable(key_name, it))?;
    let (_, parsed) = X509Certificate::from_der(&cert).map_err(|it| unreadable(cert_name, it))?;
    let is_its_key = parsed.public_key().subject_public_key.data == key.public_key_raw();
    match is_its_key {
        true => Ok((cert, key)),
        false => Err(CredentialsError::KeyMismatch { what: key_name }),
    }
}

fn unreadable(what: &'static str, source: impl Error + Send + Sync + 'static) -> CredentialsError {
    CredentialsError::Unreadable {
        what,
        source: Box::new(source),
    }
}

/// As the real gateway's.
const MERCHANT_DAYS: i64 = 5 * 365;
const AUTHORITY_DAYS: i64 = 10 * 365;
/// Apple's systems refuse more than 825 days even from a private authority, browsers refuse more
/// than 398 from a public one. Nothing is lost by staying below both: each start issues anew.
const SERVER_DAYS: i64 = 397;
/// Machines, containers above all, do not agree to the minute.
const BACKDATED: Duration = Duration::DAY;

/// A certificate and its private key (PKCS #8), both as PEM.
#[derive(Clone)]
struct CertifiedKey {
    cert: String,
    key: Zeroizing<String>,
}

/// The authority's name, key identifier and key.
type Authority = Issuer<'static, KeyPair>;

/// Makes a new authority, self-signed.
fn new_authority() -> Result<(CertifiedKey, Authority), BoxError> {
    // A name of its own: a client that trusts another sandbox's authority should find an unknown
    // issuer, not a known one whose signature does not hold.
    let number = serial_number()?.map(|byte| format!("{byte:02X}"));
    let name = format!("wxpay sandbox CA {}", number[1..5].concat());
    let mut params = params(&name, AUTHORITY_DAYS)?;
    // It issues leaves only, so no client has to send a chain.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let pair = CertifiedKey {
        cert: params.self_signed(&key)?.pem(),
        key: Zeroizing::new(key.serialize_pem()),
    };
    Ok((pair, Issuer::new(params, key)))
}

/// Makes the API certificate of a merchant, whose id is its common name.
fn merchant_certificate(authority: &Authority, mch_id: &str) -> Result<CertifiedKey, BoxError> {
    let params = leaf(mch_id, MERCHANT_DAYS, ExtendedKeyUsagePurpose::ClientAuth)?;
    let key = KeyPair::generate()?;
    Ok(CertifiedKey {
        cert: params.signed_by(&key, authority)?.pem(),
        key: Zeroizing::new(key.serialize_pem()),
    })
}

fn leaf(
    common_name: &str,
    days: i64,
    purpose: ExtendedKeyUsagePurpose,
) -> Result<CertificateParams, BoxError> {
    let mut params = params(common_name, days)?;
    // `NoCa` would leave out the subject key identifier, which strict verifiers ask for.
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    Ok(params)
}

fn params(common_name: &str, days: i64) -> Result<CertificateParams, BoxError> {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    params.not_before = OffsetDateTime::now_utc() - BACKDATED;
    params.not_after = params.not_before + Duration::days(days);
    params.serial_number = Some(serial_number()?.to_vec().into());
    Ok(params)
}

/// 126 random bits after a leading one: positive, and always 16 bytes long.
fn serial_number() -> Result<[u8; 16], getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    bytes[0] = bytes[0] & 0x3f | 0x40;
    Ok(bytes)
}

/// OpenSSL's default; older readers are slow at more.
const PKCS12_ITERATIONS: u32 = 2048;

/// 3DES for both bags and a SHA-1 MAC: the one form that OpenSSL 1.0 to 3 (which has left RC2 out), Java
/// from 8 on, Windows and macOS all read. The password is no secret, so a newer form would be no safer.
fn pkcs12(merchant: &CertifiedKey, password: &str) -> Result<Vec<u8>, BoxError> {
    let cert = CertificateDer::from_pem_slice(merchant.cert.as_bytes())?;
    let key = PrivatePkcs8KeyDer::from_pem_slice(merchant.key.as_bytes())?;
    // Any bytes: certificate and key belong together by having the same.
    let id = [1].as_slice();
    let chain = PrivateKeyChain::new(
        id,
        PrivateKey::from_der(key.secret_pkcs8_der())?,
        [Certificate::from_der(&cert)?],
    );
    let mut store = KeyStore::new();
    // Java calls this name the alias.
    store.add_entry("tenpay certificate", KeyStoreEntry::PrivateKeyChain(chain));
    let file = store
        .writer(password)
        .encryption_algorithm(EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc)
        .encryption_iterations(PKCS12_ITERATIONS)
        .mac_algorithm(MacAlgorithm::HmacSha1)
        .mac_iterations(PKCS12_ITERATIONS)
        .write()?;
    Ok(file)
}
