//! Issues the certificates: the authority's, the merchant's, the server's.

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
use zeroize::Zeroizing;

use crate::tls::BoxError;

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
pub(crate) struct CertifiedKey {
    pub(crate) cert: String,
    pub(crate) key: Zeroizing<String>,
}

/// The authority's name, key identifier and key.
pub(crate) type Authority = Issuer<'static, KeyPair>;

/// Makes a new authority, self-signed.
pub(crate) fn authority() -> Result<(CertifiedKey, Authority), BoxError> {
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
pub(crate) fn merchant(authority: &Authority, mch_id: &str) -> Result<CertifiedKey, BoxError> {
    let params = leaf(mch_id, MERCHANT_DAYS, ExtendedKeyUsagePurpose::ClientAuth)?;
    let key = KeyPair::generate()?;
    Ok(CertifiedKey {
        cert: params.signed_by(&key, authority)?.pem(),
        key: Zeroizing::new(key.serialize_pem()),
    })
}

/// Makes the server's certificate for names, DNS and IP, that have been checked.
pub(crate) fn server(
    authority: &Authority,
    names: Vec<String>,
) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), BoxError> {
    let purpose = ExtendedKeyUsagePurpose::ServerAuth;
    let mut params = leaf("wxpay sandbox", SERVER_DAYS, purpose)?;
    params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
    let key = KeyPair::generate()?;
    let cert = params.signed_by(&key, authority)?.into();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    Ok((cert, key.into()))
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
pub(super) fn pkcs12(merchant: &CertifiedKey, password: &str) -> Result<Vec<u8>, BoxError> {
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
