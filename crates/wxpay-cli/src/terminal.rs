//! Standard output, standard error and the exit status.

use std::{
    error::Error,
    fmt::Write as _,
    io::{self, Write as _},
    iter,
    process::ExitCode,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;

/// The exit status of work that failed.
pub(crate) const FAILED: u8 = 1;
/// The exit status of wrong usage or configuration: nothing was tried.
pub(crate) const MISCONFIGURED: u8 = 2;

pub(crate) fn exit_code(has_succeeded: bool) -> ExitCode {
    ExitCode::from(if has_succeeded { 0 } else { FAILED })
}

/// Prints lines of the result, escaped. `println!` would panic on a broken pipe.
pub(crate) fn print(lines: &str) -> Result<(), OutputLost> {
    print_raw(&escape(lines, true))
}

/// Prints a result as one line of JSON.
pub(crate) fn print_json(result: &impl Serialize) -> Result<(), OutputLost> {
    let json = serde_json::to_string(result).map_err(|error| OutputLost(error.into()))?;
    print_raw(&escape_json(&json))
}

/// Prints a line unescaped, for other programs.
pub(crate) fn print_raw(text: &str) -> Result<(), OutputLost> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(OutputLost)
}

/// A result could not be printed, though the work may be done.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub(crate) struct OutputLost(pub(crate) io::Error);

/// Prints lines on stderr, escaped.
pub(crate) fn warn(lines: &str) {
    /// Several hundred calls as JSON.
    const MAX_WAITING: usize = 4 * 1024 * 1024;

    let lines = escape(lines, true) + "\n";
    let Some(messages) = MESSAGES.get() else {
        return write_message(&lines);
    };
    let length = lines.len();
    if WAITING.fetch_add(length, Ordering::Relaxed) + length <= MAX_WAITING {
        let _ = messages.send(lines);
    } else {
        WAITING.fetch_sub(length, Ordering::Relaxed);
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

/// Ignores an error: there is no other place to report it.
fn write_message(lines: &str) {
    let _ = io::stderr().write_all(lines.as_bytes());
}

/// The messages of a server, which never waits for the reader of stderr.
static MESSAGES: OnceLock<Sender<String>> = OnceLock::new();
/// The bytes of messages that are not written yet.
static WAITING: AtomicUsize = AtomicUsize::new(0);
static DROPPED: AtomicUsize = AtomicUsize::new(0);

/// Writes messages on a thread of their own from now on. Messages that nobody reads are dropped and
/// counted.
pub(crate) fn write_in_background() {
    let (sender, messages) = mpsc::channel();
    let _ = MESSAGES.set(sender);
    thread::spawn(move || {
        for lines in messages {
            write_message(&lines);
            let dropped = DROPPED.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                write_message(&format!("warning: {dropped} messages were dropped\n"));
            }
            WAITING.fetch_sub(lines.len(), Ordering::Relaxed);
        }
    });
}

/// Waits at most a second until the messages are written.
pub(crate) fn flush() {
    let end = Instant::now() + Duration::from_secs(1);
    while WAITING.load(Ordering::Relaxed) > 0 && Instant::now() < end {
        thread::sleep(Duration::from_millis(1));
    }
}

/// The writer of the log. Each write is one event with a line end.
#[derive(Debug)]
pub(crate) struct Log;

impl io::Write for Log {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        warn(&one_line(text.strip_suffix('\n').unwrap_or(&text)));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The text on one line, escaped: a file name may hold line breaks and escape sequences.
pub(crate) fn one_line(text: &str) -> String {
    escape(text, false)
}

fn escape(text: &str, keep_line_ends: bool) -> String {
    escape_by(text, |escaped, character| match character {
        '\n' if keep_line_ends => escaped.push('\n'),
        _ => escaped.extend(character.escape_default()),
    })
}

/// The same JSON values, with characters that steer a terminal as `\u` and four digits.
pub(crate) fn escape_json(json: &str) -> String {
    escape_by(json, |escaped, character| {
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    })
}

fn escape_by(text: &str, escape: impl Fn(&mut String, char)) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if steers_terminal(character) {
            escape(&mut escaped, character);
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// First and last of each range of format characters (Cf), line and paragraph separators, in
/// Unicode 17.
const FORMAT: [u32; 38] = [
    0xad, 0xad, 0x600, 0x605, 0x61c, 0x61c, 0x6dd, 0x6dd, 0x70f, 0x70f, 0x890, 0x891, 0x8e2, 0x8e2,
    0x180e, 0x180e, 0x200b, 0x200f, 0x2028, 0x202e, 0x2060, 0x206f, 0xfeff, 0xfeff, 0xfff9, 0xfffb,
    0x110bd, 0x110bd, 0x110cd, 0x110cd, 0x13430, 0x1343f, 0x1bca0, 0x1bca3, 0x1d173, 0x1d17a,
    0xe0001, 0xe007f,
];

/// Whether a character may move the cursor, change colours or reorder text: controls (C0, DEL, C1),
/// separators and format characters.
fn steers_terminal(character: char) -> bool {
    let is_in = |range: &[u32]| (range[0]..=range[1]).contains(&u32::from(character));
    !character.is_ascii_graphic() && (character.is_control() || FORMAT.chunks_exact(2).any(is_in))
}

/// An error with its root cause, without the errors between, which repeat it.
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(Some(error), |&error| error.source());
    let root = causes.last().unwrap_or(error).to_string();
    match error.to_string() {
        top if top.contains(&root) => top,
        top => format!("{top}: {root}"),
    }
}
