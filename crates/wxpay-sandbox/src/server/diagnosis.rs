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
    recorder: Recorder,
    is_ending: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    handled: Handled,
    _memory: Option<OwnedSemaphorePermit>,
}

/// Explains a call, or not, and records it.
#[derive(Debug, Clone)]
struct Recorder {
    merchant: Arc<Merchant>,
    history: History,
}

impl Diagnosis {
    pub(crate) fn start(merchant: Arc<Merchant>, history: History) -> std::io::Result<Self> {
        let (calls, waiting) = sync_channel::<Waiting>(WAITING);
        let recorder = Recorder { merchant, history };
        let is_ending = Arc::<AtomicBool>::default();
        let (records, ends) = (recorder.clone(), is_ending.clone());
        let thread = thread::Builder::new()
            .name("wxpay-diagnosis".to_owned())
            .spawn(move || {
                for call in waiting {
                    // Calls that are left when the sandbox ends are recorded without findings.
                    records.record(&call, !ends.load(Ordering::Relaxed));
                }
            })?;
        Ok(Self {
            calls: Some(calls),
            recorder,
            is_ending,
            thread: Some(thread),
        })
    }

    /// Announces a call to the history and returns at once: readers of the history wait for the record.
    pub(crate) fn add(&self, handled: Handled, memory: Option<OwnedSemaphorePermit>) {
        let call = Waiting {
            number: self.recorder.history.announce(),
            handled,
            _memory: memory,
        };
        let Some(calls) = &self.calls else { return };
        // A flood of calls is recorded without findings, for no response waits for the thread.
        if let Err(TrySendError::Full(call) | TrySendError::Disconnected(call)) =
            calls.try_send(call)
        {
            self.recorder.record(&call, false);
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

impl Recorder {
    fn record(&self, waiting: &Waiting, explain: bool) {
        let Waiting {
            number, handled, ..
        } = waiting;
        let (call, redactor) = (&handled.call, &self.merchant.redactor);
        let findings = match &handled.evaluation {
            Some(evaluation) if explain => {
                // A call that was announced is recorded even if this panics.
                let find = || findings::find(call, evaluation, &self.merchant);
                catch_unwind(AssertUnwindSafe(find)).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let record = RecordedRequest::new(*number, handled, findings, redactor);
        let evaluation = handled.evaluation.as_ref();
        let body = evaluation.and_then(|it| {
            let media = it.form.part("media")?;
            let length = media.content.as_ref()?.len();
            let body = redactor.bytes(&call.body.bytes).into_owned();
            Some((body.into(), media.offset..media.offset + length))
        });
        self.history.add(record, body);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use http_body_util::Full;

    use super::*;
    use crate::{
        fault::Faults,
        fuzzing::{
            client,
            fixture::{MCH_ID, form, key, parts, request},
        },
        server::{
            body::MemoryBudget,
            handler::{AbortSignal, Handler},
        },
    };

    #[tokio::test]
    async fn a_response_does_not_wait_for_its_findings_and_the_history_does() {
        let merchant = Arc::new(Merchant::new(MCH_ID, key(), Vec::new()));
        let history = History::default();
        let recorder = Recorder {
            merchant: Arc::clone(&merchant),
            history: history.clone(),
        };
        // In the place of the thread: calls are explained when this test says so.
        let (calls, waiting) = sync_channel(1);
        let handler = Handler {
            merchant,
            faults: Faults::default(),
            diagnosis: Diagnosis {
                calls: Some(calls),
                recorder: recorder.clone(),
                is_ending: Arc::default(),
                thread: None,
            },
        };
        let mut parts = parts();
        parts[4].1 = b"A".repeat(32);
        parts[5].1.extend([0x55; 100_000]);
        let request = request(form(&parts)).map(Full::new);
        let client = client(Some(MCH_ID));
        let (memory, abort) = (MemoryBudget::new(4 << 20), AbortSignal::default());
        let response = handler
            .handle(client, request, &memory, &abort)
            .await
            .unwrap();
        assert_eq!(response.status(), 200);

        assert!(history.settle().now_or_never().is_none());
        recorder.record(&waiting.recv().unwrap(), true);
        history.settle().await;
        let call = &history.calls()[0];
        let codes: Vec<_> = call.findings.iter().map(|finding| &*finding.code).collect();
        let framing = ["signature-unknown", "media-type-missing"];
        let picture = ["media-truncated", "hash-of-other-bytes"];
        assert_eq!(codes, [&framing[..], &picture].concat());
    }
}
