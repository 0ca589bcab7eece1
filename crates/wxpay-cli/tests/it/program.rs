//! Running the program, bounded in time.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// More than any of these tests needs, so that a hang fails the test.
const BOUND: Duration = Duration::from_secs(120);

pub(crate) const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

/// The program without any setting from this test's own environment.
pub(crate) fn wxpay<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wxpay"));
    command.args(arguments);
    let settings = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let ours =
        |name: &String| name.starts_with("WXPAY_") || name.to_ascii_uppercase().ends_with("_PROXY");
    for name in settings.filter(ours) {
        command.env_remove(name);
    }
    command
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let run = Self {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!run.err.contains("panicked"), "{run:?}");
        run
    }
}

impl Run {
    /// Asserts the exit status and goes on.
    pub(crate) fn assert_exit(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self:?}");
        self
    }

    /// Asserts that this is on stdout.
    pub(crate) fn assert_out(&self, text: &str) {
        assert!(self.out.contains(text), "{text}: {self:?}");
    }

    /// Asserts that this is on stderr.
    pub(crate) fn assert_err(&self, text: &str) {
        assert!(self.err.contains(text), "{text}: {self:?}");
    }

    /// Asserts that this is not on stderr.
    pub(crate) fn assert_not_err(&self, text: &str) {
        assert!(!self.err.contains(text), "{text}: {self:?}");
    }

    /// Asserts that so many lines are on stdout.
    pub(crate) fn assert_lines(&self, count: usize) {
        assert_eq!(self.out.lines().count(), count, "{self:?}");
    }

    /// The lines of stdout as JSON.
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

pub(crate) trait RunToEnd {
    fn run(&mut self) -> Run;
    fn run_with_input(&mut self, input: &[u8]) -> Run;

    /// Sets the variables among these words (`NAME=value`); the others are arguments.
    fn with(&mut self, words: &str) -> &mut Self;

    /// Starts it with nothing to read, and with pipes for what it prints.
    fn start(&mut self) -> Child;

    /// Runs to the end and asserts the exit status.
    fn assert_exit(&mut self, status: i32) -> Run {
        self.run().assert_exit(status)
    }
}

impl RunToEnd for Command {
    fn run(&mut self) -> Run {
        self.run_with_input(b"")
    }

    fn start(&mut self) -> Child {
        self.stdin(Stdio::null()).stdout(Stdio::piped());
        self.stderr(Stdio::piped()).spawn().unwrap()
    }

    fn run_with_input(&mut self, input: &[u8]) -> Run {
        self.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = self.stderr(Stdio::piped()).spawn().unwrap();
        // A program that fails early does not read; that is not this side's fault.
        let _ = child.stdin.take().unwrap().write_all(input);
        wait(child)
    }

    fn with(&mut self, words: &str) -> &mut Self {
        let in_name = |byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_');
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            match word.split_once('=') {
                Some((name, value)) if name.bytes().all(in_name) => self.env(name, value),
                _ => self.arg(word),
            };
        }
        self
    }
}

/// The exit status, without reading what the program prints.
pub(crate) fn ends(child: &mut Child) -> Option<i32> {
    let end = Instant::now() + BOUND;
    while Instant::now() < end {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    panic!("the program hangs");
}

/// Waits for the end, and kills what does not end.
pub(crate) fn wait(child: Child) -> Run {
    let id = child.id();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    match receiver.recv_timeout(BOUND) {
        Ok(output) => output.unwrap().into(),
        Err(_) => {
            signal(id, "KILL");
            panic!("the program hangs");
        }
    }
}

pub(crate) fn signal(process: u32, name: &str) {
    let status = Command::new("kill")
        .args([format!("-{name}"), process.to_string()])
        .status();
    assert!(status.unwrap().success());
}

pub(crate) fn openssl(folder: &Path, arguments: &str) -> Run {
    let mut openssl = Command::new("openssl");
    openssl.current_dir(folder).with(arguments).assert_exit(0)
}

/// A file of the workspace's examples.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name)
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
