//! Private keys, as far as they can be read without a crypto provider.

use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::{
    algorithm::{self, EC, ED25519, RSA},
    der::{
        BIT_STRING, EXPLICIT_0, EXPLICIT_1, Element, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING,
        SEQUENCE, write,
    },
    leaf::PublicKey,
};

/// A private key and what it says of itself.
pub(crate) struct Key {
    der: Zeroizing<PrivateKeyDer<'static>>,
    /// The object identifier of its algorithm.
    algorithm: String,
    facts: Facts,
}

struct Facts {
    kind: String,
    is_used: bool,
    /// The public half, as the bit string of a certificate has it.
    public: Option<Vec<u8>>,
    /// What is the same in all forms of this key.
    secret: Zeroizing<Vec<u8>>,
    curve: Option<&'static Curve>,
}

/// A curve on which keys are written anew, with their public half.
struct Curve {
    oid: &'static str,
    der: &'static [u8],
    /// Of a private key, and of each coordinate of a public one.
    length: usize,
}

const CURVES: &[Curve] = &[
    Curve {
        oid: algorithm::P256,
        der: b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
        length: 32,
    },
    Curve {
        oid: algorithm::P384,
        der: b"\x06\x05\x2b\x81\x04\x00\x22",
        length: 48,
    },
];

impl Key {
    /// Reads PKCS#8, PKCS#1 or SEC1, whatever the algorithm; nothing, where it is damaged.
    pub(crate) fn parse(der: PrivateKeyDer<'static>) -> Option<Self> {
        let der = Zeroizing::new(der);
        let (algorithm, facts) = match &*der {
            PrivateKeyDer::Pkcs1(key) => (RSA.to_owned(), Facts::rsa(key.secret_pkcs1_der())?),
            PrivateKeyDer::Sec1(key) => (EC.to_owned(), Facts::ec(None, key.secret_sec1_der())?),
            PrivateKeyDer::Pkcs8(key) => Facts::pkcs8(key.secret_pkcs8_der())?,
            _ => return None,
        };
        Some(Self {
            der,
            algorithm,
            facts,
        })
    }

    /// What it is, for people.
    pub(crate) fn kind(&self) -> &str {
        &self.facts.kind
    }

    /// Whether ring uses keys of its kind.
    pub(crate) fn is_used(&self) -> bool {
        self.facts.is_used
    }

    pub(crate) fn has_public_half(&self) -> bool {
        self.facts.public.is_some()
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && *self.facts.secret == *other.facts.secret
    }

    /// The key in a form that providers read, if it may belong to a certificate of this public key.
    ///
    /// A key of an elliptic curve may lack its public half: it is given the certificate's then, and the
    /// provider finds out whether the halves fit.
    pub(crate) fn with_public_half(&self, other: &PublicKey) -> Option<PrivateKeyDer<'static>> {
        let own = self.facts.public.as_deref();
        let Some(curve) = self.facts.curve else {
            let fits = match own {
                Some(own) => own == other.bits,
                None => self.algorithm == other.algorithm,
            };
            return fits.then(|| self.der.clone_key());
        };
        let fits = own.is_none_or(|own| match own {
            // Compressed: the first coordinate, and whether the second one is odd.
            [parity @ (2 | 3), x @ ..] => {
                other.bits.get(1..=curve.length) == Some(x)
                    && other.bits.last().is_some_and(|last| last & 1 == parity & 1)
            }
            _ => own == other.bits,
        });
        if !fits || other.curve.as_deref() != Some(curve.oid) {
            return None;
        }
        let zeros = vec![0; curve.length.checked_sub(self.facts.secret.len())?];
        let secret = Zeroizing::new(write(OCTET_STRING, &[&zeros, &self.facts.secret]));
        let public = write(EXPLICIT_1, &[&write(BIT_STRING, &[&[0], &other.bits])]);
        let sec1 = Zeroizing::new(write(SEQUENCE, &[&[INTEGER, 1, 1], &secret, &public]));
        let algorithm = write(SEQUENCE, &[EC_DER, curve.der]);
        let key = Zeroizing::new(write(OCTET_STRING, &[&sec1]));
        let pkcs8 = write(SEQUENCE, &[&[INTEGER, 1, 0], &algorithm, &key]);
        Some(PrivatePkcs8KeyDer::from(pkcs8).into())
    }
}

