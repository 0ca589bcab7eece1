//! Signing, and the string that is signed.

use std::{collections::BTreeMap, hint::black_box, io::Write as _};

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;
use wxpay_sign::{ApiKey, Params, SignType};

use crate::{Subject, Work};

/// Five, ten and twenty parameters, with both algorithms, beside the naive way: a sorted map, a
/// string joined from strings, digits formatted one by one. The bound is the hash of the ready
/// string alone.
pub const SUBJECTS: &[Subject] = &[
    Subject::new("sign 5 MD5: ours", || ours(5, SignType::Md5)),
    Subject::new("sign 5 MD5: the ready string hashed", || ready(5)),
    Subject::new("sign 5 MD5: naive", || naive(5, SignType::Md5)),
    Subject::new("sign 10 MD5: ours", || ours(10, SignType::Md5)),
    Subject::new("sign 10 MD5: naive", || naive(10, SignType::Md5)),
    Subject::new("sign 20 MD5: ours", || ours(20, SignType::Md5)),
    Subject::new("sign 20 MD5: naive", || naive(20, SignType::Md5)),
    Subject::new("sign 5 HMAC: ours", || ours(5, SignType::HmacSha256)),
    Subject::new("sign 5 HMAC: naive", || naive(5, SignType::HmacSha256)),
    Subject::new("sign 10 HMAC: ours", || ours(10, SignType::HmacSha256)),
    Subject::new("sign 10 HMAC: naive", || naive(10, SignType::HmacSha256)),
    Subject::new("sign 20 HMAC: ours", || ours(20, SignType::HmacSha256)),
    Subject::new("sign 20 HMAC: naive", || naive(20, SignType::HmacSha256)),
    Subject::new("canonical string of 5: ours", shown),
    Subject::new("canonical string of 5: naive", shown_naively),
];

pub(crate) const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

/// Unsorted parameters; the first five are those of a payment, with realistic lengths.
const PARAMS: [(&str, &str); 20] = [
    ("nonce_str", "ibuaiVcKdpRxkhJA"),
    ("appid", "wxd930ea5d5a258f4f"),
    ("mch_id", "10000100"),
    ("device_info", "1000"),
    ("body", "test"),
    ("trade_type", "NATIVE"),
    ("out_trade_no", "20150806125346"),
    ("total_fee", "888"),
    ("spbill_create_ip", "123.12.12.123"),
    ("notify_url", "https://example.com/pay/notify"),
    ("product_id", "12235413214070356458058"),
    ("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
    ("fee_type", "CNY"),
    ("time_start", "20091225091010"),
    ("time_expire", "20091227091010"),
    ("goods_tag", "WXG"),
    ("limit_pay", "no_credit"),
    ("attach", "paid in the shop"),
    ("detail", "a long description of what was bought"),
    ("sign_type", "HMAC-SHA256"),
];

fn pairs(count: usize) -> impl Iterator<Item = (&'static str, &'static str)> {
    black_box(&PARAMS[..count]).iter().copied()
}

pub(crate) fn key() -> ApiKey {
    ApiKey::new(KEY).expect("32 letters and digits")
}

fn ours(count: usize, sign_type: SignType) -> Work {
    let key = key();
    Box::new(move || {
        let params = Params::new(pairs(count)).expect("the names differ");
        black_box(params.sign(sign_type, &key));
    })
}

/// The lower bound of signing.
fn ready(count: usize) -> Work {
    let string = naive_string(&pairs(count).collect()) + "&key=" + KEY;
    Box::new(move || {
        black_box(Md5::digest(black_box(&string)));
    })
}

fn naive(count: usize, sign_type: SignType) -> Work {
    Box::new(move || {
        let params: BTreeMap<&str, &str> = pairs(count).collect();
        black_box(naive_sign(&params, sign_type));
    })
}

pub(crate) fn naive_sign(params: &BTreeMap<&str, &str>, sign_type: SignType) -> String {
    let string = format!("{}&key={KEY}", naive_string(params));
    match sign_type {
        SignType::Md5 => digits(&Md5::digest(string)),
        SignType::HmacSha256 => {
            let mut hmac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("any length");
            hmac.update(string.as_bytes());
            digits(&hmac.finalize().into_bytes())
        }
    }
}

fn naive_string(params: &BTreeMap<&str, &str>) -> String {
    let pairs = params.iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn shown() -> Work {
    let mut out = Vec::with_capacity(1024);
    let params = Params::new(pairs(5)).expect("the names differ");
    Box::new(move || {
        out.clear();
        write!(out, "{}", black_box(&params).canonical()).expect("a Vec takes every write");
        black_box(&out);
    })
}

fn shown_naively() -> Work {
    let params: BTreeMap<&str, &str> = pairs(5).collect();
    Box::new(move || {
        black_box(naive_string(black_box(&params)));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_agree() {
        for count in [5, 10, 20] {
            for sign_type in SignType::ALL {
                let params: BTreeMap<&str, &str> = pairs(count).collect();
                let ours = Params::new(pairs(count)).unwrap().sign(sign_type, &key());
                assert_eq!(ours.as_str(), naive_sign(&params, sign_type));
            }
        }
    }
}
