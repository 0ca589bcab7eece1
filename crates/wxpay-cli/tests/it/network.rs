//! Endpoints, attempts, addresses and proxies.

use std::{net::TcpListener, path::Path, process::Command};

use crate::program::{PNG, Runnable};
use crate::sandbox::Sandbox;

fn upload(folder: &Path) -> Command {
    let mut command = Sandbox::client(folder, "upload --json");
    command.arg(PNG);
    command
}

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A sandbox with another name, its endpoint, and the words to reach it.
fn elsewhere() -> (Sandbox, String, String) {
    let sandbox = Sandbox::new("--host gateway.test");
    let port = sandbox.origin.rsplit_once(':').unwrap().1;
    let endpoint = format!("https://gateway.test:{port}");
    let words = format!("--endpoint {endpoint} --resolve gateway.test:{port}:127.0.0.1");
    (sandbox, endpoint, words)
}

#[test]
fn the_second_endpoint_stands_in_and_is_named() {
    let sandbox = Sandbox::new("");
    let nobody = nobody();
    let both = format!("--endpoint https://{nobody} --endpoint {}", sandbox.origin);
    let run = upload(sandbox.folder()).with(&both).assert_exit(0);
    let line = run.json_line();
    assert_eq!(line["attempts"], 2, "{run:?}");
    assert_eq!(line["endpoint"], sandbox.origin.as_str());
    assert_eq!(run.err, "", "nothing is wrong");
    let listed = format!("WXPAY_ENDPOINT=https://{nobody},{}", sandbox.origin);
    upload(sandbox.folder()).with(&listed).assert_exit(0);
}

#[test]
fn retries_are_as_many_as_the_flag_says() {
    let sandbox = Sandbox::new("--fault system-error,next=2");
    let run = upload(sandbox.folder()).with("--retries 0").assert_exit(1);
    let line = run.json_line();
    assert_eq!(line["error"]["code"], "SYSTEMERROR");
    assert_eq!(line["error"]["retryable"], true);
    let run = upload(sandbox.folder()).assert_exit(0);
    assert_eq!(run.json_line()["attempts"], 2, "{run:?}");
}

#[test]
fn a_proxy_is_used_if_one_is_named() {
    let (sandbox, endpoint, elsewhere) = elsewhere();
    let nobody = nobody();
    let environment = format!("HTTPS_PROXY=http://{nobody}");
    // A proxy of the environment is not for this machine.
    for words in [
        &format!("--proxy http://{nobody} NO_PROXY=*"),
        &format!("{environment} {elsewhere}"),
    ] {
        let mut command = upload(sandbox.folder());
        let run = command.with(words).with("--retries 0").assert_exit(1);
        let error = run.json_line()["error"].clone();
        assert_eq!(error["kind"], "connect", "{run:?}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("proxy"), "{run:?}");
    }
    for (words, used) in [
        (&*environment, &*sandbox.origin),
        (&format!("{environment} NO_PROXY=*"), &sandbox.origin),
        (&elsewhere, &endpoint),
        (
            &format!("{environment} {elsewhere} NO_PROXY=gateway.test"),
            &endpoint,
        ),
        (&format!("{environment} {elsewhere} NO_PROXY=*"), &endpoint),
    ] {
        let run = upload(sandbox.folder()).with(words).assert_exit(0);
        assert_eq!(run.json_line()["endpoint"], *used);
    }
}

#[test]
fn wrong_usage_is_status_2() {
    let sandbox = Sandbox::new("");
    for words in [
        "--region moon",
        "--region us --endpoint https://localhost",
        "--resolve localhost:443",
        "--retries -1",
        "--proxy https://localhost",
        "--proxy http://user:password@localhost",
        "--proxy-auth-file nowhere",
        "--sandbox --p12 nowhere",
    ] {
        let run = upload(sandbox.folder()).with(words).assert_exit(2);
        run.assert_not("password@");
    }
}
