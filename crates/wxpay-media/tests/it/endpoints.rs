//! Origins.

use wxpay_media::{Endpoint, ParseEndpointError, ParseRegionError, Region};

#[test]
fn an_origin_is_taken_with_or_without_port_and_slash() {
    for (text, shown) in [
        (
            "https://api.mch.weixin.qq.com",
            "https://api.mch.weixin.qq.com",
        ),
        ("https://localhost:8443", "https://localhost:8443"),
        ("https://localhost:8443/", "https://localhost:8443"),
        ("https://127.0.0.1", "https://127.0.0.1"),
        ("https://[::1]:8443", "https://[::1]:8443"),
        ("https://[::1]", "https://[::1]"),
    ] {
        let endpoint: Endpoint = text.parse().unwrap();
        assert_eq!(endpoint.to_string(), shown);
        assert_eq!(
            endpoint.upload_uri().to_string(),
            format!("{shown}/secapi/mch/uploadmedia")
        );
    }
}

#[test]
fn anything_else_is_refused() {
    for (text, expected) in [
        ("", ParseEndpointError::NotAnOrigin),
        ("localhost", ParseEndpointError::NotAnOrigin),
        ("localhost:8443", ParseEndpointError::NotAnOrigin),
        ("https://", ParseEndpointError::NotAnOrigin),
        (
            "https://user:password@localhost",
            ParseEndpointError::NotAnOrigin,
        ),
        ("https://localhost:99999", ParseEndpointError::NotAnOrigin),
        ("https://localhost:", ParseEndpointError::NotAnOrigin),
        ("https://localhost:0", ParseEndpointError::NotAnOrigin),
        ("https://localhost:+443", ParseEndpointError::NotAnOrigin),
        ("https://a b", ParseEndpointError::NotAnOrigin),
        ("http://localhost", ParseEndpointError::NotHttps),
        ("ftp://localhost", ParseEndpointError::NotHttps),
        ("https://localhost/secapi", ParseEndpointError::Path),
        ("https://localhost?x", ParseEndpointError::Path),
        ("https://localhost/#x", ParseEndpointError::Path),
    ] {
        assert_eq!(text.parse::<Endpoint>(), Err(expected), "{text}");
    }
}

#[test]
fn a_region_has_its_hosts_in_order_of_preference() {
    for (region, hosts) in [
        ("mainland", "api,api2"),
        ("global", "apihk,api"),
        ("hongkong", "apihk"),
        ("us", "apius"),
        ("europe", "apieu"),
    ] {
        let region: Region = region.parse().unwrap();
        let origins: Vec<_> = region.endpoints().map(|it| it.to_string()).collect();
        let hosts = hosts.split(',');
        let expected: Vec<_> = hosts
            .map(|host| format!("https://{host}.mch.weixin.qq.com"))
            .collect();
        assert_eq!(origins, expected, "{region}");
        #[cfg(feature = "transport")]
        assert!(
            wxpay_media::Endpoints::from(region)
                .iter()
                .map(|it| format!("https://{it}"))
                .eq(expected)
        );
    }
    assert_eq!("Mainland".parse::<Region>(), Err(ParseRegionError));
    assert_eq!(
        Region::Mainland.endpoints().next(),
        Some(Endpoint::default())
    );
}
