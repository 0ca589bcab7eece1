//! The names of algorithms, as openssl prints them.

pub(crate) const RSA: &str = "1.2.840.113549.1.1.1";
pub(crate) const EC: &str = "1.2.840.10045.2.1";
pub(crate) const ED25519: &str = "1.3.101.112";
pub(crate) const P256: &str = "1.2.840.10045.3.1.7";
pub(crate) const P384: &str = "1.3.132.0.34";

/// The name of an algorithm or a curve; what has none here keeps its object identifier.
pub(crate) fn name(oid: &str) -> String {
    let named = NAMES.iter().find(|(known, _)| *known == oid);
    named.map_or(oid, |(_, name)| name).to_owned()
}

const NAMES: &[(&str, &str)] = &[
    // Keys.
    ("1.2.840.113549.1.1.10", "RSA-PSS"),
    ("1.2.840.10040.4.1", "DSA"),
    (ED25519, "Ed25519"),
    ("1.3.101.113", "Ed448"),
    // Curves.
    (P256, "P-256"),
    (P384, "P-384"),
    ("1.3.132.0.33", "P-224"),
    ("1.3.132.0.35", "P-521"),
    ("1.3.132.0.10", "secp256k1"),
    ("1.2.156.10197.1.301", "SM2"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"),
    // Schemes under a password.
    ("1.2.840.113549.1.5.3", "PBE-MD5-DES"),
    ("1.2.840.113549.1.5.10", "PBE-SHA1-DES"),
    ("1.2.840.113549.1.12.1.1", "PBE-SHA1-RC4-128"),
    ("1.2.840.113549.1.12.1.2", "PBE-SHA1-RC4-40"),
    ("1.2.840.113549.1.12.1.3", "PBE-SHA1-3DES"),
    ("1.2.840.113549.1.12.1.4", "PBE-SHA1-2DES"),
    ("1.2.840.113549.1.12.1.5", "PBE-SHA1-RC2-128"),
    ("1.2.840.113549.1.12.1.6", "PBE-SHA1-RC2-40"),
    ("1.2.840.113549.1.5.14", "PBMAC1"),
    // Ciphers.
    ("2.16.840.1.101.3.4.1.4", "AES-128-CFB"),
    ("2.16.840.1.101.3.4.1.24", "AES-192-CFB"),
    ("2.16.840.1.101.3.4.1.44", "AES-256-CFB"),
    ("2.16.840.1.101.3.4.1.6", "AES-128-GCM"),
    ("2.16.840.1.101.3.4.1.46", "AES-256-GCM"),
    ("1.2.392.200011.61.1.1.1.2", "Camellia-128-CBC"),
    ("1.2.392.200011.61.1.1.1.3", "Camellia-192-CBC"),
    ("1.2.392.200011.61.1.1.1.4", "Camellia-256-CBC"),
    ("1.2.410.200046.1.1.2", "ARIA-128-CBC"),
    ("1.2.410.200046.1.1.7", "ARIA-192-CBC"),
    ("1.2.410.200046.1.1.12", "ARIA-256-CBC"),
    ("1.2.156.10197.1.104.2", "SM4-CBC"),
    ("1.2.840.113549.3.2", "RC2-CBC"),
    ("1.2.840.113533.7.66.10", "CAST5-CBC"),
    ("1.3.14.3.2.7", "DES-CBC"),
    // Digests.
    ("1.2.840.113549.2.5", "MD5"),
    ("1.2.156.10197.1.401", "SM3"),
    // Files that are protected by a certificate in place of a password.
    ("1.2.840.113549.1.7.2", "a signature"),
    ("1.2.840.113549.1.7.3", "a certificate's key"),
];
