//! The log that `tracing` gets.

use std::{fs, sync::Arc};

use tempfile::NamedTempFile;
use tracing::{
    Dispatch,
    subscriber::{DefaultGuard, NoSubscriber, set_default},
};

/// Everything that is logged on this thread, by whomever, as long as it lives.
pub(crate) struct Log {
    file: NamedTempFile,
    _guard: DefaultGuard,
    /// While tracing knows of one dispatcher only, it asks the first thread that passes an event
    /// whether anyone listens, for the whole process; here that may be another test's thread.
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
