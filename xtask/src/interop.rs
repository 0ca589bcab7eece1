//! `cargo xtask interop`: runs the clients of docs/clients, in their languages, against the
//! sandbox.

use anyhow::{Result, bail, ensure};
use xshell::cmd;

use crate::readme::is_media_id;
use crate::workspace::Workspace;

/// The name, a command that succeeds if the language is installed, and a script that fetches
/// missing packages and uploads `$picture`. Both run in a shell, in an empty folder; `$clients` is
/// docs/clients.
#[rustfmt::skip]
const CLIENTS: &[(&str, &str, &str)] = &[
    ("curl", "openssl version", "sh $clients/upload.sh $picture"),
    ("Python, requests", "python3 -m venv --help",
        "python3 -m venv venv && venv/bin/pip install --quiet requests &&
         venv/bin/python3 $clients/upload.py $picture"),
    ("Node", "node --version", "node $clients/upload.mjs $picture"),
    // Node looks for a package beside the program that imports it.
    ("Node, wechatpay-axios-plugin", "npm --version",
        "npm install --silent wechatpay-axios-plugin@0.9 >&2 &&
         cp $clients/wechatpay-axios-plugin.cjs . && for type in MD5 HMAC-SHA256; do
         node wechatpay-axios-plugin.cjs $picture $type || exit; done"),
    ("PHP, curl",
        "php -r 'exit(class_exists(\"CURLStringFile\") &&
         function_exists(\"simplexml_load_string\") ? 0 : 1);'",
        "php $clients/upload.php $picture"),
    ("Java, java.net.http", "javac --version", "java $clients/Upload.java $picture"),
    ("Go, net/http", "go version", "go run $clients/upload.go $picture"),
    ("C#, HttpClient", "dotnet --version",
        "dotnet new console --output . >&2 && cp $clients/Upload.cs Program.cs &&
         dotnet run $picture"),
    ("serve, curl", "curl --version", "sh $clients/serve.sh $picture"),
    ("serve, Python", "python3 --version", "python3 $clients/serve.py $picture"),
    ("serve, Node", "node --version", "node $clients/serve.mjs $picture"),
    ("serve, PHP", "php -r 'exit(function_exists(\"curl_init\") ? 0 : 1);'",
        "php $clients/serve.php $picture"),
    ("serve, Java", "javac --version", "java $clients/Serve.java $picture"),
    ("serve, Go", "go version", "go run $clients/serve.go $picture"),
];

/// Starts `wxpay serve`, sets the variables for the client that follows, and stops it after the
/// client.
const SERVE: &str = "
    $wxpay serve --sandbox --listen 127.0.0.1:0 --token-file token >first &
    trap \"kill $!\" EXIT
    until grep -q '^listening' first; do kill -0 $! || exit; sleep 0.1; done
    export WXPAY_SERVE=$(sed 's/^listening on //;q' first) WXPAY_SERVE_TOKEN_FILE=token;
";

pub(crate) fn run(ws: &Workspace) -> Result<()> {
    ws.run("cargo build --locked --bin wxpay --target-dir target")?;
    ws.sh.remove_path("target/interop")?;
    let mut failed = 0;
    for (name, probe, script) in CLIENTS {
        let probed = cmd!(ws, "sh -c {probe}").ignore_status().output();
        let outcome = if !probed.is_ok_and(|output| output.status.success()) {
            format!("skipped: no {}", probe.split(' ').next().unwrap_or(probe))
        } else if let Err(error) = upload(ws, name, script) {
            failed += 1;
            format!("FAILED: {error:#}")
        } else {
            "ok".to_owned()
        };
        println!("{name:34}  {outcome}");
    }
    ensure!(failed == 0, "{failed} of {} clients failed", CLIENTS.len());
    Ok(())
}

fn upload(ws: &Workspace, name: &str, script: &str) -> Result<()> {
    let folder = format!("target/interop/{}", name.replace([' ', ',', '#', '/'], "_"));
    let _folder = ws.sh.push_dir(ws.sh.create_dir(folder)?);
    let wxpay = ws.root().join("target/debug/wxpay");
    let client = match name.starts_with("serve") {
        true => ws.cmd("sh").args(["-c", &format!("{SERVE}{script}")]),
        false => ws.cmd(&wxpay).args(["sandbox", "--", "sh", "-c", script]),
    };
    let client = client.env("wxpay", wxpay);
    let client = client.env("clients", "../../../docs/clients");
    let client = client.env("picture", "../../../examples/licence.jpg");
    let output = client.ignore_status().output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let is_uploaded = !printed.is_empty() && printed.lines().all(is_media_id);
    if !output.status.success() || !is_uploaded {
        let all = format!("{printed}\n{}", String::from_utf8_lossy(&output.stderr));
        let said: Vec<_> = all.lines().filter(|line| !line.trim().is_empty()).collect();
        bail!("{}", said[said.len().saturating_sub(4)..].join(" / "));
    }
    Ok(())
}
