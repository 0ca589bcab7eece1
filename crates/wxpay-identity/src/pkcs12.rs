//! PKCS#12 files (RFC 7292) with a password.

use cbc::cipher::KeyInit;
use des::{TdesEde2, TdesEde3};
use hmac::{EagerHash, Hmac, Mac as _};
use rc2::Rc2;
use sha1::Sha1;
use sha2::{
    Digest, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256,
    digest::block_api::BlockSizeUser,
};
use zeroize::Zeroizing;

use crate::{
    IdentityError, Part,
    der::Element,
    encrypted::{Budget, Cipher, PBES2, Scheme, cbc, pbes2, positive, rounds_cost},
    error::Result,
    key::Key,
};

const DATA: &str = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA: &str = "1.2.840.113549.1.7.6";
const KEY_BAG: &str = "1.2.840.113549.1.12.10.1.1";
const SHROUDED_KEY_BAG: &str = "1.2.840.113549.1.12.10.1.2";
const CERTIFICATE_BAG: &str = "1.2.840.113549.1.12.10.1.3";
const X509_CERTIFICATE: &str = "1.2.840.113549.1.9.22.1";

const PART: Part = Part::Pkcs12;

/// The certificates in the file's order, and the key.
///
/// The known costs are bounded before the first derivation, and nothing is used before the MAC has
/// been verified.
pub(crate) fn read(bytes: &[u8], password: &str) -> Result<(Vec<Vec<u8>>, Key)> {
    // Bytes behind the first element, such as Windows' eight zeros, are ignored.
    let file = Element::first(bytes, PART)?;
    let [_version, safe] = file.head()?;
    let (kind, contents) = content_info(&safe)?;
    if kind != DATA {
        return safe.unsupported(&kind);
    }
    let contents = contents.octets()?;
    let mac = file.children()?.get(2).copied();
    let (cost, verify) = mac_data(&mac.ok_or(IdentityError::NoMac)?)?;
    let (mut bags, mut safes) = (Vec::new(), Vec::new());
    for safe in authenticated_safe(&contents)? {
        match safe.scheme {
            None => bags.extend(safe_contents(&safe.data)?),
            Some(_) => safes.push(safe),
        }
    }
    // An empty password also means no password, which gives another key.
    let passwords = &[Some(password), None][..if password.is_empty() { 2 } else { 1 }];
    let mut budget = Budget::new(PART);
    passwords.iter().try_for_each(|_| budget.spend(cost))?;
    let mut all = bags.iter().chain(&safes);
    all.try_for_each(|sealed| budget.spend(sealed.cost()))?;

    let mut passwords = passwords.iter().copied();
    let password = passwords.find(|password| verify(&contents, *password));
    let password = password.ok_or(IdentityError::WrongPassword(PART))?;
    for safe in safes {
        for bag in safe_contents(&safe.open(password)?)? {
            budget.spend(bag.cost())?;
            bags.push(bag);
        }
    }
    let (mut chain, mut keys) = (Vec::new(), Vec::new());
    for bag in bags {
        let is_key = bag.is_key;
        let der = bag.open(password)?;
        if is_key {
            keys.push(Key::from_pkcs8(der, PART)?);
        } else if !chain.contains(&*der) {
            chain.push(der.to_vec());
        }
    }
    let key = Key::single(keys, PART)?;
    let key = key.ok_or(IdentityError::Missing(Part::PrivateKey))?;
    if chain.is_empty() {
        return Err(IdentityError::Missing(Part::Certificate));
    }
    Ok((chain, key))
}

/// A certificate, a key or a safe of them, perhaps encrypted.
struct Sealed {
    is_key: bool,
    scheme: Option<Scheme>,
    data: Zeroizing<Vec<u8>>,
}

impl Sealed {
    fn new(is_key: bool, scheme: Option<Scheme>, data: &[u8]) -> Self {
        let data = Zeroizing::new(data.to_vec());
        Self {
            is_key,
            scheme,
            data,
        }
    }

    fn cost(&self) -> u64 {
        self.scheme.as_ref().map_or(0, |scheme| scheme.cost)
    }

    fn open(self, password: Option<&str>) -> Result<Zeroizing<Vec<u8>>> {
        let Some(scheme) = self.scheme else {
            return Ok(self.data);
        };
        // The MAC was right: this part has another password than the file.
        (scheme.decrypt)(password, &self.data).ok_or(IdentityError::WrongPassword(PART))
    }
}

/// The kind of a `ContentInfo`, and what is in its `[0]`.
fn content_info<'a>(info: &Element<'a>) -> Result<(String, Element<'a>)> {
    let [kind, content] = info.fields()?;
    Ok((kind.oid()?, content.explicit()?))
}

fn authenticated_safe(contents: &[u8]) -> Result<Vec<Sealed>> {
    let infos = Element::first(contents, PART)?.children()?;
    let safes = infos.iter().map(|info| {
        let (kind, content) = content_info(info)?;
        match kind.as_str() {
            DATA => Ok(Sealed::new(false, None, &content.octets()?)),
            ENCRYPTED_DATA => {
                let [_version, info] = content.fields()?;
                let [_kind, algorithm, data] = info.fields()?;
                let scheme = scheme(&algorithm)?;
                Ok(Sealed::new(false, Some(scheme), &data.octets()?))
            }
            _ => info.unsupported(&kind),
        }
    });
    safes.collect()
}

