//! The clients: ours, the peers, and the bound.

mod curl;

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};

use crate::{
    arguments::Arguments,
    machine::{Pinning, version},
};

/// What a client is asked to do.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    pub(crate) origin: String,
    /// Where the certificates are, and where files may be written.
    pub(crate) folder: &'a Path,
    pub(crate) pictures: Vec<PathBuf>,
    pub(crate) count: usize,
    pub(crate) concurrency: usize,
}

/// How many uploads are worth waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    Fast,
    Slow,
}

/// A program that uploads pictures.
#[derive(Debug)]
pub(crate) struct Client {
    name: &'static str,
    version: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// It takes origin, folder, pictures, count and concurrency, after these words.
    Ours(Vec<OsString>),
    CurlForEach,
    CurlForAll,
}

impl Client {
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn pace(&self) -> Pace {
        match self.kind {
            Kind::CurlForEach => Pace::Slow,
            _ => Pace::Fast,
        }
    }

    pub(crate) fn command(
        &self,
        work: &Work<'_>,
        pinning: &Pinning,
    ) -> anyhow::Result<Vec<OsString>> {
        let words = match &self.kind {
            Kind::Ours(words) => {
                let mut pictures = OsString::new();
                for (index, picture) in work.pictures.iter().enumerate() {
                    if index > 0 {
                        pictures.push(",");
                    }
                    pictures.push(picture);
                }
                let mut words = words.clone();
                words.extend([
                    work.origin.clone().into(),
                    work.folder.into(),
                    pictures,
                    work.count.to_string().into(),
                    work.concurrency.to_string().into(),
                ]);
                words
            }
            Kind::CurlForEach => curl::for_each(work)?,
            Kind::CurlForAll => curl::for_all(work)?,
        };
        let (program, arguments) = words.split_first().context("an empty command")?;
        let mut command = pinning.client(program.clone());
        command.extend(arguments.iter().cloned());
        Ok(command)
    }
}

/// Those that are there, and what is not.
#[derive(Debug)]
pub(crate) struct Clients {
    there: Vec<Client>,
    missing: Vec<&'static str>,
    program: Option<PathBuf>,
}

impl Clients {
    pub(crate) fn there(&self) -> &[Client] {
        &self.there
    }

    pub(crate) fn missing(&self) -> &[&'static str] {
        &self.missing
    }

    /// The program `wxpay`.
    pub(crate) fn program(&self) -> Option<&Path> {
        self.program.as_deref()
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Client> {
        self.there.iter().find(|client| client.name == name)
    }
}

pub(crate) const BOUND: &str = "bound";
pub(crate) const OURS: &str = "ours";
pub(crate) const REQWEST: &str = "reqwest";
pub(crate) const CURL_FOR_EACH: &str = "curl, one for each";

/// Looks for every client, and builds what is built without cargo.
pub(crate) fn all(folder: &Path, arguments: &Arguments) -> anyhow::Result<Clients> {
    let mut clients = Clients {
        there: Vec::new(),
        missing: Vec::new(),
        program: arguments.program.clone(),
    };
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../peers/scripts");
    let mut add = |name, version: Option<String>, kind: Kind| match version {
        _ if !arguments.wants(name) => {}
        Some(version) => clients.there.push(Client {
            name,
            version,
            kind,
        }),
        None => clients.missing.push(name),
    };

    for (name, binary) in [
        (BOUND, "wxpay-bench-bound"),
        (OURS, "wxpay-bench-ours"),
        (REQWEST, "wxpay-bench-reqwest"),
    ] {
        let binary = env::current_exe()?.with_file_name(binary);
        let version = binary.exists().then(rustc);
        add(name, version, Kind::Ours(vec![binary.into()]));
    }
    add(
        "Go's net/http",
        version("go", &["version"]),
        Kind::Ours(vec![folder.join("go-client").into()]),
    );
    add(
        "Python's requests",
        version(
            "python3",
            &[
                "-c",
                "import requests, sys; print(sys.version.split()[0], 'requests', requests.__version__)",
            ],
        ),
        Kind::Ours(vec!["python3".into(), scripts.join("client.py").into()]),
    );
    add(
        "PHP's curl",
        version(
            "php",
            &[
                "-r",
                "echo PHP_VERSION, ' curl ', curl_version()['version'];",
            ],
        ),
        Kind::Ours(vec!["php".into(), scripts.join("client.php").into()]),
    );
    let curl = version("curl", &["--version"]);
    // Without its libraries.
    let curl = curl.map(|line| line.split(" (").take(1).collect::<String>());
    add("curl, one for all", curl.clone(), Kind::CurlForAll);
    add(CURL_FOR_EACH, curl, Kind::CurlForEach);

    if clients.named("Go's net/http").is_some() {
        build_go(&scripts.join("client.go"), &folder.join("go-client"))?;
    }
    Ok(clients)
}

fn build_go(source: &Path, program: &Path) -> anyhow::Result<()> {
    let output = Command::new("go")
        .arg("build")
        .arg("-o")
        .arg(program)
        .arg(source)
        .env("GO111MODULE", "off")
        .output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "go build: {complaint}");
    Ok(())
}

fn rustc() -> String {
    version("rustc", &["--version"]).unwrap_or_default()
}
