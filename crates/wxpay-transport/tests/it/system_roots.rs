//! The machine's store of authorities, which an environment variable of a child process names.

use std::{env, fs, path::Path, process::Stdio};

use tokio::process::Command;
use wxpay_transport::{ErrorKind, Roots, TlsErrorKind, Transport, TransportBuilder};

use crate::support::{Ca, OK, call, serve_response};

const ADDRESS: &str = "TEST_ADDRESS";

async fn outcome(roots: Roots) -> String {
    let addr = env::var(ADDRESS).unwrap().parse().unwrap();
    let builder: TransportBuilder = Transport::builder().roots(roots);
    match call(builder, addr).await {
        Ok(response) => response.status().to_string(),
        Err(error) if error.kind() == ErrorKind::Tls(TlsErrorKind::NoRoots) => error.to_string(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

#[tokio::test]
#[ignore = "the child process of the tests below"]
#[expect(clippy::print_stdout, reason = "the tests below read it")]
async fn child_process() {
    let own = Ca::new();
    for (name, roots) in [
        ("system", Roots::native()),
        ("mozilla and system", Roots::webpki().with_native()),
        ("another and system", own.roots().with_native()),
        ("another", own.roots()),
    ] {
        println!("{name}: {}", outcome(roots).await);
    }
}

async fn outcomes(store: &Path) -> Vec<String> {
    let ca_file = store.join("ca.pem");
    let ca = Ca::named("installed on this machine");
    // Without the folder there is no store.
    if store.exists() {
        fs::write(&ca_file, ca.pem()).unwrap();
    }
    let addr = serve_response(ca.server(), OK).await;
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "system_roots::child_process"])
        .args(["--ignored", "--nocapture", "--quiet"])
        .env("SSL_CERT_FILE", &ca_file)
        .env_remove("SSL_CERT_DIR")
        .env(ADDRESS, addr.to_string())
        .stderr(Stdio::inherit())
        .output()
        .await
        .unwrap();
    let printed = String::from_utf8(child.stdout).unwrap();
    let outcomes = printed.lines().filter(|line| line.contains(": "));
    outcomes.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_machines_authorities_are_trusted_if_the_roots_include_them() {
    let folder = tempfile::tempdir().unwrap();
    let outcomes = outcomes(folder.path()).await;
    let expected = [
        "system: 200 OK",
        "mozilla and system: 200 OK",
        "another and system: 200 OK",
        "another: Tls(UnknownIssuer)",
    ];
    assert_eq!(outcomes[..4], expected);
}

#[tokio::test]
async fn an_unreadable_store_is_an_error_without_other_roots() {
    let outcomes = outcomes(Path::new("/nowhere")).await;
    assert!(
        outcomes[0].contains("no certificate authority could be read from this machine"),
        "{outcomes:?}"
    );
    let untrusted = "Tls(UnknownIssuer)";
    assert_eq!(outcomes[1], format!("mozilla and system: {untrusted}"));
    assert_eq!(outcomes[2], format!("another and system: {untrusted}"));
}
