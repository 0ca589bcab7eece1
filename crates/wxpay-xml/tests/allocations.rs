//! Reading a response allocates three times, and looking up a field not at all.
//!
//! In a test program of its own: the counter is a global allocator.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::hint::black_box;

use allocation_counter::measure;
use wxpay_xml::Fields;

const RESPONSE: &str = "<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[OK]]></return_msg>
<result_code><![CDATA[SUCCESS]]></result_code>
<media_id><![CDATA[9UYfXi-WMUhgWXvJtEw4_gBle_EfrD_pIL0bS8GAsK8]]></media_id>
<sign><![CDATA[D675A1E471DBF7C0B1AC5883B5BDA9EF]]></sign>
</xml>";

fn with_fields(count: usize) -> String {
    let fields: String = (0..count).map(|i| format!("<f{i}>{i}</f{i}>")).collect();
    format!("<xml>{fields}</xml>")
}

/// quick-xml's stack of open elements: their names, made twice, and where each starts.
#[test]
fn reading_a_response_allocates_three_times() {
    for document in [RESPONSE, &with_fields(8)] {
        let read = measure(|| drop(black_box(Fields::parse(document).unwrap())));
        assert!(read.count_total <= 3, "{}", read.count_total);
        assert_eq!(read.count_current, 0);
    }
}

/// The counter works: an unescaped value is a string of its own.
#[test]
fn a_reference_allocates() {
    let document = "<xml><a>1 &lt; 2</a></xml>";
    let read = measure(|| drop(black_box(Fields::parse(document).unwrap())));
    assert!(read.count_total > 2);
}

#[test]
fn looking_up_allocates_nothing() {
    let fields = Fields::parse(RESPONSE).unwrap();
    let looked_up = measure(|| {
        assert_eq!(fields.get("return_msg"), Some("OK"));
        assert_eq!(fields.get("err_code"), None);
        assert_eq!(fields.iter().count(), 5);
    });
    assert_eq!(looked_up.count_total, 0);
}

#[test]
fn no_fields_allocate_nothing() {
    assert_eq!(measure(|| drop(black_box(Fields::new()))).count_total, 0);
}
