//! Certificates and a key out of PKCS#12 (RFC 7292), as far as it is used with passwords.

use std::borrow::Cow;

use cbc::cipher::KeyInit;
use des::{TdesEde2, TdesEde3};
use hmac::{EagerHash, Hmac, Mac as _};
use rc2::Rc2;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use sha1::Sha1;
use sha2::{
    Digest, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256,
    digest::block_api::BlockSizeUser,
};
use zeroize::Zeroizing;

use crate::{
    Form, IdentityError, Part, algorithm,
    der::{Element, SEQUENCE},
    encrypted::{Budget, Decrypt, PBES2, Pbes2, cbc, rounds_cost},
    key::Key,
};

const DATA: &str = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA: &str = "1.2.840.113549.1.7.6";
const KEY_BAG: &str = "1.2.840.113549.1.12.10.1.1";
const SHROUDED_KEY_BAG: &str = "1.2.840.113549.1.12.10.1.2";
const CERTIFICATE_BAG: &str = "1.2.840.113549.1.12.10.1.3";
const X509_CERTIFICATE: &str = "1.2.840.113549.1.9.22.1";

const DAMAGED: IdentityError = IdentityError::Damaged { part: Part::Pkcs12 };
const WRONG_PASSWORD: IdentityError = IdentityError::WrongPassword { part: Part::Pkcs12 };

fn unsupported(oid: &str) -> IdentityError {
    IdentityError::UnsupportedEncryption {
        part: Part::Pkcs12,
        algorithm: algorithm::name(oid),
    }
}

/// The certificates in the file's order, and the one key.
///
/// All costs that can be seen are spent before anything is derived, and nothing of the contents is
/// believed before the MAC has held.
pub(crate) fn read(
    bytes: &[u8],
    password: &str,
) -> Result<(Vec<CertificateDer<'static>>, Key), IdentityError> {
    match Form::of(bytes) {
        Form::Pkcs12 => {}
        Form::Unknown if bytes.first() == Some(&SEQUENCE) => return Err(DAMAGED),
        found => {
            let wanted = Part::Pkcs12;
            return Err(IdentityError::WrongForm { wanted, found });
        }
    }
    // What is behind the first element, such as the eight zeros of Windows, means nothing.
    let (pfx, _) = Element::split(bytes).ok_or(DAMAGED)?;
    let fields = pfx.children().ok_or(DAMAGED)?;
    let [_version, safe, mac @ ..] = &fields[..] else {
        return Err(DAMAGED);
    };
    let (kind, contents) = content_info(safe)?;
    if kind != DATA {
        return Err(unsupported(&kind));
    }
    let contents = contents.octets().ok_or(DAMAGED)?;
    let mac = MacData::parse(mac.first().ok_or(IdentityError::NoMac)?)?;
    let passwords = Password::candidates(password);
    let mut budget = Budget::new(Part::Pkcs12);
    budget.spend(rounds_cost(mac.rounds, passwords.len() as u64))?;
    let safes = authenticated_safe(&contents)?;
    safes.iter().try_for_each(|safe| safe.spend(&mut budget))?;
    let password = passwords.iter().find(|it| mac.holds(it, &contents));
    let password = password.ok_or(WRONG_PASSWORD)?;

    let (mut chain, mut keys) = (Vec::new(), Vec::new());
    for safe in safes {
        let plain;
        let bags = match safe {
            Safe::Bags(bags) => bags,
            Safe::Encrypted(scheme, data) => {
                plain = scheme.decrypt(password, &data)?;
                let bags = bags(&plain)?;
                bags.iter().try_for_each(|bag| bag.spend(&mut budget))?;
                bags
            }
        };
        for bag in bags {
            let key = match bag {
                Bag::Certificate(der) => {
                    chain.push(CertificateDer::from(der));
                    continue;
                }
                Bag::Key(der) => der,
                Bag::Shrouded(scheme, data) => scheme.decrypt(password, &data)?,
            };
            let der = PrivatePkcs8KeyDer::from(key.to_vec());
            let key = Key::parse(der.into()).ok_or(DAMAGED)?;
            if !keys.iter().any(|it: &Key| it.is_same(&key)) {
                keys.push(key);
            }
        }
    }
    let part = Part::Pkcs12;
    match (keys.pop(), keys.is_empty()) {
        (None, _) => Err(IdentityError::Missing {
            part: Part::PrivateKey,
        }),
        (Some(_), false) => Err(IdentityError::SeveralKeys { part }),
        (Some(_), true) if chain.is_empty() => Err(IdentityError::Missing {
            part: Part::Certificate,
        }),
        (Some(key), true) => Ok((chain, key)),
    }
}

