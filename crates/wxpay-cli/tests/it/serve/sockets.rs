//! Unix sockets, sockets that systemd hands over, and reports to systemd.

use std::{
    fs,
    net::TcpListener,
    os::{
        fd::OwnedFd,
        unix::{
            fs::PermissionsExt,
            net::{UnixDatagram, UnixListener, UnixStream},
        },
    },
    process::{Command, Stdio},
    time::Duration,
};

use super::{Serve, ask, picture};
use crate::program::{PROGRAM, Runnable, ends, signal, wxpay};

#[test]
fn only_its_permissions_guard_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let words = "--sandbox --socket agent.sock";
    let serve = Serve::start(folder.path(), words);
    assert_eq!(serve.on, ["unix:agent.sock"]);
    assert_eq!(serve.token, "");
    let path = folder.path().join("agent.sock");
    let mode = || path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    let stream = UnixStream::connect(&path).unwrap();
    let (status, answer) = ask(stream, "", "POST /v1/media", &picture());
    assert_eq!(status, 200, "{answer}");
    let refused = |word| {
        let mut second = wxpay("serve");
        second.with(words).current_dir(folder.path());
        second.assert_exit(2).assert_err(word);
    };
    refused("another process listens there");
    assert_eq!(serve.stop("TERM"), Some(0));
    assert!(!path.exists());
    // The socket of a killed process is replaced, anything else is not.
    drop(UnixListener::bind(&path).unwrap());
    let both = format!("{words} --socket-mode 660 --listen 127.0.0.1:0");
    let both = Serve::start(folder.path(), &both);
    assert_eq!(mode(), 0o660);
    assert_eq!(both.on[0], "unix:agent.sock");
    assert!(both.on[1].starts_with("http://"), "{:?}", both.on);
    drop(both);
    fs::remove_file(&path).unwrap();
    fs::write(&path, "a file").unwrap();
    refused("no socket");
    assert_eq!(fs::read_to_string(&path).unwrap(), "a file");
}

#[test]
fn systemd_hands_a_socket_over_and_gets_the_states() {
    let folder = tempfile::tempdir().unwrap();
    let reports = UnixDatagram::bind(folder.path().join("notify")).unwrap();
    let timeout = Some(Duration::from_secs(60));
    reports.set_read_timeout(timeout).unwrap();
    let next_report = || {
        let mut bytes = [0; 64];
        let length = reports.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = socket.local_addr().unwrap();
    // As systemd does: the socket is descriptor 3 of a process that knows its own id.
    let script = format!(
        "exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec {PROGRAM} serve --sandbox --token-file token"
    );
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env("NOTIFY_SOCKET", "notify")
        .stdin(OwnedFd::from(socket))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert_eq!(next_report(), "READY=1");
    let token = fs::read_to_string(folder.path().join("token")).unwrap();
    let stream = std::net::TcpStream::connect(addr).unwrap();
    let (status, answer) = ask(stream, token.trim_end(), "POST /v1/media", &picture());
    assert_eq!(status, 200, "{answer}");
    signal(child.id(), "TERM");
    assert_eq!(next_report(), "STOPPING=1");
    assert_eq!(ends(&mut child), Some(0));
}
