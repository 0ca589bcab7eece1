//! The machine's own store, which a variable of the environment can move: only a process of its own
//! can be given one.

use std::{env, fs, path::Path, process::Stdio};

use tokio::process::Command;
use wxpay_transport::{ErrorKind, Roots, TlsErrorKind, Transport, TransportBuilder};

use crate::support::{Ca, OK, call, serve_reply};

const ADDRESS: &str = "TEST_ADDRESS";

async fn outcome(roots: Roots) -> String {
    let addr = env::var(ADDRESS).unwrap().parse().unwrap();
    let builder: TransportBuilder = Transport::builder().roots(roots);
    match call(builder, addr).await {
        Ok(reply) => reply.status().to_string(),
        Err(error) if error.kind() == ErrorKind::Tls(TlsErrorKind::NoRoots) => error.to_string(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

#[tokio::test]
#[ignore = "a part of the next test, in a process that it starts"]
#[expect(clippy::print_stdout, reason = "what the other process reads")]
async fn in_a_process_of_its_own() {
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
    // A store that is there, or none.
    if store.exists() {
        fs::write(&ca_file, ca.pem()).unwrap();
    }
    let addr = serve_reply(ca.server(), OK).await;
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "system_roots::in_a_process_of_its_own"])
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
async fn authorities_installed_on_the_machine_are_trusted_where_they_are_asked_for() {
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
async fn a_store_that_cannot_be_read_is_an_error_only_when_there_is_no_other() {
    let outcomes = outcomes(Path::new("/nowhere")).await;
    assert!(
        outcomes[0].contains("no certificate authority could be read from this machine"),
        "{outcomes:?}"
    );
    let untrusted = "Tls(UnknownIssuer)";
    assert_eq!(outcomes[1], format!("mozilla and system: {untrusted}"));
    assert_eq!(outcomes[2], format!("another and system: {untrusted}"));
}
