//! A certificate authority, openssl, and the files in `fixtures`.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rcgen::{CertificateParams, DnType, KeyPair};
use wxpay_identity::Identity;

/// A certificate and its key, in PEM.
pub(crate) struct Pair {
    pub(crate) cert: String,
    pub(crate) key: String,
}

impl Pair {
    /// A self-signed certificate for a new key.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "1900000109");
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Self {
            cert: params.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity::from_pem(&self.cert, &self.key).unwrap()
    }

    pub(crate) fn both(&self) -> String {
        format!("{}{}", self.cert, self.key)
    }

    pub(crate) fn write(&self, folder: &Path) {
        fs::write(folder.join("cert.pem"), &self.cert).unwrap();
        fs::write(folder.join("key.pem"), &self.key).unwrap();
    }
}

/// A file in `tests/fixtures/identities`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/identities");
    fs::read(PathBuf::from(folder).join(name)).unwrap()
}

/// What openssl prints when it is called with these arguments, separated by spaces.
pub(crate) fn openssl(arguments: &str, input: impl AsRef<[u8]>) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl must be installed");
    // It may end without reading all of it.
    let _ = child.stdin.take().unwrap().write_all(input.as_ref());
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {errors}");
    output.stdout
}

/// The same, where it prints text.
pub(crate) fn openssl_text(arguments: &str, input: impl AsRef<[u8]>) -> String {
    String::from_utf8(openssl(arguments, input)).unwrap()
}