/// The kind of a `ContentInfo`, and what is in its `[0]`.
fn content_info<'a>(info: &Element<'a>) -> Result<(String, Element<'a>), IdentityError> {
    let fields = info.children().ok_or(DAMAGED)?;
    let [kind, content] = &fields[..] else {
        return Err(DAMAGED);
    };
    let (content, _) = Element::split(content.contents).ok_or(DAMAGED)?;
    Ok((kind.oid().ok_or(DAMAGED)?, content))
}

enum Safe {
    Bags(Vec<Bag>),
    Encrypted(Scheme, Vec<u8>),
}

enum Bag {
    Certificate(Vec<u8>),
    Key(Zeroizing<Vec<u8>>),
    Shrouded(Scheme, Vec<u8>),
}

impl Safe {
    /// Spends the cost of everything in it that can be seen.
    fn spend(&self, budget: &mut Budget) -> Result<(), IdentityError> {
        match self {
            Self::Bags(bags) => bags.iter().try_for_each(|bag| bag.spend(budget)),
            Self::Encrypted(scheme, _) => budget.spend(scheme.cost()),
        }
    }
}

impl Bag {
    fn spend(&self, budget: &mut Budget) -> Result<(), IdentityError> {
        match self {
            Self::Shrouded(scheme, _) => budget.spend(scheme.cost()),
            Self::Certificate(_) | Self::Key(_) => Ok(()),
        }
    }
}

fn authenticated_safe(contents: &[u8]) -> Result<Vec<Safe>, IdentityError> {
    let (infos, _) = Element::split(contents).ok_or(DAMAGED)?;
    let infos = infos.children().ok_or(DAMAGED)?;
    infos
        .iter()
        .map(|info| {
            let (kind, content) = content_info(info)?;
            match kind.as_str() {
                DATA => bags(&content.octets().ok_or(DAMAGED)?).map(Safe::Bags),
                ENCRYPTED_DATA => {
                    let fields = content.children().ok_or(DAMAGED)?;
                    let info = fields.get(1).and_then(Element::children).ok_or(DAMAGED)?;
                    let [_kind, algorithm, data] = &info[..] else {
                        return Err(DAMAGED);
                    };
                    let data = data.octets().ok_or(DAMAGED)?.into_owned();
                    Ok(Safe::Encrypted(Scheme::parse(algorithm)?, data))
                }
                _ => Err(unsupported(&kind)),
            }
        })
        .collect()
}

/// The bags of `SafeContents`; revocation lists, secrets and the like are passed over.
fn bags(contents: &[u8]) -> Result<Vec<Bag>, IdentityError> {
    let (contents, _) = Element::split(contents).ok_or(DAMAGED)?;
    let mut bags = Vec::new();
    for bag in contents.children().ok_or(DAMAGED)? {
        let fields = bag.children().ok_or(DAMAGED)?;
        let [kind, value, ..] = &fields[..] else {
            return Err(DAMAGED);
        };
        let (value, _) = Element::split(value.contents).ok_or(DAMAGED)?;
        match kind.oid().ok_or(DAMAGED)?.as_str() {
            KEY_BAG => bags.push(Bag::Key(value.whole.to_vec().into())),
            SHROUDED_KEY_BAG => {
                let fields = value.children().ok_or(DAMAGED)?;
                let [algorithm, data] = &fields[..] else {
                    return Err(DAMAGED);
                };
                let data = data.octets().ok_or(DAMAGED)?.into_owned();
                bags.push(Bag::Shrouded(Scheme::parse(algorithm)?, data));
            }
            CERTIFICATE_BAG => {
                let (kind, certificate) = content_info(&value)?;
                if kind == X509_CERTIFICATE {
                    let der = certificate.octets().ok_or(DAMAGED)?;
                    bags.push(Bag::Certificate(der.into_owned()));
                }
            }
            _ => {}
        }
    }
    Ok(bags)
}

