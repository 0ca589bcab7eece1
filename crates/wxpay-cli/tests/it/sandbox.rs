//! `wxpay sandbox`, from the files it writes to the curl command it prints.

#[cfg(unix)]
mod calls;
#[cfg(unix)]
mod scripts;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use tempfile::TempDir;

use crate::program::{KEY, Run, RunToEnd, ends, example, signal, text, wait, wxpay};

pub(crate) struct Sandbox {
    child: Option<Child>,
    folder: Option<TempDir>,
    out: BufReader<ChildStdout>,
    pub(crate) origin: String,
}

impl Sandbox {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, Stdio::null())
    }

    pub(crate) fn start_with(arguments: &[&str], log: Stdio) -> Self {
        let mut child = wxpay(["sandbox", "--listen", "127.0.0.1:0"])
            .args(arguments)
            // As on a machine with one core.
            .env("TOKIO_WORKER_THREADS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let origin = line
            .trim_end()
            .strip_prefix("listening on ")
            .expect(&line)
            .to_owned();
        Self {
            child: Some(child),
            folder: None,
            out,
            origin,
        }
    }

    /// In a folder that goes with it.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut sandbox = Self::in_folder_with(folder.path(), arguments);
        sandbox.folder = Some(folder);
        sandbox
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self::in_folder_with(folder, &[])
    }

    pub(crate) fn in_folder_with(folder: &Path, arguments: &[&str]) -> Self {
        Self::start(&[&["--dir", text(folder)], arguments].concat())
    }

    /// The program in the folder of a sandbox, with its settings.
    pub(crate) fn client(folder: &Path, arguments: &[&str]) -> Command {
        let mut command = wxpay(arguments.iter().copied());
        command.envs(Self::variables(folder)).current_dir(folder);
        command
    }

    /// What the `env` file in its folder sets, which is quoted for a shell.
    pub(crate) fn variables(folder: &Path) -> Vec<(String, String)> {
        let env = fs::read_to_string(folder.join("env")).unwrap();
        let variable = |line: &str| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            // What keeps a proxy away is an expression of the shell's.
            name.starts_with("WXPAY_").then_some(())?;
            Some((name.to_owned(), value.trim_matches('\'').to_owned()))
        };
        env.lines().filter_map(variable).collect()
    }

    /// The next lines up to the one that starts so, and that one.
    pub(crate) fn line(&mut self, start: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(
                self.out.read_line(&mut line).unwrap() > 0,
                "no line starts with {start}"
            );
            if line.starts_with(start) {
                return line;
            }
        }
    }

    /// The same without reading what it prints, up to its end.
    #[cfg(unix)]
    fn stop_unread(mut self, name: &str) -> Run {
        let mut child = self.child.take().unwrap();
        signal(child.id(), name);
        let (_out, _err) = (child.stdout.take(), child.stderr.take());
        let status = ends(&mut child);
        Run {
            status,
            out: String::new(),
            err: String::new(),
        }
    }

    #[cfg(unix)]
    fn stop(mut self, name: &str) -> Run {
        let child = self.child.take().unwrap();
        signal(child.id(), name);
        wait(child)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A start on a folder that must not be taken.
fn refused_in(folder: &Path) -> Run {
    let arguments = ["sandbox", "--listen", "127.0.0.1:0", "--dir", text(folder)];
    wxpay(arguments).assert_exit(2)
}

#[cfg(unix)]
fn shell(script: &str) -> Run {
    Command::new("sh").args(["-c", script]).run()
}

#[cfg(unix)]
const FILES: [&str; 5] = [
    "ca.pem",
    "ca_key.pem",
    "apiclient_cert.pem",
    "apiclient_key.pem",
    "api_key.txt",
];

#[cfg(unix)]
#[test]
fn the_env_file_is_all_that_an_upload_needs() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("it's a folder");
    let _sandbox = Sandbox::in_folder(&dir);
    let env = dir.join("env").to_str().unwrap().replace('\'', r"'\''");
    let (program, picture) = (env!("CARGO_BIN_EXE_wxpay"), example("licence.jpg"));
    for sign_type in ["md5", "hmac-sha256"] {
        let script = format!(
            ". '{env}' && cd / && '{program}' upload --sign-type {sign_type} '{}'",
            picture.canonicalize().unwrap().display()
        );
        shell(&script).assert_exit(0);
    }
}

