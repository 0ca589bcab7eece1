//! Findings and records of calls, made on a thread beside the one that serves.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
};

use crate::{
    findings,
    history::History,
    record::{Handled, RecordedRequest},
    rules::Merchant,
    thread::JoinOnDrop,
};

/// Maximum number of calls that wait for their findings; the memory of their bodies is bounded,
/// too.
const WAITING: usize = 1024;

/// Hands calls to the thread, which ends when this is dropped.
pub(super) struct Diagnosis {
    calls: SyncSender<(u64, Handled)>,
    recorder: Recorder,
    is_ending: Arc<AtomicBool>,
    /// Joined once `calls` is dropped: fields are dropped in order.
    _thread: JoinOnDrop,
}

/// Records calls, with findings or without.
#[derive(Clone)]
struct Recorder {
    merchant: Arc<Merchant>,
    history: History,
}

impl Diagnosis {
    pub(super) fn start(merchant: Arc<Merchant>, history: History) -> io::Result<Self> {
        let (calls, waiting) = sync_channel::<(u64, Handled)>(WAITING);
        let recorder = Recorder { merchant, history };
        let is_ending = Arc::<AtomicBool>::default();
        let (records, ends) = (recorder.clone(), Arc::clone(&is_ending));
        let thread = JoinOnDrop::spawn("wxpay-diagnosis", move || {
            for (number, call) in waiting {
                // Calls that are left when the sandbox ends are recorded without findings.
                records.record(number, &call, !ends.load(Ordering::Relaxed));
            }
        })?;
        Ok(Self {
            calls,
            recorder,
            is_ending,
            _thread: thread,
        })
    }

    /// Announces a call to the history and returns at once. Readers of the history wait for the
    /// record.
    pub(super) fn add(&self, call: Handled) {
        let number = self.recorder.history.announce();
        // No response waits for the thread: in a flood, calls are recorded without findings.
        if let Err(TrySendError::Full((_, call)) | TrySendError::Disconnected((_, call))) =
            self.calls.try_send((number, call))
        {
            self.recorder.record(number, &call, false);
        }
    }
}

impl Drop for Diagnosis {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }
}

impl Recorder {
    fn record(&self, number: u64, handled: &Handled, has_findings: bool) {
        let (call, redactor) = (&handled.call, &self.merchant.redactor);
        let findings = match &handled.evaluation {
            Some(evaluation) if has_findings => {
                // An announced call is recorded even if this panics.
                let find = || findings::find(call, &evaluation.form, &self.merchant);
                catch_unwind(AssertUnwindSafe(find)).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let record = RecordedRequest::new(number, handled, findings, redactor);
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
            fixture::{MCH_ID, form, merchant, parts, request},
        },
        server::handler::{AbortSignal, Handler},
    };

    #[tokio::test]
    async fn a_response_does_not_wait_for_its_findings_and_the_history_does() {
        let history = History::default();
        let handler = Handler::new(merchant(), Faults::default(), history.clone());
        let mut handler = handler.unwrap();
        // A channel in place of the thread: the findings are made when this test says so.
        let (calls, waiting) = sync_channel(1);
        handler.diagnosis.calls = calls;
        let mut parts = parts();
        parts[4].1 = b"A".repeat(32);
        parts[5].1.extend([0x55; 100_000]);
        let request = request(form(&parts)).map(Full::new);
        let (client, abort) = (client(Some(MCH_ID)), AbortSignal::default());
        let response = handler.handle(client, request, &abort).await;
        assert_eq!(response.unwrap().status(), 200);

        assert!(history.settle().now_or_never().is_none());
        let (number, call) = waiting.recv().unwrap();
        handler.diagnosis.recorder.record(number, &call, true);
        history.settle().await;
        let call = &history.calls()[0];
        let codes: Vec<_> = call.findings.iter().map(|finding| &*finding.code).collect();
        let all = "signature-unknown media-type-missing media-truncated hash-of-other-bytes";
        assert_eq!(codes.join(" "), all);
    }
}
