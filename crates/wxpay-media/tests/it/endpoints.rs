//! Origins.

use wxpay_media::{Endpoint, Endpoints, InvalidEndpoint, Region, UnknownRegion};

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
    for preset in [
        Endpoint::MAINLAND,
        Endpoint::MAINLAND_BACKUP,
        Endpoint::HONG_KONG,
        Endpoint::US,
        Endpoint::EUROPE,
    ] {
        assert_eq!(preset.parse::<Endpoint>().unwrap().to_string(), preset);
    }
}

#[test]
fn anything_else_is_refused() {
    for (text, expected) in [
        ("", InvalidEndpoint::NotAnOrigin),
        ("localhost", InvalidEndpoint::NotAnOrigin),
        ("localhost:8443", InvalidEndpoint::NotAnOrigin),
        ("https://", InvalidEndpoint::NotAnOrigin),
        (
            "https://user:password@localhost",
            InvalidEndpoint::NotAnOrigin,
        ),
        ("https://localhost:99999", InvalidEndpoint::NotAnOrigin),
        ("https://localhost:", InvalidEndpoint::NotAnOrigin),
        ("https://localhost:0", InvalidEndpoint::NotAnOrigin),
        ("https://localhost:+443", InvalidEndpoint::NotAnOrigin),
        ("https://a b", InvalidEndpoint::NotAnOrigin),
        ("http://localhost", InvalidEndpoint::NotHttps),
        ("ftp://localhost", InvalidEndpoint::NotHttps),
        ("https://localhost/secapi", InvalidEndpoint::Path),
        ("https://localhost?x", InvalidEndpoint::Path),
        ("https://localhost/#x", InvalidEndpoint::Path),
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
        let endpoints = Endpoints::from(region.parse::<Region>().unwrap());
        let origins = hosts
            .split(',')
            .map(|host| format!("https://{host}.mch.weixin.qq.com"));
        assert_eq!(
            endpoints.to_string(),
            origins.collect::<Vec<_>>().join(","),
            "{region}"
        );
    }
    assert_eq!("Mainland".parse::<Region>(), Err(UnknownRegion));
    assert_eq!(Endpoints::default(), Region::Mainland.into());
}