#[cfg(unix)]
#[test]
fn the_printed_curl_command_works_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    // Marks of the shell's and of curl's own.
    for name in ["plain", "it's \"$HOME\"", "a:b;c,d=e\\f"] {
        let mut sandbox = Sandbox::in_folder(&folder.path().join(name));
        let curl = sandbox.line("curl ");
        let run = shell(&format!("{} --silent --show-error", curl.trim_end())).assert_exit(0);
        let done = "<result_code><![CDATA[SUCCESS]]></result_code>";
        run.assert_out(done);
    }
}

#[cfg(unix)]
#[test]
fn the_p12_file_is_opened_by_the_merchant_id() {
    let sandbox = Sandbox::new(&[]);
    let script = format!(
        "curl --silent --show-error --noproxy '*' --cacert '{0}/ca.pem' --cert-type P12 \
         --cert '{0}/apiclient_cert.p12:1900000109' -d '' {1}/secapi/mch/uploadmedia",
        sandbox.folder().display(),
        sandbox.origin
    );
    // The certificate passes, and the form, which comes after it, is refused.
    let run = shell(&script).assert_exit(0);
    run.assert_out("Invalid XML format");
}

#[test]
fn what_is_not_the_sandboxs_is_left_alone() {
    for name in ["apiclient_cert.p12", "env", "sample.png"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), "mine").unwrap();
        let run = refused_in(folder.path());
        run.assert_err(name);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn sandboxes_that_start_together_on_one_folder_share_its_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let folder = folder.path().to_owned();
            std::thread::spawn(move || Sandbox::in_folder(&folder))
        })
        .collect();
    let joined = starts.into_iter().map(|start| start.join().unwrap());
    let sandboxes: Vec<_> = joined.collect();
    let picture = example("licence.png");
    for sandbox in &sandboxes {
        Sandbox::client(folder.path(), &["upload", text(&picture)])
            .env("WXPAY_ENDPOINT", &sandbox.origin)
            .assert_exit(0);
    }
}

#[cfg(target_os = "linux")]
#[cfg(unix)]
#[test]
fn a_log_that_nobody_takes_does_not_end_it() {
    let folder = tempfile::tempdir().unwrap();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut sandbox = Sandbox::start_with(&["--dir", text(folder.path())], full.into());
    let curl = sandbox.line("curl ");
    for _ in 0..3 {
        shell(&format!("{} --silent --show-error", curl.trim_end())).assert_exit(0);
    }
}

#[cfg(unix)]
#[test]
fn a_temporary_folder_is_removed_at_the_end() {
    for name in ["INT", "TERM", "HUP"] {
        let mut sandbox = Sandbox::start(&[]);
        let line = sandbox.line("credentials in ");
        let folder = PathBuf::from(line.trim_end().strip_prefix("credentials in ").unwrap());
        assert!(folder.join("env").exists());
        sandbox.stop(name).assert_exit(0);
        assert!(!folder.exists());
    }
}

#[cfg(unix)]
#[test]
fn started_again_it_keeps_the_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &&str| fs::read(folder.path().join(name)).unwrap();
    let read = || FILES.iter().map(file);
    Sandbox::in_folder(folder.path()).stop("INT").assert_exit(0);
    let before: Vec<_> = read().collect();

    let sandbox = Sandbox::in_folder(folder.path());

    assert_eq!(read().collect::<Vec<_>>(), before);
    let env = fs::read_to_string(folder.path().join("env")).unwrap();
    let endpoint = format!("export WXPAY_ENDPOINT='{}'\n", sandbox.origin);
    assert!(env.contains(&endpoint), "{env}");
}

#[cfg(unix)]
#[cfg(unix)]
#[test]
fn private_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let sandbox = Sandbox::in_folder(folder.path());
        for name in [
            "ca_key.pem",
            "apiclient_key.pem",
            "apiclient_cert.p12",
            "api_key.txt",
            "env",
        ] {
            let path = folder.path().join(name);
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
            // What was opened up by hand is closed again by the next start.
            fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        }
        sandbox.stop("INT").assert_exit(0);
    }
}

