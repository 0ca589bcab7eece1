//! Files as people have them: another form than the one that is wanted, or an unusual one of it.

use wxpay_identity::{Form, Identity, IdentityError, Part};

use crate::support::{Pair, fixture, openssl, openssl_text, pem};

const PASSWORD: &str = "1900000109";

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

#[test]
fn a_byte_order_mark_is_dropped() {
    let pair = Pair::new();
    let marked = |pem: &str| format!("\u{feff}{pem}");
    Identity::from_pem(marked(&pair.cert), marked(&pair.key)).unwrap();
    let key = String::from_utf8(fixture("pbkdf2.key")).unwrap();
    Identity::from_pem_encrypted(fixture("client.crt"), marked(&key), "secret").unwrap();
}

#[test]
fn utf16_is_named() {
    let pair = Pair::new();
    for (mark, to_bytes) in [
        ("\u{feff}", u16::to_le_bytes as fn(u16) -> _),
        ("\u{feff}", u16::to_be_bytes),
        ("", u16::to_le_bytes),
        ("", u16::to_be_bytes),
    ] {
        let cert = utf16(&format!("{mark}{}", pair.cert), to_bytes);
        let key = utf16(&format!("{mark}{}", pair.key), to_bytes);
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

#[test]
fn lost_line_ends_are_named() {
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
    // One long line of base64, or the line ends of old Macs, are read.
    let old_mac = |pem: &str| pem.replace('\n', "\r");
    let unwrapped = |pem: &str| {
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let mut marks = pem.lines().filter(|line| line.starts_with('-'));
        format!(
            "{}\n{body}\n{}",
            marks.next().unwrap(),
            marks.next().unwrap()
        )
    };
    Identity::from_pem(old_mac(&pair.cert), old_mac(&pair.key)).unwrap();
    Identity::from_pem(unwrapped(&pair.cert), unwrapped(&pair.key)).unwrap();
}

#[test]
fn another_form_is_named_with_the_way_out() {
    let pair = Pair::new();
    let p12 = fixture("aes256-sha256.p12");
    let der = |arguments: &str, pem: &str| openssl(arguments, pem);
    let key_der = der("pkey -outform DER", &pair.key);
    let key_sec1_der = der("ec -outform DER", &pair.key);
    let key_pkcs1_der = openssl("rsa -traditional -outform DER", fixture("pkcs1.key"));
    let encrypted_der = der("pkcs8 -topk8 -outform DER -passout pass:x", &pair.key);
    let certificate_der = der("x509 -outform DER", &pair.cert);
    let old_der = openssl("x509 -outform DER", version_1(&pair.key));
    let request = openssl_text("req -new -key /dev/stdin -subj /CN=x", &pair.key);
    let request_der = openssl("req -outform DER", &request);
    let public = openssl_text("pkey -pubout", &pair.key);
    let pkcs7 = openssl_text("crl2pkcs7 -nocrl -certfile /dev/stdin", &pair.cert);
    let pkcs7_der = openssl("pkcs7 -outform DER", &pkcs7);
    let body = |pem: &str| -> String { pem.lines().filter(|it| !it.starts_with('-')).collect() };
    let base64 = body(&pair.cert);
    let ssh = pem("OPENSSH PRIVATE KEY", b"openssh-key-v1\0none");
    let (certificate, key, pkcs12) = (Part::Certificate, Part::PrivateKey, Part::Pkcs12);
    for (wanted, bytes, found, way_out) in [
        (certificate, &p12[..], Form::Pkcs12, "PKCS#12"),
        (key, &p12, Form::Pkcs12, "PKCS#12"),
        (
            certificate,
            &certificate_der,
            Form::DerCertificate,
            "openssl x509 -inform DER",
        ),
        (
            certificate,
            &old_der,
            Form::DerCertificate,
            "openssl x509 -inform DER",
        ),
        (
            certificate,
            &key_der,
            Form::DerPrivateKey,
            "BEGIN CERTIFICATE",
        ),
        (
            key,
            &key_der,
            Form::DerPrivateKey,
            "openssl pkey -inform DER",
        ),
        (
            key,
            &key_sec1_der,
            Form::DerPrivateKey,
            "openssl pkey -inform DER",
        ),
        (
            key,
            &key_pkcs1_der,
            Form::DerPrivateKey,
            "openssl pkey -inform DER",
        ),
        (
            key,
            &encrypted_der,
            Form::DerPrivateKey,
            "openssl pkey -inform DER",
        ),
        (
            key,
            &certificate_der,
            Form::DerCertificate,
            "BEGIN PRIVATE KEY",
        ),
        (
            certificate,
            request.as_bytes(),
            Form::CertificateRequest,
            "issuer",
        ),
        (
            certificate,
            &request_der,
            Form::CertificateRequest,
            "issuer",
        ),
        (
            certificate,
            public.as_bytes(),
            Form::Unknown,
            "BEGIN CERTIFICATE",
        ),
        (key, public.as_bytes(), Form::Unknown, "BEGIN PRIVATE KEY"),
        (key, ssh.as_bytes(), Form::OpenSsh, "ssh-keygen"),
        (certificate, pkcs7.as_bytes(), Form::Pkcs7, "openssl pkcs7"),
        (certificate, &pkcs7_der, Form::Pkcs7, "openssl pkcs7"),
        (
            certificate,
            base64.as_bytes(),
            Form::Base64,
            "BEGIN and END",
        ),
        (certificate, b"PK\x03\x04\x14\0", Form::Zip, "unpack"),
        (key, b"PK\x03\x04\x14\0", Form::Zip, "unpack"),
        (key, b"\n<html>", Form::WebPage, "again"),
        (
            key,
            b"\xfe\xed\xfe\xed\0\0\0\x02",
            Form::Jks,
            "keytool -importkeystore",
        ),
        (pkcs12, b"PK\x03\x04\x14\0", Form::Zip, "unpack"),
        (
            pkcs12,
            b"\xfe\xed\xfe\xed\0\0\0\x02",
            Form::Jks,
            "keytool -importkeystore",
        ),
        (
            pkcs12,
            b"\xce\xce\xce\xce\0\0\0\x02",
            Form::Jks,
            "keytool -importkeystore",
        ),
        (
            pkcs12,
            pair.cert.as_bytes(),
            Form::Certificate,
            "certificate and key",
        ),
        (
            pkcs12,
            pair.key.as_bytes(),
            Form::PrivateKey,
            "certificate and key",
        ),
        (pkcs12, &certificate_der, Form::DerCertificate, "PEM"),
        (pkcs12, &key_der, Form::DerPrivateKey, "PEM"),
        (pkcs12, base64.as_bytes(), Form::Base64, "openssl base64 -d"),
        (pkcs12, b"  <!doctype html>", Form::WebPage, "again"),
        (pkcs12, b"\n", Form::Empty, "again"),
        (pkcs12, b"no such thing", Form::Unknown, "binary"),
    ] {
        let read = match wanted {
            Part::Certificate => Identity::from_pem(bytes, &pair.key),
            Part::PrivateKey => Identity::from_pem(&pair.cert, bytes),
            _ => Identity::from_pkcs12(bytes, PASSWORD),
        };
        let error = read.unwrap_err();
        assert_eq!(error, IdentityError::WrongForm { wanted, found });
        assert!(error.to_string().contains(way_out), "{error}");
    }
}

/// A self-signed certificate without extensions, which openssl writes as version 1.
fn version_1(key: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    std::fs::write(&path, key).unwrap();
    let (path, request) = (
        path.display(),
        openssl_text("req -new -key /dev/stdin -subj /CN=1900000109", key),
    );
    openssl_text(&format!("x509 -req -signkey {path}"), request)
}

#[test]
fn a_certificate_of_version_1_is_taken() {
    let pair = Pair::new();
    let old = version_1(&pair.key);
    let shown = openssl_text("x509 -noout -text", &old);
    assert!(shown.contains("Version: 1"), "{shown}");
    let identity = Identity::from_pem(&old, &pair.key).unwrap();
    assert_eq!(identity.common_name(), Some("1900000109"));
}

#[test]
fn a_critical_extension_that_nobody_knows_is_taken() {
    let pair = Pair::new();
    for extension in [
        "1.2.3.4=critical,DER:0500",
        "nameConstraints=critical,permitted;DNS:a.test",
    ] {
        let certificate = openssl_text(
            &format!("req -new -x509 -key /dev/stdin -subj /CN=x -addext {extension}"),
            &pair.key,
        );
        Identity::from_pem(certificate, &pair.key).unwrap();
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
