//! Endpoints, attempts, addresses and proxies.

use std::{net::TcpListener, path::Path, process::Command};

use crate::program::{RunToEnd, example, text};
use crate::sandbox::Sandbox;

fn upload(folder: &Path) -> Command {
    Sandbox::client(folder, &["upload", "--json", text(&example("licence.png"))])
}

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A sandbox by another name, and how to reach it.
fn elsewhere(folder: &Path) -> (Sandbox, String, String) {
    let sandbox = Sandbox::in_folder_with(folder, &["--host", "gateway.test"]);
    let port = sandbox.origin.rsplit_once(':').unwrap().1;
    let endpoint = format!("https://gateway.test:{port}");
    let settings = format!("--endpoint {endpoint} --resolve gateway.test:{port}:127.0.0.1");
    (sandbox, endpoint, settings)
}

#[test]
fn the_second_endpoint_stands_in_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::in_folder(folder.path());
    let nobody = nobody();
    let both = format!("--endpoint https://{nobody} --endpoint {}", sandbox.origin);
    let run = upload(folder.path()).with(&both).assert_exit(0);
    let [line] = run.json().try_into().unwrap();
    assert_eq!(line["attempts"], 2, "{run:?}");
    assert_eq!(line["endpoint"], sandbox.origin.as_str());
    assert_eq!(run.err, "", "nothing is wrong");
    let listed = format!("WXPAY_ENDPOINT=https://{nobody},{}", sandbox.origin);
    upload(folder.path()).with(&listed).assert_exit(0);
}

#[test]
fn a_fault_that_passes_is_repeated_as_often_as_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    let fault = ["--fault", "system-error,next=2"];
    let _sandbox = Sandbox::in_folder_with(folder.path(), &fault);
    let run = upload(folder.path()).with("--retries 0").assert_exit(1);
    let [line] = run.json().try_into().unwrap();
    assert_eq!(line["error"]["code"], "SYSTEMERROR");
    assert_eq!(line["error"]["retryable"], true);
    let run = upload(folder.path()).assert_exit(0);
    let [line] = run.json().try_into().unwrap();
    assert_eq!(line["attempts"], 2, "{run:?}");
}

#[test]
fn names_are_resolved_as_the_caller_says() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, endpoint, settings) = elsewhere(folder.path());
    let run = upload(folder.path()).with(&settings).assert_exit(0);
    assert_eq!(run.json()[0]["endpoint"], endpoint.as_str());
}

#[test]
fn a_proxy_is_used_where_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, _, elsewhere) = elsewhere(folder.path());
    let nobody = nobody();
    let environment = format!("HTTPS_PROXY=http://{nobody}");
    // One of the environment is for what is not on this machine.
    for settings in [
        &format!("--proxy http://{nobody} NO_PROXY=*"),
        &format!("{environment} {elsewhere}"),
    ] {
        let mut command = upload(folder.path());
        let run = command.with(settings).with("--retries 0").assert_exit(1);
        let error = run.json()[0]["error"].clone();
        assert_eq!(error["kind"], "connect", "{run:?}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("proxy"), "{run:?}");
    }
    for settings in [
        &environment,
        &format!("{environment} {elsewhere} NO_PROXY=gateway.test"),
        &format!("{environment} {elsewhere} NO_PROXY=*"),
        &format!("{environment} NO_PROXY=*"),
    ] {
        upload(folder.path()).with(settings).assert_exit(0);
    }
}

#[test]
fn wrong_usage_is_status_2() {
    let sandbox = Sandbox::new(&[]);
    for settings in [
        "--region moon",
        "--region us --endpoint https://localhost",
        "--resolve localhost:443",
        "--retries -1",
        "--proxy https://localhost",
        "--proxy http://user:password@localhost",
        "--proxy-auth-file nowhere",
        "--sandbox --p12 nowhere",
    ] {
        let run = upload(sandbox.folder()).with(settings).assert_exit(2);
        run.assert_not_err("password@");
    }
}
