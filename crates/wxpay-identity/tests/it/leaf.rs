//! The fields of the client's own certificate.

use std::time::{Duration, SystemTime};

use rcgen::{DnType, SerialNumber, date_time_ymd};
use wxpay_identity::{Identity, IdentityError};

use crate::{
    log::Log,
    support::{Pair, openssl_text},
};

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn serial_number_and_names_are_those_of_openssl() {
    for serial in [&[0xca, 0xfe, 0x01][..], &[0x00, 0xca], &[0x01; 20]] {
        let pair = Pair::with(|params| {
            params.serial_number = Some(SerialNumber::from_slice(serial));
            let name = &mut params.distinguished_name;
            name.push(DnType::OrganizationName, "Shops, Ltd");
            name.push(DnType::LocalityName, "深圳");
        });
        let identity = pair.identity();
        let print = |option: &str| {
            let line = openssl_text(&format!("x509 -noout {option}"), &pair.cert);
            line.trim_end().split_once('=').unwrap().1.to_owned()
        };
        assert_eq!(identity.serial_number(), print("-serial"));
        let subject = print("-subject -nameopt RFC2253,-esc_msb,utf8");
        assert_eq!(identity.subject(), subject);
        assert_eq!(identity.common_name(), Some("1900000109"));
    }
}

#[test]
fn a_certificate_is_accepted_between_its_dates() {
    let now = SystemTime::now();
    let read = |not_before: SystemTime, not_after: SystemTime| {
        let pair = Pair::with(|params| {
            params.not_before = not_before.into();
            params.not_after = not_after.into();
        });
        Identity::from_pem(&pair.cert, &pair.key)
    };
    let minute = Duration::from_secs(60);
    let expired = read(now - DAY, now - minute).unwrap_err();
    assert!(matches!(expired, IdentityError::Expired(not_after) if not_after < now));
    let early = read(now + minute, now + DAY).unwrap_err();
    assert!(matches!(early, IdentityError::NotYetValid(not_before) if not_before > now));

    for (left, is_soon) in [(30 * DAY - minute, true), (30 * DAY + minute, false)] {
        let log = Log::capture();
        let identity = read(now - minute, now + left).unwrap();
        assert_eq!(identity.expires_soon(), is_soon, "{left:?}");
        assert!(identity.not_before() <= now && identity.not_after() >= now);
        assert_eq!(log.text().contains("expires within 30 days"), is_soon);
    }
}

#[test]
fn dates_far_away_are_read() {
    for (year, end) in [(1950, 2049), (1969, 2050), (1900, 9999), (1970, 9999)] {
        let pair = Pair::with(|params| {
            params.not_before = date_time_ymd(year, 1, 1);
            params.not_after = date_time_ymd(end, 12, 31);
        });
        assert!(!pair.identity().expires_soon(), "{year} to {end}");
    }
}
