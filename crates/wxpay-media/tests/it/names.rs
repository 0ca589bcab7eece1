//! Merchant ids, endpoints and regions as texts.

use wxpay_media::{Endpoint, MerchantId, ParseEndpointError, ParseRegionError, Region};

#[test]
fn an_endpoint_is_an_origin_with_or_without_port_and_slash() {
    for (text, shown) in [
        ("https://example.test", "https://example.test"),
        ("https://localhost:8443", "https://localhost:8443"),
        ("https://localhost:8443/", "https://localhost:8443"),
        ("https://127.0.0.1", "https://127.0.0.1"),
        ("https://[::1]:8443", "https://[::1]:8443"),
        ("https://[::1]", "https://[::1]"),
    ] {
        let endpoint: Endpoint = text.parse().unwrap();
        assert_eq!(endpoint.to_string(), shown);
        let upload = format!("{shown}/secapi/mch/uploadmedia");
        assert_eq!(endpoint.upload_uri(), upload.as_str());
    }
}

#[test]
fn any_other_text_is_no_endpoint() {
    use ParseEndpointError::{NotAnOrigin, NotHttps, Path};
    for (text, expected) in [
        ("", NotAnOrigin),
        ("localhost", NotAnOrigin),
        ("localhost:8443", NotAnOrigin),
        ("https://", NotAnOrigin),
        ("https://user:password@localhost", NotAnOrigin),
        ("https://localhost:99999", NotAnOrigin),
        ("https://localhost:", NotAnOrigin),
        ("https://localhost:0", NotAnOrigin),
        ("https://localhost:+443", NotAnOrigin),
        ("https://a b", NotAnOrigin),
        ("http://localhost", NotHttps),
        ("ftp://localhost", NotHttps),
        ("https://localhost/secapi", Path),
        ("https://localhost?x", Path),
        ("https://localhost/#x", Path),
    ] {
        assert_eq!(text.parse::<Endpoint>(), Err(expected), "{text}");
    }
}

#[test]
fn a_region_has_its_hosts_in_order_of_preference() {
    for (region, hosts) in [
        ("mainland", &["api", "api2"][..]),
        ("global", &["apihk", "api"]),
        ("hongkong", &["apihk"]),
        ("us", &["apius"]),
        ("europe", &["apieu"]),
    ] {
        let region: Region = region.parse().unwrap();
        let host = |endpoint: Endpoint| endpoint.upload_uri().host().unwrap().to_owned();
        let found: Vec<_> = region.endpoints().map(host).collect();
        let expected: Vec<_> = hosts
            .iter()
            .map(|it| format!("{it}.mch.weixin.qq.com"))
            .collect();
        assert_eq!(found, expected, "{region}");
        #[cfg(feature = "transport")]
        assert!(wxpay_media::Endpoints::from(region).iter().eq(&expected));
    }
    assert_eq!("Mainland".parse::<Region>(), Err(ParseRegionError));
    let mainland = Region::Mainland.endpoints().next();
    assert_eq!(mainland, Some(Endpoint::default()));
}

#[test]
fn a_merchant_id_is_1_to_32_letters_and_digits() {
    for good in ["1", "1900000109", &"9".repeat(32)] {
        assert_eq!(MerchantId::new(good).unwrap().as_str(), good);
    }
    let long = "9".repeat(33);
    for wrong in ["", &long, " 1900000109", "1900000109\n", "١٢٣", "a=b&c"] {
        MerchantId::new(wrong).unwrap_err();
    }
}
