//! The MD5 of contents.

use std::hint::black_box;

use md5::{Digest, Md5};
use wxpay_sign::ContentMd5;

use crate::{Subject, Work};

/// Sixteen contents of different lengths side by side, beside md-5. If the compiler no longer made
/// vector instructions of the lanes, ours would cost more than md-5, not less than half of it.
pub const SUBJECTS: &[Subject] = &[
    Subject::new("hashes of 16 contents: ours", ours),
    Subject::new("hashes of 16 contents: md-5", theirs),
];

/// Contents of 1 to 3 KiB.
fn contents() -> Vec<Vec<u8>> {
    let content = |index: usize| vec![b'p'; 1024 + 127 * (7 * index % 16)];
    (0..16).map(content).collect()
}

fn ours() -> Work {
    let contents = contents();
    Box::new(move || {
        black_box(ContentMd5::of_many(black_box(&contents)));
    })
}

fn theirs() -> Work {
    let contents = contents();
    Box::new(move || {
        for content in black_box(&contents) {
            black_box(Md5::digest(content));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_agree() {
        let contents = contents();
        for (content, hash) in contents.iter().zip(ContentMd5::of_many(&contents)) {
            let digits: Vec<_> = Md5::digest(content)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(hash.as_str(), digits.concat());
        }
    }
}
