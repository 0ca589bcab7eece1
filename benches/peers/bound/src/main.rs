//! The lower bound of an upload: the picture is read, hashed once with the fastest MD5 at hand,
//! copied once, and encrypted once in TLS records. Nothing is sent.

use std::{env, fs::File, hint::black_box, io::Read};

use anyhow::{anyhow, bail};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use wxpay_sign::ContentMd5;

/// Maximum content of a TLS record, in bytes.
const RECORD: usize = 16 * 1024;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [_origin, _credentials, pictures, count, _concurrency] = &arguments[..] else {
        bail!("usage: ORIGIN CREDENTIALS PICTURES COUNT CONCURRENCY");
    };
    let key = UnboundKey::new(&AES_256_GCM, &[7; 32]).map_err(|_| anyhow!("no key"))?;
    let key = LessSafeKey::new(key);
    let pictures: Vec<&str> = pictures.split(',').collect();
    // Reused for every picture, so that no new pages are mapped.
    let mut picture = Vec::new();
    let mut sent = Vec::new();
    for path in pictures.iter().cycle().take(count.parse()?) {
        picture.clear();
        File::open(path)?.read_to_end(&mut picture)?;
        black_box(ContentMd5::of(&picture));
        sent.clear();
        sent.extend_from_slice(&picture);
        for record in sent.chunks_mut(RECORD) {
            let nonce = Nonce::assume_unique_for_key([0; 12]);
            let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), record);
            let _ = black_box(tag.map_err(|_| anyhow!("not sealed"))?);
        }
        black_box(&sent);
    }
    Ok(())
}
