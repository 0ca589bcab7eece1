//! Standard error of a program that serves: messages are dropped rather than waited for.
//!
//! A pipe that nobody reads takes some 64 KiB. A write to it would then stop the thread that answers calls
//! or listens for signals.

use std::{
    io::{self, Write as _},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Sender, channel},
    },
    thread,
    time::Duration,
};

/// Bytes that wait to be written.
const WAITING: usize = 4 * 1024 * 1024;
/// For the last messages, where nobody reads them.
const LAST_WORDS: Duration = Duration::from_secs(1);

enum Message {
    Write(Vec<u8>),
    /// Answered when all before it has been written.
    Flush(Sender<()>),
}

static WRITER: OnceLock<Sender<Message>> = OnceLock::new();
static PENDING: AtomicUsize = AtomicUsize::new(0);
static DROPPED: AtomicUsize = AtomicUsize::new(0);

/// From here on messages are written by a thread of their own.
pub(crate) fn start() {
    let (messages, received) = channel();
    let write = move || {
        for message in received {
            match message {
                Message::Write(bytes) => {
                    // Where that fails nobody is left to tell.
                    let _ = io::stderr().write_all(&bytes);
                    PENDING.fetch_sub(bytes.len(), Ordering::Relaxed);
                    let dropped = DROPPED.swap(0, Ordering::Relaxed);
                    if dropped > 0 {
                        let _ = writeln!(io::stderr(), "{dropped} messages were dropped");
                    }
                }
                Message::Flush(done) => drop(done.send(())),
            }
        }
    };
    let thread = thread::Builder::new()
        .name("stderr".to_owned())
        .spawn(write);
    if thread.is_ok() {
        let _already = WRITER.set(messages);
    }
}

/// Writes a line in its turn, or drops it where too many wait.
pub(crate) fn write_line(mut line: String) {
    line.push('\n');
    let Some(writer) = WRITER.get() else {
        let _ = io::stderr().write_all(line.as_bytes());
        return;
    };
    let bytes = line.into_bytes();
    let length = bytes.len();
    let waiting = PENDING.fetch_add(length, Ordering::Relaxed);
    if waiting + length > WAITING || writer.send(Message::Write(bytes)).is_err() {
        PENDING.fetch_sub(length, Ordering::Relaxed);
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

/// Waits a moment until all is written.
pub(crate) fn flush() {
    let (done, is_done) = channel();
    if let Some(writer) = WRITER.get()
        && writer.send(Message::Flush(done)).is_ok()
    {
        let _late = is_done.recv_timeout(LAST_WORDS);
    }
}
