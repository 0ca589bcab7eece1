//! The machine, and the processors that clients and server run on.

use std::{ffi::OsString, fs, process::Command, thread};

/// The clients on one processor and the server on another, where there are two and `taskset`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pinning {
    pinned: bool,
}

impl Pinning {
    pub(crate) fn of_this_machine() -> Self {
        let several = thread::available_parallelism().is_ok_and(|processors| processors.get() > 1);
        Self {
            pinned: several && version("taskset", &["--version"]).is_some(),
        }
    }

    pub(crate) fn client(&self, command: Vec<OsString>) -> Vec<OsString> {
        self.on("0", command)
    }

    pub(crate) fn server(&self, command: Vec<OsString>) -> Vec<OsString> {
        self.on("1", command)
    }

    fn on(&self, processor: &str, mut command: Vec<OsString>) -> Vec<OsString> {
        if self.pinned {
            let taskset = ["taskset", "-c", processor].map(Into::into);
            command.splice(0..0, taskset);
        }
        command
    }

    pub(crate) fn describe(&self) -> &'static str {
        if self.pinned {
            "clients on processor 0, nginx on processor 1"
        } else {
            "not pinned: one processor, or no taskset"
        }
    }
}

/// The processor, the number of processors, the kernel and the load.
pub(crate) fn describe() -> String {
    let file = |path| fs::read_to_string(path).unwrap_or_default();
    let info = file("/proc/cpuinfo");
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let count = thread::available_parallelism().map_or(1, usize::from);
    let kernel = file("/proc/sys/kernel/osrelease");
    let load = file("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    format!(
        "{model}, {count} processors, Linux {}, load {load} at the start",
        kernel.trim()
    )
}

/// The first line that a program prints with these arguments, if it is installed and succeeds.
pub(crate) fn version(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let first = text.lines().next().unwrap_or_default().trim().to_owned();
    output.status.success().then_some(first)
}
