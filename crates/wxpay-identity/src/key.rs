//! Private keys, read without a crypto provider.

use zeroize::Zeroizing;

use crate::{
    IdentityError, Part,
    der::{
        BIT_STRING, EXPLICIT_0, EXPLICIT_1, Element, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING,
        SEQUENCE, write,
    },
    error::{EC, ED25519, P256, P384, RSA, Result, algorithm_name},
    leaf::PublicKey,
};

/// A private key in PKCS#8, with the properties that can be read from it.
pub(crate) struct Key {
    der: Zeroizing<Vec<u8>>,
    /// An object identifier.
    algorithm: String,
    /// The kind as messages name it.
    pub(crate) kind: String,
    /// True if keys of this kind are supported.
    pub(crate) is_used: bool,
    /// The public half, as the bit string of a certificate has it.
    pub(crate) public: Option<Vec<u8>>,
    /// The bytes that are equal in all encodings of one key.
    secret: Zeroizing<Vec<u8>>,
    curve: Option<Curve>,
}

/// The supported curves: the identifier, the identifier in DER, and the length of a coordinate in
/// bytes.
const CURVES: [Curve; 2] = [
    (P256, b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 32),
    (P384, b"\x06\x05\x2b\x81\x04\x00\x22", 48),
];
type Curve = (&'static str, &'static [u8], usize);
/// [`EC`] in DER, and [`RSA`] with its parameters.
const EC_DER: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01";
const RSA_DER: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\0";

/// Writes a key of this algorithm in PKCS#8.
fn pkcs8(algorithm: &[&[u8]], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let (algorithm, key) = (write(SEQUENCE, algorithm), write(OCTET_STRING, &[key]));
    write(SEQUENCE, &[&[INTEGER, 1, 0], &algorithm, &key])
}

impl Key {
    pub(crate) fn from_pkcs1(der: &[u8]) -> Result<Self> {
        Self::from_pkcs8(pkcs8(&[RSA_DER], der), Part::PrivateKey)
    }

    pub(crate) fn from_sec1(der: &[u8]) -> Result<Self> {
        let key = Element::first(der, Part::PrivateKey)?;
        let curve = key.find(EXPLICIT_0)?.ok_or_else(|| key.damaged())?;
        Self::from_pkcs8(pkcs8(&[EC_DER, curve.contents], der), Part::PrivateKey)
    }

    pub(crate) fn from_pkcs8(der: Zeroizing<Vec<u8>>, part: Part) -> Result<Self> {
        let info = Element::first(&der, part)?;
        let [_version, algorithm, key] = info.head()?;
        let (oid, secret) = (algorithm.oid()?, Zeroizing::new(key.octets()?.into_owned()));
        // `[1]`, implicit.
        let public = info.find(0x81)?;
        let mut parsed = Self {
            kind: algorithm_name(&oid),
            is_used: oid == ED25519,
            public: public.and_then(|field| Some(field.contents.get(1..)?.to_vec())),
            der: Zeroizing::default(),
            algorithm: oid,
            secret,
            curve: None,
        };
        match parsed.algorithm.as_str() {
            RSA => parsed.add_rsa(part)?,
            EC => parsed.add_ec(&algorithm.head::<2>()?[1], part)?,
            _ => {}
        }
        Ok(Self { der, ..parsed })
    }

    /// Adds the properties of an `RSAPrivateKey`.
    fn add_rsa(&mut self, part: Part) -> Result<()> {
        let key = Element::first(&self.secret, part)?;
        let [version, modulus, exponent, _, _, _, _, _, _] = key.head()?;
        let [first, rest @ ..] = significant(&modulus) else {
            return Err(key.damaged());
        };
        let bits = rest.len() * 8 + first.ilog2() as usize + 1;
        self.kind = match (version.integer()?, exponent.integer()?) {
            (0, 65_537..) => {
                self.is_used = matches!(bits, 2048 | 3072 | 4096);
                format!("RSA of {bits} bits")
            }
            (0, exponent) => format!("RSA with the public exponent {exponent}"),
            _ => "RSA with more than two primes".to_owned(),
        };
        self.public = Some(write(SEQUENCE, &[modulus.whole, exponent.whole]).to_vec());
        Ok(())
    }

    /// Adds the properties of an `ECPrivateKey`.
    fn add_ec(&mut self, curve: &Element<'_>, part: Part) -> Result<()> {
        let key = Element::first(&self.secret, part)?;
        let [_version, secret] = key.head()?;
        let oid = match curve.tag {
            OBJECT_IDENTIFIER => curve.oid()?,
            _ => "a curve without a name".to_owned(),
        };
        let public = key.find(EXPLICIT_1)?;
        let public = public.map(|field| field.explicit()?.bits().map(<[u8]>::to_vec));
        let secret = Zeroizing::new(significant(&secret).to_vec());
        self.public = public.transpose()?;
        self.kind = format!("ECDSA on {}", algorithm_name(&oid));
        self.curve = CURVES.into_iter().find(|curve| curve.0 == oid);
        self.is_used = self.curve.is_some();
        self.secret = secret;
        Ok(())
    }

    /// The only one of these keys, which a file may contain several times.
    pub(crate) fn single(keys: Vec<Self>, part: Part) -> Result<Option<Self>> {
        let same = |one: &Self, other: &Self| {
            one.algorithm == other.algorithm && one.secret == other.secret
        };
        match keys.windows(2).all(|two| same(&two[0], &two[1])) {
            true => Ok(keys.into_iter().next()),
            false => Err(IdentityError::SeveralKeys(part)),
        }
    }

    /// The key in PKCS#8 with its public half, if it may belong to a certificate with this public
    /// key. An elliptic key without a public half gets the certificate's, and the provider checks
    /// that they fit.
    pub(crate) fn with_public_half(&self, other: &PublicKey) -> Option<Zeroizing<Vec<u8>>> {
        let Some((curve, curve_der, length)) = self.curve else {
            let fits = match &self.public {
                Some(public) => *public == other.bits,
                None => self.algorithm == other.algorithm,
            };
            return fits.then(|| self.der.clone());
        };
        let fits = match self.public.as_deref() {
            None => true,
            // A compressed point: the parity of the second coordinate, and the first coordinate.
            Some([parity @ (2 | 3), x @ ..]) => {
                other.bits.get(1..=length) == Some(x)
                    && other.bits.last().is_some_and(|last| last & 1 == parity & 1)
            }
            Some(public) => public == other.bits,
        };
        if !fits || other.curve.as_deref() != Some(curve) {
            return None;
        }
        let zeros = vec![0; length.checked_sub(self.secret.len())?];
        let secret = write(OCTET_STRING, &[&zeros, &self.secret]);
        let public = write(EXPLICIT_1, &[&write(BIT_STRING, &[&[0], &other.bits])]);
        let key = write(SEQUENCE, &[&[INTEGER, 1, 1], &secret, &public]);
        Some(pkcs8(&[EC_DER, curve_der], &key))
    }
}

/// The bytes of a number without leading zeros.
fn significant<'a>(number: &Element<'a>) -> &'a [u8] {
    let zeros = number.contents.iter().take_while(|byte| **byte == 0);
    &number.contents[zeros.count()..]
}
