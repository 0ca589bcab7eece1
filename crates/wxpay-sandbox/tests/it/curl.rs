//! The command of the API's page, with its host and values changed.

use crate::support::{Bench, HMAC, PNG};

#[test]
fn the_documented_command_is_accepted_and_its_response_signed() {
    let bench = Bench::new();
    for (more, algorithm) in [
        (&[][..], "MD5"),
        (&["sign_type=MD5"], "MD5"),
        (HMAC, "HMAC-SHA256"),
        // An unknown one is MD5, and signed like any other field.
        (&["sign_type=sha1", "further==&"], "MD5"),
        (&["sign_type="], "MD5"),
        (&["a=1&b=2", "z=店铺", "empty="], "MD5"),
    ] {
        let answer = bench.send(more);
        assert_eq!(answer.status, "200");
        let names = "return_code return_msg result_code media_id sign";
        assert_eq!(answer.names().join(" "), names);
        assert_eq!(answer.get("return_code"), Some("SUCCESS"));
        answer.assert_accepted();
        let media_id = answer.get("media_id").unwrap();
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_right = media_id.len() == 43 && media_id.bytes().all(is_known);
        assert!(is_right, "{media_id}");
        answer.assert_signed(&bench, algorithm);
    }
}

#[test]
fn every_kind_of_picture_is_accepted_under_any_media_type_and_name() {
    let bench = Bench::new();
    let head = b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0";
    let bitmap = [&head[..], &[0; 28]].concat();
    let long = format!(";filename={}", "名".repeat(256));
    for (picture, more) in [
        (PNG, ""),
        (PNG, ";type=application/nonsense"),
        (&bitmap, ";type=text/plain"),
        (b"\xff\xd8\xff\xe1", ";filename=x"),
        (b"\xff\xd8\xff\xe1", ";filename=店铺.jpg"),
        (b"\xff\xd8\xff\xe1", ";filename=no extension"),
        (b"\xff\xd8\xff\xe1", &long),
    ] {
        bench.write("test.jpg", picture);
        let media = format!("media=@test.jpg{more}");
        bench.send_changed(&[], "media", &media).assert_accepted();
    }
}