/// Keys and certificates; other bags, such as revocation lists, are ignored.
fn safe_contents(contents: &[u8]) -> Result<Vec<Sealed>> {
    let mut bags = Vec::new();
    for bag in Element::first(contents, PART)?.children()? {
        let [kind, value] = bag.head()?;
        let value = value.explicit()?;
        match kind.oid()?.as_str() {
            KEY_BAG => bags.push(Sealed::new(true, None, value.whole)),
            SHROUDED_KEY_BAG => {
                let [algorithm, data] = value.fields()?;
                let scheme = scheme(&algorithm)?;
                bags.push(Sealed::new(true, Some(scheme), &data.octets()?));
            }
            CERTIFICATE_BAG => {
                let (kind, certificate) = content_info(&value)?;
                if kind == X509_CERTIFICATE {
                    bags.push(Sealed::new(false, None, &certificate.octets()?));
                }
            }
            _ => {}
        }
    }
    Ok(bags)
}

/// Returns true if the MAC of these contents is right with this password.
type Verify = Box<dyn Fn(&[u8], Option<&str>) -> bool>;

/// The cost of a `MacData`, and its verification.
fn mac_data(element: &Element<'_>) -> Result<(u64, Verify)> {
    let fields = element.children()?;
    let (info, salt, rounds) = match &fields[..] {
        [info, salt] => (info, salt.octets()?.into_owned(), 1),
        [info, salt, rounds] => (info, salt.octets()?.into_owned(), positive(rounds)?),
        _ => return Err(element.damaged()),
    };
    let [algorithm, digest] = info.fields()?;
    let (name, digest) = (algorithm.oid()?, digest.octets()?.into_owned());
    let verify = match name.as_str() {
        "1.3.14.3.2.26" => verify::<Sha1>,
        "2.16.840.1.101.3.4.2.4" => verify::<Sha224>,
        "2.16.840.1.101.3.4.2.1" => verify::<Sha256>,
        "2.16.840.1.101.3.4.2.2" => verify::<Sha384>,
        "2.16.840.1.101.3.4.2.3" => verify::<Sha512>,
        "2.16.840.1.101.3.4.2.5" => verify::<Sha512_224>,
        "2.16.840.1.101.3.4.2.6" => verify::<Sha512_256>,
        _ => return info.unsupported(&name),
    };
    let verify = move |contents: &[u8], password: Option<&str>| {
        verify(contents, password, &salt, rounds, &digest)
    };
    Ok((rounds_cost(rounds, 1), Box::new(verify)))
}

fn verify<D: EagerHash>(
    contents: &[u8],
    password: Option<&str>,
    salt: &[u8],
    rounds: u64,
    digest: &[u8],
) -> bool {
    let key = derive::<D>(3, password, salt, rounds, <D as Digest>::output_size());
    let mac = <Hmac<D> as KeyInit>::new_from_slice(&key).expect("HMAC takes any key");
    mac.chain_update(contents).verify_slice(digest).is_ok()
}

fn scheme(algorithm: &Element<'_>) -> Result<Scheme> {
    let name = algorithm.oid()?;
    let (key_length, cipher): (usize, Cipher) = match name.as_str() {
        PBES2 => {
            let [_, params] = algorithm.fields()?;
            return pbes2(&params);
        }
        "1.2.840.113549.1.12.1.3" => (24, cbc::<TdesEde3>),
        "1.2.840.113549.1.12.1.4" => (16, cbc::<TdesEde2>),
        "1.2.840.113549.1.12.1.5" => (16, cbc::<Rc2>),
        "1.2.840.113549.1.12.1.6" => (5, cbc::<Rc2>),
        _ => return algorithm.unsupported(&name),
    };
    let [_, params] = algorithm.fields()?;
    let [salt, rounds] = params.fields()?;
    let (salt, rounds) = (salt.octets()?.into_owned(), positive(&rounds)?);
    // The key takes one or two outputs of SHA-1, the initialisation vector one.
    let cost = rounds_cost(rounds, key_length.div_ceil(20) + 1);
    let decrypt = move |password: Option<&str>, data: &[u8]| {
        let derive = |id, length| derive::<Sha1>(id, password, &salt, rounds, length);
        cipher(&derive(1, key_length), &derive(2, 8), data)
    };
    let decrypt = Box::new(decrypt);
    Ok(Scheme { cost, decrypt })
}

/// RFC 7292, appendix B.2: `id` is 1 for a key, 2 for an initialisation vector, 3 for a MAC's key.
fn derive<D: Digest + BlockSizeUser>(
    id: u8,
    password: Option<&str>,
    salt: &[u8],
    rounds: u64,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = D::block_size();
    let fill = |bytes: &[u8]| {
        let length = bytes.len().next_multiple_of(block);
        let filled = bytes.iter().copied().cycle().take(length);
        filled.collect::<Vec<u8>>()
    };
    // UTF-16 with a final zero, which the empty password has too.
    let units = password
        .into_iter()
        .flat_map(|it| it.encode_utf16().chain([0]));
    let password = Zeroizing::new(units.flat_map(u16::to_be_bytes).collect::<Vec<u8>>());
    let mut input = Zeroizing::new([fill(salt), fill(&password)].concat());
    let mut output = Zeroizing::new(Vec::new());
    loop {
        let first = D::new_with_prefix(vec![id; block]).chain_update(&*input);
        let hash = (1..rounds).fold(first.finalize(), |hash, _| D::digest(&hash));
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
