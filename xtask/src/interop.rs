//! `cargo xtask interop`: clients that are not ours, each in its own language, against the sandbox.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::{readme::is_media_id, workspace::Workspace};

/// Programs of docs/clients: the name, a command that succeeds where the language is there, and what
/// uploads `$picture`, after fetching what the language lacks. All are for a shell in a folder that is
/// empty, with `$clients` for docs/clients.
#[rustfmt::skip]
const CLIENTS: &[(&str, &str, &str)] = &[
    ("curl", "openssl version", "sh $clients/upload.sh $picture"),
    ("Python, requests", "python3 -m venv --help",
        "python3 -m venv venv && venv/bin/pip install --quiet requests &&
         venv/bin/python3 $clients/upload.py $picture"),
    ("Node", "node --version", "node $clients/upload.mjs $picture"),
    // A package is looked for beside the program that asks for it.
    ("Node, wechatpay-axios-plugin, MD5", "npm --version",
        "npm install --silent wechatpay-axios-plugin@0.9 >&2 &&
         cp $clients/wechatpay-axios-plugin.cjs . && node wechatpay-axios-plugin.cjs $picture MD5"),
    ("Node, wechatpay-axios-plugin, HMAC", "npm --version",
        "npm install --silent wechatpay-axios-plugin@0.9 >&2 &&
         cp $clients/wechatpay-axios-plugin.cjs . &&
         node wechatpay-axios-plugin.cjs $picture HMAC-SHA256"),
    ("PHP, curl",
        "php -r 'exit(class_exists(\"CURLStringFile\") &&
         function_exists(\"simplexml_load_string\") ? 0 : 1);'",
        "php $clients/upload.php $picture"),
    ("Java, java.net.http", "javac --version", "java $clients/Upload.java $picture"),
    ("Go, net/http", "go version", "go run $clients/upload.go $picture"),
    ("C#, HttpClient", "dotnet --version",
        "dotnet new console --output . >&2 && cp $clients/Upload.cs Program.cs &&
         dotnet run $picture"),
];

/// Runs every client that this machine has the tools for, and reports all.
pub(crate) fn run(ws: &Workspace) -> Result<()> {
    let sh = &ws.sh;
    cmd!(ws, "cargo build --locked --bin wxpay").run()?;
    sh.remove_path("target/interop")?;
    let sandbox = Sandbox::start(ws.root())?;
    let mut failed = 0;
    for (name, probe, upload) in CLIENTS {
        let probed = cmd!(ws, "sh -c {probe}").ignore_status().output();
        let outcome = if !probed.is_ok_and(|output| output.status.success()) {
            format!(
                "skipped: no usable `{}`",
                probe.split(' ').next().unwrap_or_default()
            )
        } else if let Err(error) = sandbox.upload(sh, name, upload) {
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

/// `wxpay sandbox`, for as long as it is needed.
struct Sandbox {
    process: Child,
    root: PathBuf,
}

impl Sandbox {
    /// Starts it on a free port and waits until it listens.
    fn start(root: &Path) -> Result<Self> {
        let target = env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
        let mut wxpay = Command::new(root.join(target).join("debug/wxpay"));
        wxpay
            .current_dir(root)
            .args(["sandbox", "--listen", "127.0.0.1:0"]);
        wxpay
            .args(["--dir", "target/interop/sandbox"])
            .stdin(Stdio::null());
        let wxpay = wxpay.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = wxpay.context("cannot start `wxpay sandbox`")?;
        let stdout = process.stdout.take().context("no standard output")?;
        let sandbox = Self {
            process,
            root: root.to_owned(),
        };
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let listens = lines.any(|line| line.starts_with("listening on "));
        ensure!(listens, "`wxpay sandbox` ended before it listened");
        // Read on, or the next line that it prints would end it.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(sandbox)
    }

    /// Uploads one picture and looks for a media id on standard output.
    fn upload(&self, sh: &Shell, name: &str, script: &str) -> Result<()> {
        let folder = self
            .root
            .join("target/interop")
            .join(name.replace([' ', ',', '#'], "_"));
        let _folder = sh.push_dir(sh.create_dir(folder)?);
        let script = format!(". ../sandbox/env && {script}");
        let shell = cmd!(sh, "sh -c {script}").env("clients", "../../../docs/clients");
        let shell = shell.env("picture", "../../../examples/licence.jpg");
        let output = shell.ignore_status().output()?;
        let printed = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let all = format!("{printed}\n{}", String::from_utf8_lossy(&output.stderr));
            let said: Vec<_> = all.lines().filter(|line| !line.trim().is_empty()).collect();
            bail!("{}", said[said.len().saturating_sub(4)..].join(" / "));
        }
        ensure!(
            is_media_id(printed.trim()),
            "printed no media id but {printed:?}"
        );
        Ok(())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
