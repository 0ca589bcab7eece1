//! Files of other formats, and unusual files of the right format.

use wxpay_identity::{Form, Identity, IdentityError, Part};

use crate::support::{Pair, fixture, openssl, openssl_text};

#[test]
fn a_byte_order_mark_is_dropped() {
    let pair = Pair::new();
    let marked = |pem: &str| format!("\u{feff}{pem}");
    Identity::from_pem(marked(&pair.cert), marked(&pair.key)).unwrap();
    let key = String::from_utf8(fixture("pbkdf2.key")).unwrap();
    Identity::from_pem_encrypted(fixture("client.crt"), marked(&key), "secret").unwrap();
}

#[test]
fn the_error_names_utf_16() {
    let pair = Pair::new();
    for mark in ["\u{feff}", ""] {
        for to_bytes in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
            let [cert, key] = [&pair.cert, &pair.key].map(|pem| {
                let units = mark.encode_utf16().chain(pem.encode_utf16());
                units.flat_map(to_bytes).collect::<Vec<u8>>()
            });
            let found = Form::Utf16;
            for (read, wanted) in [
                (Identity::from_pem(cert, &pair.key), Part::Certificate),
                (Identity::from_pem(&pair.cert, key), Part::PrivateKey),
            ] {
                let error = read.unwrap_err();
                assert_eq!(error, IdentityError::WrongForm { wanted, found });
                assert!(error.to_string().contains("UTF-8"), "{error}");
            }
        }
    }
}

#[test]
fn the_error_names_lost_line_ends() {
    let pair = Pair::new();
    let encrypted = String::from_utf8(fixture("pbkdf2.key")).unwrap();
    let pkcs1 = String::from_utf8(fixture("pkcs1.key")).unwrap();
    for between in [" ", "\\n", "\\r\\n", "", "\t"] {
        let flat = |pem: &str| pem.trim_end().replace('\n', between);
        let gone = |part| IdentityError::NoLineEnds(part);
        let read = Identity::from_pem(flat(&pair.cert), &pair.key);
        assert_eq!(read.unwrap_err(), gone(Part::Certificate), "{between:?}");
        for key in [&pair.key, &encrypted, &pkcs1] {
            let read = Identity::from_pem_encrypted(&pair.cert, flat(key), "secret");
            assert_eq!(read.unwrap_err(), gone(Part::PrivateKey), "{between:?}");
        }
    }
    // The line ends of old Macs, and one long line of base64, are accepted.
    let old_mac = |pem: &str| pem.replace('\n', "\r");
    let unwrapped = |pem: &str| {
        let (begin, rest) = pem.split_once('\n').unwrap();
        let (body, end) = rest.split_once("-----END").unwrap();
        format!("{begin}\n{}\n-----END{end}", body.replace('\n', ""))
    };
    Identity::from_pem(old_mac(&pair.cert), old_mac(&pair.key)).unwrap();
    Identity::from_pem(unwrapped(&pair.cert), unwrapped(&pair.key)).unwrap();
}

