//! `wxpay sandbox`, from the files that it writes to the calls that it prints.

#[cfg(unix)]
mod calls;
#[cfg(unix)]
mod folder;
#[cfg(unix)]
mod scripts;

use std::{
    fs,
    io::BufReader,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

use tempfile::TempDir;

use crate::program::{PNG, Run, Runnable, next_line, wxpay};
#[cfg(unix)]
use crate::program::{ends, signal, wait};

pub(crate) struct Sandbox {
    child: Option<Child>,
    folder: Option<TempDir>,
    out: BufReader<ChildStdout>,
    pub(crate) origin: String,
}

impl Sandbox {
    /// A sandbox with these [words](Runnable::with), in a temporary folder of its own unless in
    /// this one.
    pub(crate) fn start(folder: Option<&Path>, words: &str, log: Stdio) -> Self {
        // One worker, as on a machine with one core.
        let mut command = wxpay("sandbox --listen 127.0.0.1:0 TOKIO_WORKER_THREADS=1");
        command.with(words);
        if let Some(folder) = folder {
            command.arg("--dir").arg(folder);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.stderr(log).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let line = next_line(&mut out);
        let origin = line.trim_end().strip_prefix("listening on ").expect(&line);
        Self {
            child: Some(child),
            folder: None,
            origin: origin.to_owned(),
            out,
        }
    }

    /// In a folder that is removed with it.
    pub(crate) fn new(words: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut sandbox = Self::in_folder(folder.path(), words);
        sandbox.folder = Some(folder);
        sandbox
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    pub(crate) fn in_folder(folder: &Path, words: &str) -> Self {
        Self::start(Some(folder), words, Stdio::piped())
    }

    /// The program in the folder of a sandbox, with its settings.
    pub(crate) fn client(folder: &Path, words: &str) -> Command {
        let mut command = wxpay("");
        command.envs(Self::variables(folder)).current_dir(folder);
        command.with(words);
        command
    }

    /// The variables in the `env` file of the folder, without those for proxies, which are
    /// expressions of a shell.
    pub(crate) fn variables(folder: &Path) -> Vec<(String, String)> {
        let env = fs::read_to_string(folder.join("env")).unwrap();
        let variable = |line: &str| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            name.starts_with("WXPAY_").then_some(())?;
            Some((name.to_owned(), value.trim_matches('\'').to_owned()))
        };
        env.lines().filter_map(variable).collect()
    }

    /// The next line of stdout that starts so.
    pub(crate) fn line(&mut self, start: &str) -> String {
        loop {
            let line = next_line(&mut self.out);
            assert!(!line.is_empty(), "no line starts with {start}");
            if line.starts_with(start) {
                return line.trim_end().to_owned();
            }
        }
    }

    /// The curl command that it prints.
    #[cfg(unix)]
    fn curl(&mut self) -> String {
        self.line("curl ") + " --silent --show-error"
    }

    /// Ends it by a signal.
    #[cfg(unix)]
    fn stop(mut self, name: &str) -> Run {
        let child = self.child.take().unwrap();
        signal(child.id(), name);
        wait(child)
    }

    /// Ends it by a signal, and leaves stderr unread; returns the exit status.
    #[cfg(unix)]
    fn stop_unread(mut self, name: &str) -> Option<i32> {
        let mut child = self.child.take().unwrap();
        signal(child.id(), name);
        ends(&mut child)
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

/// A start in a folder that is refused.
fn refused_in(folder: &Path, words: &str) -> Run {
    let mut command = wxpay("sandbox --listen 127.0.0.1:0");
    command.with(words).arg("--dir").arg(folder).assert_exit(2)
}

#[test]
fn files_of_another_origin_are_left_alone() {
    for name in ["apiclient_cert.p12", "env", "sample.png"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), "mine").unwrap();
        refused_in(folder.path(), "").assert_err(name);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn sandboxes_that_start_together_in_one_folder_share_its_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let sandboxes: Vec<_> = thread::scope(|scope| {
        let start = |_| scope.spawn(|| Sandbox::in_folder(folder.path(), ""));
        let starts: Vec<_> = (0..4).map(start).collect();
        starts.into_iter().map(|it| it.join().unwrap()).collect()
    });
    for sandbox in &sandboxes {
        Sandbox::client(folder.path(), "upload")
            .env("WXPAY_ENDPOINT", &sandbox.origin)
            .arg(PNG)
            .assert_exit(0);
    }
}

#[test]
fn wrong_usage_is_status_2() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let file = format!("--listen 127.0.0.1:0 --dir {PNG}");
    let address = "neither an address";
    for (words, why) in [
        (&*format!("--listen {taken}"), &*taken.to_string()),
        ("--listen nowhere", "nowhere"),
        (&file, "is not a folder"),
        (&file.replace("--dir", "--keep"), "is not a folder"),
        ("--fault system-eror", "there is no fault \"system-eror\""),
        ("--fault bom,next=0", "next needs a number from 1"),
        ("--inspector 8480", "neither an address with a port nor off"),
        ("--inspector localhost", address),
    ] {
        wxpay("sandbox").with(words).assert_exit(2).assert_err(why);
    }
}
