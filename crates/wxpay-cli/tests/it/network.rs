//! Endpoints, attempts, addresses and proxies.

use std::{net::TcpListener, path::Path, process::Command};

use crate::program::{RunToEnd, example, text, wxpay};
use crate::sandbox::Sandbox;

fn upload(folder: &Path) -> Command {
    let mut command = wxpay(["upload", "--json", text(&example("licence.png"))]);
    command.envs(Sandbox::variables(folder));
    command
}

/// An origin at which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("https://{}", listener.local_addr().unwrap())
}

#[test]
fn the_second_endpoint_stands_in_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::in_folder(folder.path());
    let both = ["--endpoint", &nobody(), "--endpoint", &sandbox.origin];
    let run = upload(folder.path()).args(both).run().exits(0);
    let [line] = run.json().try_into().unwrap();
    assert_eq!(line["attempts"], 2, "{run:?}");
    assert_eq!(line["endpoint"], sandbox.origin.as_str());
    assert_eq!(run.err, "", "nothing is wrong");
    let listed = format!("{},{}", nobody(), sandbox.origin);
    upload(folder.path())
        .env("WXPAY_ENDPOINT", listed)
        .run()
        .exits(0);
}

#[test]
fn a_fault_that_passes_is_repeated_as_often_as_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "--dir",
        text(folder.path()),
        "--fault",
        "system-error,next=2",
    ];
    let _sandbox = Sandbox::start(&arguments);
    let run = upload(folder.path())
        .args(["--retries", "0"])
        .run()
        .exits(1);
    let [line] = run.json().try_into().unwrap();
    assert_eq!(line["error"]["code"], "SYSTEMERROR");
    assert_eq!(line["error"]["retryable"], true);
    let run = upload(folder.path()).run().exits(0);
    let [line] = run.json().try_into().unwrap();
    assert_eq!(line["attempts"], 2, "{run:?}");
}

#[test]
fn names_are_resolved_as_the_caller_says() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--dir", text(folder.path()), "--host", "gateway.test"];
    let sandbox = Sandbox::start(&arguments);
    let port = sandbox.origin.rsplit_once(':').unwrap().1;
    let endpoint = format!("https://gateway.test:{port}");
    let resolve = format!("gateway.test:{port}:127.0.0.1");
    let run = upload(folder.path())
        .args(["--endpoint", &endpoint, "--resolve", &resolve])
        .run()
        .exits(0);
    assert_eq!(run.json()[0]["endpoint"], endpoint.as_str());
}

#[test]
fn a_proxy_is_used_where_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--dir", text(folder.path()), "--host", "gateway.test"];
    let sandbox = Sandbox::start(&arguments);
    let nobody = nobody().replace("https", "http");
    let failed = |command: &mut Command| {
        let run = command.args(["--retries", "0"]).run().exits(1);
        let error = run.json()[0]["error"].clone();
        assert_eq!(error["kind"], "connect", "{run:?}");
        assert!(
            error["message"].as_str().unwrap().contains("proxy"),
            "{run:?}"
        );
    };
    failed(upload(folder.path()).args(["--proxy", &nobody]));
    // Of the environment for what is not on this machine.
    upload(folder.path())
        .env("HTTPS_PROXY", &nobody)
        .run()
        .exits(0);
    let port = sandbox.origin.rsplit_once(':').unwrap().1;
    let endpoint = format!("https://gateway.test:{port}");
    let resolve = format!("gateway.test:{port}:127.0.0.1");
    let elsewhere = ["--endpoint", &endpoint, "--resolve", &resolve];
    failed(
        upload(folder.path())
            .args(elsewhere)
            .env("HTTPS_PROXY", &nobody),
    );
    upload(folder.path())
        .args(elsewhere)
        .env("HTTPS_PROXY", &nobody)
        .env("NO_PROXY", "gateway.test")
        .run()
        .exits(0);
}

#[test]
fn wrong_usage_is_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let _sandbox = Sandbox::in_folder(folder.path());
    for arguments in [
        &["--region", "moon"][..],
        &["--region", "us", "--endpoint", "https://localhost"],
        &["--resolve", "localhost:443"],
        &["--retries", "-1"],
        &["--proxy", "https://localhost"],
        &["--proxy", "http://user:password@localhost"],
        &["--proxy-auth-file", "nowhere"],
        &["--sandbox", "--p12", "nowhere"],
    ] {
        let run = upload(folder.path()).args(arguments).run().exits(2);
        assert!(!run.err.contains("password@"), "{run:?}");
    }
    // Several regions' worth of endpoints, and more than there can be.
    let many: Vec<_> = (1..10)
        .map(|port| format!("https://localhost:{port}"))
        .collect();
    upload(folder.path())
        .env("WXPAY_ENDPOINT", many.join(","))
        .run()
        .exits(2);
}