#[cfg(unix)]
#[test]
fn the_error_names_another_format_with_the_way_to_convert_it() {
    use Form::{
        Base64, Certificate, CertificateRequest, DerCertificate, DerPrivateKey, Empty, Jks,
        OpenSsh, Pkcs7, Pkcs12, PrivateKey, Unknown, WebPage, Zip,
    };
    use Part::{Certificate as Cert, Pkcs12 as P12, PrivateKey as Key};

    let pair = Pair::new();
    let p12 = fixture("aes256-sha256.p12");
    let cert_der = openssl("x509 -outform DER", &pair.cert);
    let old_der = openssl("x509 -outform DER", version_1(&pair.key));
    let key_der = openssl("pkey -outform DER", &pair.key);
    let sec1_der = openssl("ec -outform DER", &pair.key);
    let pkcs1_der = openssl("rsa -traditional -outform DER", fixture("pkcs1.key"));
    let locked_der = openssl("pkcs8 -topk8 -outform DER -passout pass:x", &pair.key);
    let request = openssl("req -new -key /dev/stdin -subj /CN=x", &pair.key);
    let request_der = openssl("req -outform DER", &request);
    let public = openssl("pkey -pubout", &pair.key);
    let pkcs7 = openssl("crl2pkcs7 -nocrl -certfile /dev/stdin", &pair.cert);
    let pkcs7_der = openssl("pkcs7 -outform DER", &pkcs7);
    let lines = pair.cert.lines().filter(|it| !it.starts_with('-'));
    let base64 = lines.collect::<String>();
    let base64 = base64.as_bytes();
    let ssh = crate::support::pem("OPENSSH PRIVATE KEY", b"openssh-key-v1\0none");
    let (zip, html) = (&b"PK\x03\x04\x14\0"[..], &b"\n<html>"[..]);
    let (jks, jceks) = (b"\xfe\xed\xfe\xed\0\0\0\x02", b"\xce\xce\xce\xce\0\0\0\x02");
    for (wanted, bytes, found, way_out) in [
        (Cert, &p12[..], Pkcs12, "PKCS#12"),
        (Cert, &cert_der, DerCertificate, "x509 -inform DER"),
        (Cert, &old_der, DerCertificate, "x509 -inform DER"),
        (Cert, &key_der, DerPrivateKey, "BEGIN CERTIFICATE"),
        (Cert, &request, CertificateRequest, "issuer"),
        (Cert, &request_der, CertificateRequest, "issuer"),
        (Cert, &public, Unknown, "BEGIN CERTIFICATE"),
        (Cert, &pkcs7, Pkcs7, "openssl pkcs7"),
        (Cert, &pkcs7_der, Pkcs7, "openssl pkcs7"),
        (Cert, base64, Base64, "BEGIN and END"),
        (Cert, zip, Zip, "unpack"),
        (Key, &p12, Pkcs12, "PKCS#12"),
        (Key, &key_der, DerPrivateKey, "pkey -inform DER"),
        (Key, &sec1_der, DerPrivateKey, "pkey -inform DER"),
        (Key, &pkcs1_der, DerPrivateKey, "pkey -inform DER"),
        (Key, &locked_der, DerPrivateKey, "pkey -inform DER"),
        (Key, &cert_der, DerCertificate, "BEGIN PRIVATE KEY"),
        (Key, &public, Unknown, "BEGIN PRIVATE KEY"),
        (Key, ssh.as_bytes(), OpenSsh, "ssh-keygen"),
        (Key, zip, Zip, "unpack"),
        (Key, html, WebPage, "again"),
        (Key, jks, Jks, "keytool -importkeystore"),
        (P12, zip, Zip, "unpack"),
        (P12, jks, Jks, "keytool -importkeystore"),
        (P12, jceks, Jks, "keytool -importkeystore"),
        (P12, pair.cert.as_bytes(), Certificate, "as certificate"),
        (P12, pair.key.as_bytes(), PrivateKey, "as certificate"),
        (P12, &cert_der, DerCertificate, "PEM"),
        (P12, &key_der, DerPrivateKey, "PEM"),
        (P12, base64, Base64, "openssl base64 -d"),
        (P12, html, WebPage, "again"),
        (P12, b"  <!doctype html>", WebPage, "again"),
        (P12, b"\xef\xbb\xbf<html>", WebPage, "again"),
        (P12, b"", Empty, "again"),
        (P12, b" \r\n", Empty, "again"),
        (P12, b"no such thing", Unknown, "binary"),
    ] {
        let read = match wanted {
            Cert => Identity::from_pem(bytes, &pair.key),
            Key => Identity::from_pem(&pair.cert, bytes),
            _ => Identity::from_pkcs12(bytes, "1900000109"),
        };
        let error = read.unwrap_err();
        assert_eq!(error, IdentityError::WrongForm { wanted, found });
        assert!(error.to_string().contains(way_out), "{error}");
    }
}

/// A self-signed certificate without extensions, which openssl writes as version 1.
#[cfg(unix)]
fn version_1(key: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    std::fs::write(&path, key).unwrap();
    let request = openssl("req -new -key /dev/stdin -subj /CN=1900000109", key);
    openssl_text(&format!("x509 -req -signkey {}", path.display()), request)
}

#[cfg(unix)]
#[test]
fn a_certificate_of_version_1_is_accepted() {
    let pair = Pair::new();
    let old = version_1(&pair.key);
    let shown = openssl_text("x509 -noout -text", &old);
    assert!(shown.contains("Version: 1"), "{shown}");
    let identity = Identity::from_pem(&old, &pair.key).unwrap();
    assert_eq!(identity.common_name(), Some("1900000109"));
}

#[cfg(unix)]
#[test]
fn an_unknown_critical_extension_is_accepted() {
    let pair = Pair::new();
    for extension in [
        "1.2.3.4=critical,DER:0500",
        "nameConstraints=critical,permitted;DNS:a.test",
    ] {
        let request = format!("req -new -x509 -key /dev/stdin -subj /CN=x -addext {extension}");
        Identity::from_pem(openssl(&request, &pair.key), &pair.key).unwrap();
    }
}

#[test]
fn older_labels_of_certificates_are_read() {
    let pair = Pair::new();
    let trusted = openssl_text("x509 -trustout -addtrust clientAuth", &pair.cert);
    let older = pair.cert.replace(" CERTIFICATE-", " X509 CERTIFICATE-");
    assert!(trusted.contains("TRUSTED CERTIFICATE"), "{trusted}");
    for certificate in [trusted, older] {
        let identity = Identity::from_pem(certificate, &pair.key).unwrap();
        assert!(identity.certificates().eq(pair.identity().certificates()));
    }
}

#[test]
fn one_key_twice_in_a_file_is_one_key() {
    let pair = Pair::new();
    let sec1 = openssl_text("ec", &pair.key);
    let bare = openssl_text("ec -no_public", &pair.key);
    for key in [
        format!("{0}{0}", pair.key),
        format!("{}{sec1}", pair.key),
        format!("{bare}{sec1}"),
    ] {
        Identity::from_pem(&pair.cert, key).unwrap();
    }
    let rsa = fixture("pkcs1.key");
    let pkcs8 = openssl("pkcs8 -topk8 -nocrypt", &rsa);
    Identity::from_pem(fixture("rsa.crt"), [rsa, pkcs8].concat()).unwrap();
    let (plain, encrypted) = (fixture("client.key"), fixture("pbkdf2.key"));
    let both = [plain, encrypted].concat();
    Identity::from_pem_encrypted(fixture("client.crt"), both, "secret").unwrap();
}
