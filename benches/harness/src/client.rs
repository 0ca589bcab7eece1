//! The clients: ours, the peers, and the bound.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::ensure;

use crate::machine::version;

pub(crate) const BOUND: &str = "bound";
pub(crate) const OURS: &str = "ours";
pub(crate) const PROGRAM: &str = "wxpay upload";
pub(crate) const REQWEST: &str = "reqwest";
pub(crate) const PYTHON: &str = "Python's requests";
pub(crate) const CURL_FOR_EACH: &str = "curl, one for each";
pub(crate) const CURL_FOR_ALL: &str = "curl, one for all";
const GO: &str = "Go's net/http";
const PHP: &str = "PHP's curl";

const API_KEY: &str = "192006250b4c09247ec02edce69f6a2d";

/// The uploads that a client has to make.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    pub(crate) origin: String,
    /// The folder of the certificates, which also takes temporary files.
    pub(crate) folder: &'a Path,
    pub(crate) pictures: Vec<PathBuf>,
    pub(crate) concurrency: usize,
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
    /// A command that takes origin, folder, pictures, count and concurrency.
    Peer(Vec<OsString>),
    Program(PathBuf),
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

    pub(crate) fn command(&self, work: &Work<'_>, count: usize) -> anyhow::Result<Vec<OsString>> {
        let concurrency = work.concurrency.to_string();
        let pictures = work.pictures.iter().cycle().take(count);
        Ok(match &self.kind {
            Kind::Peer(words) => {
                let pictures: Vec<_> = work.pictures.iter().map(|it| it.as_os_str()).collect();
                let mut words = words.clone();
                words.extend([
                    work.origin.clone().into(),
                    work.folder.into(),
                    pictures.join(",".as_ref()),
                    count.to_string().into(),
                    concurrency.into(),
                ]);
                words
            }
            Kind::Program(program) => {
                let key = work.folder.join("api_key.txt");
                fs::write(&key, API_KEY)?;
                let mut words: Vec<OsString> = vec![program.into(), "upload".into()];
                words.extend(["--endpoint".into(), work.origin.clone().into()]);
                words.extend(["--mch-id".into(), "1900000109".into()]);
                words.extend(["--concurrency".into(), concurrency.into()]);
                words.extend(["--api-key-file".into(), key.into()]);
                for (flag, file) in [
                    ("--cert", "client.pem"),
                    ("--key", "client.key"),
                    ("--ca", "ca.pem"),
                ] {
                    words.extend([flag.into(), work.folder.join(file).into()]);
                }
                words.extend(pictures.map(Into::into));
                words
            }
            // As in a shell script: one process for each picture, `concurrency` of them at a time.
            Kind::CurlForEach => {
                let config = work.folder.join("curl-one.conf");
                fs::write(&config, curl_upload(work, &work.pictures[0]))?;
                let config = config.display();
                let script =
                    format!("seq {count} | xargs -P {concurrency} -I@ curl --config {config}");
                vec!["sh".into(), "-c".into(), script.into()]
            }
            Kind::CurlForAll => {
                let config = work.folder.join("curl-all.conf");
                let uploads: Vec<_> = pictures.map(|it| curl_upload(work, it)).collect();
                fs::write(&config, uploads.join("next\n"))?;
                let mut words: Vec<OsString> = vec!["curl".into()];
                if work.concurrency > 1 {
                    words.extend(["--parallel", "--parallel-max", &concurrency].map(Into::into));
                }
                words.extend(["--config".into(), config.into()]);
                words
            }
        })
    }
}

/// curl neither hashes nor signs: the fields are constants, which the server does not check.
fn curl_upload(work: &Work<'_>, picture: &Path) -> String {
    let (origin, folder, picture) = (&work.origin, work.folder.display(), picture.display());
    format!(
        "silent\nfail\noutput = /dev/null\nurl = {origin}/secapi/mch/uploadmedia\n\
         cacert = {folder}/ca.pem\ncert = {folder}/client.pem\nkey = {folder}/client.key\n\
         form = mch_id=1900000109\nform = media_hash=709d1e858d2ef9d0501cc053668b2872\n\
         form = sign_type=HMAC-SHA256\n\
         form = sign=EF01EF4D7F95EBAA05112833E6B783D5DEEB0EC124096474986AC8EED47C63AC\n\
         form = media=@{picture};type=image/png\n"
    )
}

/// The installed clients, and the names of the missing ones. Builds the one in Go.
pub(crate) fn all(
    folder: &Path,
    program: PathBuf,
) -> anyhow::Result<(Vec<Client>, Vec<&'static str>)> {
    let (mut clients, mut missing) = (Vec::new(), Vec::new());
    let mut add = |name, version: Option<String>, kind: Kind| match version {
        Some(version) => clients.push(Client {
            name,
            version,
            kind,
        }),
        None => missing.push(name),
    };
    let rustc = version("rustc", &["--version"]).unwrap_or_default();
    for (name, binary) in [
        (BOUND, "wxpay-bench-bound"),
        (OURS, "wxpay-bench-ours"),
        (REQWEST, "wxpay-bench-reqwest"),
    ] {
        let binary = env::current_exe()?.with_file_name(binary);
        let version = binary.exists().then(|| rustc.clone());
        add(name, version, Kind::Peer(vec![binary.into()]));
    }
    let version_of_program = program.exists().then(|| rustc.clone());
    add(PROGRAM, version_of_program, Kind::Program(program));

    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../peers/scripts");
    let go = version("go", &["version"]);
    if go.is_some() {
        let mut build = Command::new("go");
        build.arg("build").arg("-o").arg(folder.join("go-client"));
        build
            .arg(scripts.join("client.go"))
            .env("GO111MODULE", "off");
        let output = build.output()?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "go build: {complaint}");
    }
    add(GO, go, Kind::Peer(vec![folder.join("go-client").into()]));
    let requests = "import requests, sys; \
                    print(sys.version.split()[0], 'requests', requests.__version__)";
    let python = vec!["python3".into(), scripts.join("client.py").into()];
    add(
        PYTHON,
        version("python3", &["-c", requests]),
        Kind::Peer(python),
    );
    let curl = "echo PHP_VERSION, ' curl ', curl_version()['version'];";
    let php = vec!["php".into(), scripts.join("client.php").into()];
    add(PHP, version("php", &["-r", curl]), Kind::Peer(php));
    // Without its libraries.
    let curl = version("curl", &["--version"]);
    let curl = curl.map(|line| line.split(" (").take(1).collect::<String>());
    add(CURL_FOR_ALL, curl.clone(), Kind::CurlForAll);
    add(CURL_FOR_EACH, curl, Kind::CurlForEach);
    Ok((clients, missing))
}