#[cfg(unix)]
#[test]
fn the_caller_may_choose_merchant_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, key) = (folder.path().join("dir"), folder.path().join("key.txt"));
    fs::write(&key, format!("{KEY}\n")).unwrap();
    let merchant = ["--mch-id", "1234567890", "--host", "gateway.test"];
    let own = [&merchant[..], &["--api-key-file", text(&key)]].concat();
    let sandbox = Sandbox::in_folder_with(&dir, &own);
    let env = fs::read_to_string(dir.join("env")).unwrap();
    assert!(env.contains("export WXPAY_MCH_ID='1234567890'\n"), "{env}");
    let set = format!("export WXPAY_API_KEY='{KEY}'\n");
    assert!(env.contains(&set), "{env}");
    sandbox.stop("INT").assert_exit(0);
    // Kept without the flags; another merchant's folder is not taken over.
    Sandbox::in_folder(&dir).stop("INT").assert_exit(0);
    let mut other = wxpay(["sandbox", "--dir", text(&dir)]);
    let run = other.with("--listen 127.0.0.1:0 --mch-id 1").assert_exit(2);
    run.assert_err("1234567890");
}

#[test]
fn a_file_in_place_of_a_folder_is_called_one() {
    let file = example("licence.png");
    for flag in ["--dir", "--keep"] {
        let run = wxpay(["sandbox", "--listen", "127.0.0.1:0", flag, text(&file)]).assert_exit(2);
        run.assert_err("is not a folder");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_with_half_of_the_files_is_not_guessed_at() {
    let folder = tempfile::tempdir().unwrap();
    Sandbox::in_folder(folder.path()).stop("INT").assert_exit(0);
    fs::remove_file(folder.path().join("ca_key.pem")).unwrap();
    let run = refused_in(folder.path());
    run.assert_err("ca_key.pem");
}

#[test]
fn a_port_that_is_taken_is_status_2() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = wxpay(["sandbox", "--listen", &address]).assert_exit(2);
    run.assert_err(&address);
    wxpay(["sandbox", "--listen", "nowhere"]).assert_exit(2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_whose_path_is_not_utf8_is_refused_and_not_made() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let parent = tempfile::tempdir().unwrap();
    let name = parent.path().join(OsStr::from_bytes(b"caf\xe9"));
    for folder in [name.clone(), name.join("below")] {
        let run = wxpay(["sandbox", "--listen", "127.0.0.1:0", "--dir"])
            .arg(&folder)
            .assert_exit(2);
        run.assert_err("is not UTF-8");
        assert!(!name.exists(), "{run:?}");
    }
}

#[cfg(unix)]
#[cfg(unix)]
#[test]
fn a_folder_that_others_could_change_is_refused() {
    use std::os::unix::fs::{PermissionsExt, chown};

    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("dir");
    fs::create_dir(&dir).unwrap();
    let mode = |mode| fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
    for flag in ["--dir", "--keep"] {
        for open in [0o777, 0o1777, 0o702] {
            mode(open);
            let arguments = ["sandbox", "--listen", "127.0.0.1:0", flag, text(&dir)];
            let run = wxpay(arguments).assert_exit(2);
            run.assert_err("everybody");
            assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
        }
    }
    // A group is warned of.
    mode(0o770);
    let sandbox = Sandbox::start_with(&["--dir", text(&dir)], Stdio::piped());
    let run = sandbox.stop("INT").assert_exit(0);
    run.assert_err("group");
    mode(0o755);
    // Only root can give a folder away.
    if chown(&dir, Some(12345), None).is_ok() {
        let run = refused_in(&dir);
        run.assert_err("another user");
        // As a container sees a folder of its host.
        chown(folder.path(), Some(12345), None).unwrap();
        Sandbox::in_folder(&dir).stop("INT").assert_exit(0);
    }
}

#[cfg(unix)]
#[cfg(unix)]
#[test]
fn what_is_not_a_regular_file_is_not_read_as_credentials() {
    let folder = tempfile::tempdir().unwrap();
    Sandbox::in_folder(folder.path()).stop("INT").assert_exit(0);
    let path = folder.path().join("api_key.txt");
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    assert!(refused_in(folder.path()).err.contains("regular file"));
    fs::remove_file(&path).unwrap();
    Command::new("mkfifo").arg(&path).assert_exit(0);
    assert!(refused_in(folder.path()).err.contains("pipe"));
    fs::remove_file(&path).unwrap();
    fs::write(&path, vec![b'0'; 2 << 20]).unwrap();
    assert!(refused_in(folder.path()).err.contains("1 MiB"));
}
