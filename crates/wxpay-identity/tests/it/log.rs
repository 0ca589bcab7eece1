//! What goes to `tracing`.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing::{
    Dispatch,
    subscriber::{DefaultGuard, NoSubscriber, set_default},
};
use tracing_subscriber::fmt::MakeWriter;

/// Everything that is logged on this thread, by whomever, as long as it lives.
pub(crate) struct Log {
    text: Text,
    _guard: DefaultGuard,
    /// While tracing knows of one dispatcher only, it asks the first thread that passes an event
    /// whether anyone listens, for the whole process; here that may be another test's thread.
    _another: Dispatch,
}

impl Log {
    pub(crate) fn capture() -> Self {
        let text = Text::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(text.clone())
            .finish();
        let another = Dispatch::new(NoSubscriber::default());
        Self {
            text,
            _guard: set_default(subscriber),
            _another: another,
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.text.0.lock().unwrap().clone()).unwrap()
    }
}

#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl io::Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Text {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
