//! The thread that explains calls and records them, beside the one that serves.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use tokio::sync::OwnedSemaphorePermit;

use crate::{
    findings::{self, Merchant},
    history::History,
    record::{Handled, RecordedRequest},
};

/// Calls that wait to be explained. They hold their bodies, and the memory for these is bounded.
const WAITING: usize = 1024;

/// Hands calls to the thread; the thread ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Diagnosis {
    calls: Option<SyncSender<Waiting>>,
    merchant: Arc<Merchant>,
    history: History,
    is_ending: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    handled: Handled,
    _memory: Option<OwnedSemaphorePermit>,
}

impl Diagnosis {
    pub(crate) fn start(merchant: Arc<Merchant>, history: History) -> std::io::Result<Self> {
        let (calls, waiting) = sync_channel::<Waiting>(WAITING);
        let is_ending = Arc::<AtomicBool>::default();
        let (ends, whom, into) = (is_ending.clone(), merchant.clone(), history.clone());
        let thread = thread::Builder::new()
            .name("wxpay-diagnosis".to_owned())
            .spawn(move || {
                for call in waiting {
                    // What is left when the sandbox ends is recorded without an explanation.
                    record(&call, &whom, &into, !ends.load(Ordering::Relaxed));
                }
            })?;
        Ok(Self {
            calls: Some(calls),
            merchant,
            history,
            is_ending,
            thread: Some(thread),
        })
    }

    /// Returns at once. The history tells of the call when it has been explained, and whoever asks it
    /// before waits for that.
    pub(crate) fn add(&self, handled: Handled, memory: Option<OwnedSemaphorePermit>) {
        let number = self.history.announce();
        let call = Waiting {
            number,
            handled,
            _memory: memory,
        };
        let Some(calls) = &self.calls else { return };
        // A flood of calls is recorded without explanations, for nobody is to wait for one.
        if let Err(TrySendError::Full(call) | TrySendError::Disconnected(call)) =
            calls.try_send(call)
        {
            record(&call, &self.merchant, &self.history, false);
        }
    }
}

impl Drop for Diagnosis {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::Relaxed);
        self.calls = None;
        if let Some(thread) = self.thread.take() {
            // A panic has been reported on the thread; there is nothing to add.
            let _panicked = thread.join();
        }
    }
}

fn record(call: &Waiting, merchant: &Merchant, history: &History, explain: bool) {
    let handled = &call.handled;
    let findings = match &handled.evaluation {
        Some(evaluation) if explain => {
            // A call that was announced is recorded, whatever happens.
            let find = || findings::find(&handled.call, evaluation, merchant);
            catch_unwind(AssertUnwindSafe(find)).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let redactor = &merchant.redactor;
    let record = RecordedRequest::new(call.number, handled, findings, redactor);
    let media = handled
        .evaluation
        .as_ref()
        .and_then(|it| it.form.part("media"));
    let body = media.and_then(|media| {
        let length = media.content.as_ref()?.len();
        let body = redactor.bytes(&handled.call.body.bytes).into_owned();
        Some((body.into(), media.offset..media.offset + length))
    });
    history.add(record, body);
}
