//! Running the program, bounded in time.

use std::{
    env,
    io::{BufRead, Write},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// More than any test needs, so that a hang fails the test.
const BOUND: Duration = Duration::from_secs(120);

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_wxpay");
pub(crate) const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

/// The pictures of the workspace's examples.
pub(crate) const JPG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/licence.jpg");
pub(crate) const PNG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/licence.png");
pub(crate) const BMP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/licence.bmp");

/// The program with these [words](Runnable::with), and without settings from the environment of the
/// tests.
pub(crate) fn wxpay(words: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    let settings = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in settings {
        if name.starts_with("WXPAY_") || name.to_ascii_uppercase().ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command.with(words);
    command
}

/// The output and exit status of a run. Assertions return it.
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
        run.assert_not("panicked");
        run
    }
}

impl Run {
    pub(crate) fn assert_exit(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self:?}");
        self
    }

    pub(crate) fn assert_out(&self, text: &str) -> &Self {
        assert!(self.out.contains(text), "{text}: {self:?}");
        self
    }

    pub(crate) fn assert_err(&self, text: &str) -> &Self {
        assert!(self.err.contains(text), "{text}: {self:?}");
        self
    }

    /// Asserts that a text is neither on stdout nor on stderr.
    pub(crate) fn assert_not(&self, text: &str) -> &Self {
        let is_there = self.out.contains(text) || self.err.contains(text);
        assert!(!is_there, "{text}: {self:?}");
        self
    }

    /// Asserts the number of lines on stdout.
    pub(crate) fn assert_lines(&self, count: usize) -> &Self {
        assert_eq!(self.out.lines().count(), count, "{self:?}");
        self
    }

    /// The lines of stdout as JSON.
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        let lines = self.out.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The one line of stdout as JSON.
    pub(crate) fn json_line(&self) -> serde_json::Value {
        let [line] = self.json().try_into().unwrap();
        line
    }
}

pub(crate) trait Runnable {
    /// Sets the variables among these words (`NAME=value`); the others are arguments.
    fn with(&mut self, words: &str) -> &mut Self;

    /// Starts it with pipes for stdout and stderr.
    fn start(&mut self, stdin: Stdio) -> Child;

    fn run_with_input(&mut self, input: &[u8]) -> Run;

    fn run(&mut self) -> Run {
        self.run_with_input(b"")
    }

    /// Runs to the end and asserts the exit status.
    fn assert_exit(&mut self, status: i32) -> Run {
        self.run().assert_exit(status)
    }
}

impl Runnable for Command {
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

    fn start(&mut self, stdin: Stdio) -> Child {
        self.stdin(stdin).stdout(Stdio::piped());
        self.stderr(Stdio::piped()).spawn().unwrap()
    }

    fn run_with_input(&mut self, input: &[u8]) -> Run {
        let mut child = self.start(Stdio::piped());
        // A program that fails early closes its stdin.
        let _ = child.stdin.take().unwrap().write_all(input);
        wait(child)
    }
}

/// The next line, with its end.
pub(crate) fn next_line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line
}

/// Waits for the exit status, and leaves the output unread.
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

/// Waits for the end, and kills a program that hangs.
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
    let mut kill = Command::new("kill");
    kill.with(&format!("-{name} {process}")).assert_exit(0);
}

/// Runs a script of the shell, which must succeed.
#[cfg(unix)]
pub(crate) fn shell(script: &str) -> Run {
    Command::new("sh").args(["-c", script]).assert_exit(0)
}

pub(crate) fn openssl(folder: &Path, words: &str) -> Run {
    let mut openssl = Command::new("openssl");
    openssl.current_dir(folder).with(words).assert_exit(0)
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
