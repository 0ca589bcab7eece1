//! A reply decoded and verified.

use std::{collections::BTreeMap, hint::black_box};

use serde::Deserialize;
use wxpay_sign::{Params, SignType};
use wxpay_xml::Fields;

use crate::{
    Subject,
    sign::{key, naive_sign},
};

/// A response decoded, with and without a check of its signature, beside quick-xml's serde. For the
/// check serde decodes into a map, because the signature is over all fields.
pub const SUBJECTS: &[Subject] = &[
    Subject::new("reply decoded: ours", || {
        Box::new(move || {
            black_box(Fields::parse(black_box(REPLY)).expect("a flat document"));
        })
    }),
    Subject::new("reply decoded: quick-xml's serde", || {
        Box::new(move || {
            let reply: Reply = quick_xml::de::from_str(black_box(REPLY)).expect("a document");
            black_box(reply);
        })
    }),
    Subject::new("reply decoded and verified: ours", || {
        let key = key();
        Box::new(move || {
            let fields = Fields::parse(black_box(REPLY)).expect("a flat document");
            let params = Params::new(fields.iter()).expect("no name twice");
            let verified = params.verify(&key);
            verified.expect("the signature of the reply");
            black_box(fields.get("media_id"));
        })
    }),
    Subject::new("reply decoded and verified: quick-xml's serde", || {
        Box::new(move || {
            black_box(naive(black_box(REPLY)));
        })
    }),
];

/// A success, signed with MD5 and the key of `sign`.
const REPLY: &str = "<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[OK]]></return_msg>
<result_code><![CDATA[SUCCESS]]></result_code>
<media_id><![CDATA[9UYfXi-WMUhgWXvJtEw4_gBle_EfrD_pIL0bS8GAsK8]]></media_id>
<sign><![CDATA[890BCD0A07DBD5C4ECBC323D542B5B88]]></sign>
</xml>";

/// The fields that a caller reads.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only decoded")]
struct Reply {
    return_code: String,
    return_msg: Option<String>,
    result_code: Option<String>,
    media_id: Option<String>,
    sign: Option<String>,
}

fn naive(reply: &str) -> String {
    let mut fields: BTreeMap<String, String> = quick_xml::de::from_str(reply).expect("a document");
    let sign = fields.remove("sign").expect("it is signed");
    let params = fields
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert_eq!(naive_sign(&params, SignType::Md5), sign);
    fields.remove("media_id").expect("a success has one")
}