/// A password in the two forms that the schemes want.
struct Password<'a> {
    utf8: &'a str,
    /// UTF-16 and a zero, for the scheme of PKCS#12's own; without the zero for *no* password.
    utf16: Zeroizing<Vec<u8>>,
}

impl<'a> Password<'a> {
    /// An empty password stands also for none, which is another key.
    fn candidates(utf8: &'a str) -> Vec<Self> {
        let units = utf8.encode_utf16().chain([0]);
        let utf16 = Zeroizing::new(units.flat_map(u16::to_be_bytes).collect());
        let mut candidates = vec![Self { utf8, utf16 }];
        if utf8.is_empty() {
            let utf16 = Zeroizing::default();
            candidates.push(Self { utf8, utf16 });
        }
        candidates
    }
}

struct MacData<'a> {
    holds: fn(&MacData<'_>, &Password<'_>, &[u8]) -> bool,
    digest: Cow<'a, [u8]>,
    salt: Cow<'a, [u8]>,
    rounds: u64,
}

impl<'a> MacData<'a> {
    fn parse(element: &Element<'a>) -> Result<Self, IdentityError> {
        let fields = element.children().ok_or(DAMAGED)?;
        let (info, salt, rounds) = match &fields[..] {
            [info, salt] => (info, salt, 1),
            [info, salt, rounds] => (info, salt, rounds.integer().unwrap_or(0)),
            _ => return Err(DAMAGED),
        };
        let info = info.children().ok_or(DAMAGED)?;
        let [algorithm, digest] = &info[..] else {
            return Err(DAMAGED);
        };
        if rounds == 0 {
            return Err(DAMAGED);
        }
        let algorithm = algorithm.oid().ok_or(DAMAGED)?;
        let holds = match algorithm.as_str() {
            "1.3.14.3.2.26" => Self::holds_by::<Sha1>,
            "2.16.840.1.101.3.4.2.4" => Self::holds_by::<Sha224>,
            "2.16.840.1.101.3.4.2.1" => Self::holds_by::<Sha256>,
            "2.16.840.1.101.3.4.2.2" => Self::holds_by::<Sha384>,
            "2.16.840.1.101.3.4.2.3" => Self::holds_by::<Sha512>,
            "2.16.840.1.101.3.4.2.5" => Self::holds_by::<Sha512_224>,
            "2.16.840.1.101.3.4.2.6" => Self::holds_by::<Sha512_256>,
            _ => return Err(unsupported(&algorithm)),
        };
        Ok(Self {
            holds,
            digest: digest.octets().ok_or(DAMAGED)?,
            salt: salt.octets().ok_or(DAMAGED)?,
            rounds,
        })
    }

    fn holds(&self, password: &Password<'_>, contents: &[u8]) -> bool {
        (self.holds)(self, password, contents)
    }

    fn holds_by<D: EagerHash + BlockSizeUser>(
        mac: &MacData<'_>,
        password: &Password<'_>,
        contents: &[u8],
    ) -> bool {
        let length = <D as Digest>::output_size();
        let key = derive::<D>(3, &password.utf16, &mac.salt, mac.rounds, length);
        let hmac = <Hmac<D> as KeyInit>::new_from_slice(&key);
        hmac.is_ok_and(|hmac| {
            hmac.chain_update(contents)
                .verify_slice(&mac.digest)
                .is_ok()
        })
    }
}