/// [`EC`] in DER.
const EC_DER: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01";

impl Facts {
    fn pkcs8(der: &[u8]) -> Option<(String, Self)> {
        let fields = Element::split(der)?.0.children()?;
        let [_version, algorithm, key, rest @ ..] = &fields[..] else {
            return None;
        };
        let oid = algorithm.oid()?;
        let key = key.octets()?;
        let facts = match oid.as_str() {
            RSA => Self::rsa(&key)?,
            EC => Self::ec(algorithm.children()?.get(1), &key)?,
            _ => {
                // `[1]`, implicit.
                let public = rest.iter().find(|field| field.tag == 0x81);
                let public = public.and_then(|field| field.contents.split_first());
                Self {
                    kind: algorithm::name(&oid),
                    is_used: oid == ED25519,
                    public: public.map(|(_unused, bits)| bits.to_vec()),
                    secret: key.into_owned().into(),
                    curve: None,
                }
            }
        };
        Some((oid, facts))
    }

    fn rsa(der: &[u8]) -> Option<Self> {
        let (key, _) = Element::split(der)?;
        let fields = key.children()?;
        let [version, modulus, exponent, _, _, _, _, _, _, ..] = &fields[..] else {
            return None;
        };
        let digits = modulus.contents.iter().position(|byte| *byte != 0)?;
        let digits = &modulus.contents[digits..];
        let bits = digits.len() * 8 - digits.first()?.leading_zeros() as usize;
        let exponent_value = exponent.integer()?;
        let (kind, is_used) = if version.integer()? != 0 {
            ("RSA with more than two primes".to_owned(), false)
        } else if exponent_value < 65_537 {
            (
                format!("RSA with the public exponent {exponent_value}"),
                false,
            )
        } else {
            let is_used = matches!(bits, 2048 | 3072 | 4096);
            (format!("RSA of {bits} bits"), is_used)
        };
        Some(Self {
            kind,
            is_used,
            public: Some(write(SEQUENCE, &[modulus.whole, exponent.whole])),
            secret: key.whole.to_vec().into(),
            curve: None,
        })
    }

    /// `curve` stands in PKCS#8 outside of the key; else it is in `[0]`.
    fn ec(curve: Option<&Element<'_>>, der: &[u8]) -> Option<Self> {
        let fields = Element::split(der)?.0.children()?;
        let [_version, secret, rest @ ..] = &fields[..] else {
            return None;
        };
        let explicit = |tag| {
            let field = rest.iter().find(|field| field.tag == tag)?;
            Some(Element::split(field.contents)?.0)
        };
        let curve = match curve {
            Some(curve) => *curve,
            None => explicit(EXPLICIT_0)?,
        };
        let oid = match curve.tag {
            OBJECT_IDENTIFIER => Some(curve.oid()?),
            _ => None,
        };
        let curve = CURVES.iter().find(|it| Some(it.oid) == oid.as_deref());
        let secret = secret.octets()?;
        let zeros = secret.iter().take_while(|byte| **byte == 0).count();
        let name = oid.as_deref().map(algorithm::name);
        Some(Self {
            kind: format!(
                "ECDSA on {}",
                name.as_deref().unwrap_or("a curve without a name")
            ),
            is_used: curve.is_some(),
            public: explicit(EXPLICIT_1).and_then(|field| field.bits().map(<[u8]>::to_vec)),
            secret: secret[zeros..].to_vec().into(),
            curve,
        })
    }
}
