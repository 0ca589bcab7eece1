//! The log of a test; the tests of `wxpay-transport` use it, too.

use std::{fs, sync::Arc};

use tempfile::NamedTempFile;
use tracing::{
    Dispatch,
    subscriber::{DefaultGuard, NoSubscriber, set_default},
};

/// All log lines of this thread.
pub(crate) struct Log {
    file: NamedTempFile,
    _guard: DefaultGuard,
    /// With a single dispatcher, tracing asks the first thread that logs whether anyone listens,
    /// for the whole process, and that may be another test's thread.
    _another: Dispatch,
}

impl Log {
    pub(crate) fn capture() -> Self {
        let file = NamedTempFile::new().unwrap();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(Arc::new(file.reopen().unwrap()));
        Self {
            file,
            _guard: set_default(subscriber.finish()),
            _another: Dispatch::new(NoSubscriber::default()),
        }
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(&self.file).unwrap()
    }
}
