//! Private keys, as far as they can be read without a crypto provider.

use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::{
    algorithm::{self, EC, ED25519, RSA},
    der::{
        BIT_STRING, EXPLICIT_0, EXPLICIT_1, Element, INTEGER, Malformed, OBJECT_IDENTIFIER,
        OCTET_STRING, SEQUENCE, write,
    },
    leaf::PublicKey,
};

/// A private key and what it says of itself.
pub(crate) struct Key {
    pub(crate) der: Zeroizing<PrivateKeyDer<'static>>,
    pub(crate) facts: Facts,
}

pub(crate) struct Facts {
    /// What it is, for people.
    pub(crate) kind: String,
    /// Whether ring uses keys of its kind.
    pub(crate) is_used: bool,
    /// The public half, as the bit string of a certificate has it.
    pub(crate) public: Option<Vec<u8>>,
    /// What is the same in all forms of this key.
    secret: Zeroizing<Vec<u8>>,
    /// The object identifier of its algorithm.
    algorithm: String,
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
/// [`EC`] in DER.
const EC_DER: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01";

impl Key {
    /// Reads PKCS#8, PKCS#1 or SEC1, whatever the algorithm.
    pub(crate) fn parse(der: PrivateKeyDer<'static>) -> Result<Self, Malformed> {
        let facts = match &der {
            PrivateKeyDer::Pkcs1(key) => Facts::rsa(key.secret_pkcs1_der()),
            PrivateKeyDer::Sec1(key) => Facts::ec(None, key.secret_sec1_der()),
            _ => Facts::pkcs8(der.secret_der()),
        };
        let der = Zeroizing::new(der);
        Ok(Self { der, facts: facts? })
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let (one, other) = (&self.facts, &other.facts);
        one.algorithm == other.algorithm && one.secret == other.secret
    }

    /// The key in a form that providers read, if it may belong to a certificate of this public key.
    ///
    /// A key of an elliptic curve may lack its public half: it is given the certificate's then, and the
    /// provider finds out whether the halves fit.
    pub(crate) fn with_public_half(&self, other: &PublicKey) -> Option<PrivateKeyDer<'static>> {
        let Facts {
            public,
            secret,
            algorithm,
            curve,
            ..
        } = &self.facts;
        let Some(curve) = curve else {
            let fits = match public {
                Some(public) => *public == other.bits,
                None => *algorithm == other.algorithm,
            };
            return fits.then(|| self.der.clone_key());
        };
        let fits = match public.as_deref() {
            None => true,
            // Compressed: whether the second coordinate is odd, and the first one.
            Some([parity @ (2 | 3), x @ ..]) => {
                other.bits.get(1..=curve.length) == Some(x)
                    && other.bits.last().is_some_and(|last| last & 1 == parity & 1)
            }
            Some(public) => public == other.bits,
        };
        if !fits || other.curve.as_deref() != Some(curve.oid) {
            return None;
        }
        let zeros = vec![0; curve.length.checked_sub(secret.len())?];
        let secret = Zeroizing::new(write(OCTET_STRING, &[&zeros, secret]));
        let public = write(EXPLICIT_1, &[&write(BIT_STRING, &[&[0], &other.bits])]);
        let sec1 = Zeroizing::new(write(SEQUENCE, &[&[INTEGER, 1, 1], &secret, &public]));
        let algorithm = write(SEQUENCE, &[EC_DER, curve.der]);
        let key = Zeroizing::new(write(OCTET_STRING, &[&sec1]));
        let pkcs8 = write(SEQUENCE, &[&[INTEGER, 1, 0], &algorithm, &key]);
        Some(PrivatePkcs8KeyDer::from(pkcs8).into())
    }
}

impl Facts {
    fn pkcs8(der: &[u8]) -> Result<Self, Malformed> {
        let fields = Element::first(der)?.children()?;
        let [_version, algorithm, key, rest @ ..] = &fields[..] else {
            return Err(Malformed);
        };
        let (oid, key) = (algorithm.oid()?, key.octets()?);
        match oid.as_str() {
            RSA => return Self::rsa(&key),
            EC => return Self::ec(algorithm.children()?.get(1), &key),
            _ => {}
        }
        // `[1]`, implicit.
        let public = rest.iter().find(|field| field.tag == 0x81);
        let public = public.and_then(|field| field.contents.split_first());
        Ok(Self {
            kind: algorithm::name(&oid),
            is_used: oid == ED25519,
            public: public.map(|(_unused, bits)| bits.to_vec()),
            secret: key.into_owned().into(),
            algorithm: oid,
            curve: None,
        })
    }

    fn rsa(der: &[u8]) -> Result<Self, Malformed> {
        let key = Element::first(der)?;
        let fields = key.children()?;
        let [version, modulus, exponent, _, _, _, _, _, _, ..] = &fields[..] else {
            return Err(Malformed);
        };
        let zeros = modulus.contents.iter().take_while(|byte| **byte == 0);
        let [first, rest @ ..] = &modulus.contents[zeros.count()..] else {
            return Err(Malformed);
        };
        let bits = rest.len() * 8 + first.ilog2() as usize + 1;
        let (kind, is_used) = match (version.integer()?, exponent.integer()?) {
            (0, 65_537..) => (
                format!("RSA of {bits} bits"),
                matches!(bits, 2048 | 3072 | 4096),
            ),
            (0, exponent) => (format!("RSA with the public exponent {exponent}"), false),
            _ => ("RSA with more than two primes".to_owned(), false),
        };
        Ok(Self {
            kind,
            is_used,
            public: Some(write(SEQUENCE, &[modulus.whole, exponent.whole])),
            secret: key.whole.to_vec().into(),
            algorithm: RSA.to_owned(),
            curve: None,
        })
    }

    /// The curve stands in PKCS#8 outside of the key; else it is in `[0]`.
    fn ec(curve: Option<&Element<'_>>, der: &[u8]) -> Result<Self, Malformed> {
        let fields = Element::first(der)?.children()?;
        let [_version, secret, rest @ ..] = &fields[..] else {
            return Err(Malformed);
        };
        let tagged = |tag| {
            let field = rest.iter().find(|field| field.tag == tag)?;
            field.explicit().ok()
        };
        let curve = curve
            .copied()
            .or_else(|| tagged(EXPLICIT_0))
            .ok_or(Malformed)?;
        let oid = match curve.tag {
            OBJECT_IDENTIFIER => curve.oid()?,
            _ => "a curve without a name".to_owned(),
        };
        let curve = CURVES.iter().find(|it| it.oid == oid);
        let secret = secret.octets()?;
        let zeros = secret.iter().take_while(|byte| **byte == 0).count();
        let public = tagged(EXPLICIT_1).map(|field| field.bits().map(<[u8]>::to_vec));
        Ok(Self {
            kind: format!("ECDSA on {}", algorithm::name(&oid)),
            is_used: curve.is_some(),
            public: public.transpose()?,
            secret: secret[zeros..].to_vec().into(),
            algorithm: EC.to_owned(),
            curve,
        })
    }
}