/// How a password encrypts a bag.
enum Scheme {
    Pbes2(Pbes2),
    /// PKCS#12's own, with SHA-1.
    Pbes1 {
        key_length: usize,
        salt: Vec<u8>,
        rounds: u64,
        cipher: Decrypt,
    },
}

impl Scheme {
    fn parse(algorithm: &Element<'_>) -> Result<Self, IdentityError> {
        let oid = algorithm.oid().ok_or(DAMAGED)?;
        let fields = algorithm.children().ok_or(DAMAGED)?;
        let params = fields.get(1).ok_or(DAMAGED)?;
        let (key_length, cipher): (_, Decrypt) = match oid.as_str() {
            PBES2 => return Pbes2::parse(params, Part::Pkcs12).map(Self::Pbes2),
            "1.2.840.113549.1.12.1.3" => (24, cbc::<TdesEde3>),
            "1.2.840.113549.1.12.1.4" => (16, cbc::<TdesEde2>),
            "1.2.840.113549.1.12.1.5" => (16, cbc::<Rc2>),
            "1.2.840.113549.1.12.1.6" => (5, cbc::<Rc2>),
            _ => return Err(unsupported(&oid)),
        };
        let fields = params.children().ok_or(DAMAGED)?;
        let [salt, rounds] = &fields[..] else {
            return Err(DAMAGED);
        };
        let rounds = rounds.integer().filter(|rounds| *rounds > 0);
        Ok(Self::Pbes1 {
            key_length,
            salt: salt.octets().ok_or(DAMAGED)?.into_owned(),
            rounds: rounds.ok_or(DAMAGED)?,
            cipher,
        })
    }

    fn cost(&self) -> u64 {
        match self {
            Self::Pbes2(scheme) => scheme.cost(),
            // The key and the initialisation vector.
            Self::Pbes1 {
                key_length, rounds, ..
            } => rounds_cost(*rounds, key_length.div_ceil(20) as u64 + 1),
        }
    }

    fn decrypt(
        &self,
        password: &Password<'_>,
        data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
        let plain = match self {
            Self::Pbes2(scheme) => scheme.decrypt(password.utf8.as_bytes(), data),
            Self::Pbes1 {
                key_length,
                salt,
                rounds,
                cipher,
            } => {
                let derive =
                    |id, length| derive::<Sha1>(id, &password.utf16, salt, *rounds, length);
                cipher(&derive(1, *key_length), &derive(2, 8), data)
            }
        };
        // The MAC has held: the bag has another password than the file.
        plain.ok_or(WRONG_PASSWORD)
    }
}

/// RFC 7292, appendix B.2: `id` is 1 for a key, 2 for an initialisation vector, 3 for a MAC's key.
fn derive<D: Digest + BlockSizeUser>(
    id: u8,
    password: &[u8],
    salt: &[u8],
    rounds: u64,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = D::block_size();
    let fill = |bytes: &[u8]| {
        let length = bytes.len().div_ceil(block) * block;
        bytes
            .iter()
            .copied()
            .cycle()
            .take(length)
            .collect::<Vec<u8>>()
    };
    let mut input = Zeroizing::new([fill(salt), fill(password)].concat());
    let mut output = Zeroizing::new(Vec::new());
    loop {
        let mut hash = D::new_with_prefix(vec![id; block])
            .chain_update(&*input)
            .finalize();
        for _ in 1..rounds {
            hash = D::digest(&hash);
        }
        output.extend_from_slice(&hash);
        if output.len() >= length {
            output.truncate(length);
            return output;
        }
        // Each block of the input, as a number, grows by the filled hash and one.
        let sum: Vec<u8> = hash.iter().copied().cycle().take(block).collect();
        for chunk in input.chunks_mut(block) {
            let mut carry = 1_u16;
            for (byte, more) in chunk.iter_mut().zip(&sum).rev() {
                carry += u16::from(*byte) + u16::from(*more);
                *byte = carry as u8;
                carry >>= 8;
            }
        }
    }
}
