//! `wxpay upload --ledger`: a run uploads only what earlier runs have not.

mod breaker;
mod progress;
mod source;

use std::{
    cell::RefCell,
    collections::HashMap,
    path::{Path, PathBuf},
    rc::Rc,
    time::{Duration, SystemTime},
};

use anyhow::{Context, bail};
use futures_util::{Stream, StreamExt, stream};
use tokio::{
    sync::{Mutex, oneshot},
    time::Instant,
};
use wxpay_agent::Settings;
use wxpay_ledger::{Account, Content, FileState, Ledger, Outcome, Reader, Record};
use wxpay_media::{Error, Image, MemoryBudget, RetryAdvice};

use super::{
    outcome::{Failure, FileOutcome, content},
    picture,
    queue::{self, Bars, Done, Report},
};
use crate::{args::UploadArgs, signals::Stop, terminal};
use breaker::Breaker;
use progress::Counts;
use source::{Item, Source};

/// Maximum number of attempts of a picture that fail outside of an outage, or with an error from
/// the gateway.
const MAX_FAILURES: u32 = 5;

/// The time that a run waits in an outage: an hour for each picture that waits, so that one picture
/// does not delay the end for long, and a day at most. Then a person has to look.
const OUTAGE_OF_ONE: Duration = Duration::from_secs(60 * 60);
const MAX_OUTAGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Maximum number of further uploads, which wait for equal pictures or for their commits.
const WAITING: usize = 32;

/// Uploads what is not done; returns true if every file is done, and an error if none is tried.
pub(super) async fn run(
    args: &UploadArgs,
    ledger: &Path,
    settings: Settings,
    stop: &mut Stop,
) -> anyhow::Result<bool> {
    let source = Source::find(args, ledger)?;
    let writer = Ledger::open(ledger)?;
    let sandbox = args.client.sandbox.then_some("sandbox");
    let region = sandbox.unwrap_or(&settings.region);
    let account = writer.account(settings.id.as_str(), region, &settings.endpoint)?;
    let mut batches = source.clone().read(Reader::open(ledger)?, account);
    let batches = stream::poll_fn(move |context| batches.poll_recv(context));
    let items = batches.flat_map(stream::iter);
    let (bars, at_once) = (&Bars::new(None), args.concurrency.get());
    let send =
        async |file: &Path, image: &Image| queue::send(&settings.client, bars, file, image).await;
    let queue = Queue::new(writer, account, Reader::open(ledger)?, at_once, send);
    let mut report = Report::new(args.json, bars);
    let ended = tokio::select! {
        ended = queue::drive(queue.uploads(items), at_once + WAITING, &mut report, stop) => ended,
        ended = queue.counts.show(source, bars) => match ended {},
    };
    let is_done = report.finish(&[])?;
    terminal::warn(&queue.counts.summary());
    match ended {
        Ok(true) => return Ok(is_done),
        Ok(false) => terminal::warn("interrupted: run it again to go on"),
        Err(error) if error.is::<terminal::OutputLost>() => return Err(error),
        Err(error) => terminal::warn(&format!("error: {error:#}")),
    }
    Ok(false)
}

/// The common state of the uploads of a run.
struct Queue<F> {
    ledger: Ledger,
    account: Account,
    reader: Reader,
    /// Calls the gateway.
    send: F,
    breaker: Breaker,
    budget: MemoryBudget,
    /// A lock for each content under way: files with equal bytes wait for the first of them.
    turns: RefCell<HashMap<Content, Rc<Mutex<()>>>>,
    counts: Counts,
}

impl<F: AsyncFn(&Path, &Image) -> Result<Outcome, Error>> Queue<F> {
    fn new(ledger: Ledger, account: Account, reader: Reader, at_once: usize, send: F) -> Self {
        Self {
            ledger,
            account,
            reader,
            send,
            breaker: Breaker::new(at_once),
            budget: picture::memory_budget(),
            turns: RefCell::default(),
            counts: Counts::default(),
        }
    }

    /// An upload for each file, in their order.
    fn uploads(
        &self,
        items: impl Stream<Item = anyhow::Result<Item>>,
    ) -> impl Stream<Item = impl Future<Output = Done>> {
        items.enumerate().map(move |(place, item)| async move {
            let outcome = self.outcome(item).await;
            let outcome = outcome.inspect_err(|_| self.breaker.halt())?;
            self.counts.count(&outcome);
            Ok((place, outcome))
        })
    }

    async fn outcome(&self, item: anyhow::Result<Item>) -> anyhow::Result<FileOutcome> {
        match item? {
            // Boxed, so that the many known files have small futures.
            Item::New(path, file) => Box::pin(self.upload(path, file)).await,
            Item::Known(path, entry) => Ok(FileOutcome::new(&path, entry.content, entry.outcome)),
            Item::Unreadable(path, error) => {
                let message = format!("cannot be read: {error}");
                let advice = "check that it is there and may be read";
                let failure = Failure::new("image", message, advice);
                Ok(FileOutcome::failed(&path, failure))
            }
        }
    }

    async fn upload(&self, path: PathBuf, file: FileState) -> anyhow::Result<FileOutcome> {
        let image = match picture::read(&path, &self.budget).await {
            Ok(image) => image,
            Err(failure) => {
                let outcome = FileOutcome::failed(&path, failure);
                self.commit(&path, file, None, Some(&outcome)).await?;
                return Ok(outcome);
            }
        };
        let content = content(&image);
        let turn = Rc::clone(self.turns.borrow_mut().entry(content.clone()).or_default());
        let locked = turn.lock().await;
        let active = self.breaker.activate();
        let entry = self.reader.content(self.account, &content)?;
        let is_known = entry.is_some();
        let outcome = match entry {
            Some(entry) => FileOutcome::new(&path, entry.content, entry.outcome),
            None => self.call(&path, &image).await?,
        };
        let new = Some(&outcome).filter(|_| !is_known);
        self.commit(&path, file, Some(&content), new).await?;
        drop((locked, active));
        // One is in the map, the other is this.
        if Rc::strong_count(&turn) == 2 {
            self.turns.borrow_mut().remove(&content);
        }
        Ok(outcome)
    }

    /// Calls until the gateway has accepted or refused the picture.
    ///
    /// A picture is given up after [`MAX_FAILURES`] if the gateway answers with an error
    /// (`SYSTEMERROR`), or if it fails while others do not. If none gets an answer, that is an
    /// outage, and all wait.
    async fn call(&self, path: &Path, image: &Image) -> anyhow::Result<FileOutcome> {
        let breaker = &self.breaker;
        let mut seen = None;
        let (mut failures, mut delay) = (0, Duration::from_secs(1));
        loop {
            let permit = breaker.permit().await.context("halted")?;
            let seen = seen.get_or_insert(breaker.successes.get());
            let error = match (self.send)(path, image).await {
                Ok(outcome) => {
                    breaker.record_success();
                    self.counts.sent.update(|it| it + 1);
                    return Ok(FileOutcome::new(path, Some(content(image)), outcome));
                }
                Err(error) => error,
            };
            let failure = Failure::from(&error);
            let (is_answered, advice) = (matches!(error, Error::Gateway(_)), error.retry_advice());
            match advice {
                RetryAdvice::Refused if is_answered => {
                    breaker.record_success();
                    return Ok(FileOutcome::failed(path, failure));
                }
                // The answer is not the gateway's. That may pass, if the gateway has answered
                // before.
                RetryAdvice::Refused if breaker.successes.get() == 0 => return self.stop(&failure),
                RetryAdvice::Stop => return self.stop(&failure),
                _ => {}
            }
            // The last picture of a run has no others that show whether there is an outage.
            let is_alone = failures > 0 && breaker.active() == 1;
            let is_outage = breaker.successes.get() == *seen && !is_alone;
            *seen = breaker.successes.get();
            if !is_outage || is_answered && advice == RetryAdvice::Retry {
                failures += 1;
            }
            if failures == MAX_FAILURES {
                return Ok(FileOutcome::failed(path, failure));
            }
            if is_outage {
                let most = OUTAGE_OF_ONE.saturating_mul(breaker.active() as u32);
                if breaker.record_failure(&failure.report.message) > most.min(MAX_OUTAGE) {
                    return self.stop(&failure);
                }
            } else {
                drop(permit);
                breaker.sleep(Instant::now() + delay).await;
                delay *= 2;
            }
        }
    }

    /// Ends the run, since every further call would fail in this way.
    fn stop<T>(&self, failure: &Failure) -> anyhow::Result<T> {
        self.breaker.halt();
        let (message, advice) = (&failure.report.message, &failure.report.advice);
        bail!("nothing more is sent: {message}\n  {advice}")
    }

    /// Waits until the state of a file and a new outcome are on the disk.
    async fn commit(
        &self,
        path: &Path,
        file: FileState,
        content: Option<&Content>,
        new: Option<&FileOutcome>,
    ) -> anyhow::Result<()> {
        let record = Record {
            path: (!picture::is_stdin(path)).then(|| path.to_owned()),
            file,
            content: content.cloned(),
            outcome: new.map(|it| it.outcome.clone()),
            at: SystemTime::now(),
        };
        let (committed, is_committed) = oneshot::channel();
        self.ledger.record(self.account, record, |result| {
            let _ = committed.send(result);
        });
        // The paused clock of a test stands still while a blocking thread waits for the disk.
        #[cfg(test)]
        let is_committed = async {
            let waiting = tokio::task::spawn_blocking(|| is_committed.blocking_recv());
            waiting.await.unwrap()
        };
        Ok(is_committed
            .await
            .context("the ledger's thread has ended")??)
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, fs, sync::mpsc};

    use tokio::time::{advance, sleep};
    use tower::timeout::error::Elapsed;
    use wxpay_media::GatewayError;

    use super::*;

    const PICTURE: &[u8] = include_bytes!("../../../../examples/licence.png");

    /// The error of a gateway that does not answer.
    fn silence() -> Error {
        Error::Service(Elapsed::new().into())
    }

    /// The gateway's own error.
    fn system_error() -> Error {
        let xml = b"<xml><return_code>FAIL</return_code><err_code>SYSTEMERROR</err_code></xml>";
        Error::Gateway(GatewayError::read(xml).unwrap())
    }

    /// Uploads these pictures to a gateway that fails by the name of the picture and the time since
    /// the start; returns the number of media ids, the time, and the number of calls. After a call
    /// for each picture the disk stalls for some seconds.
    async fn run(
        count: usize,
        at_once: usize,
        stall: u32,
        fails: impl Fn(&str, Duration) -> Option<Error>,
    ) -> (u64, Duration, usize) {
        let folder = tempfile::tempdir().unwrap();
        let item = |number: usize| {
            let path = folder.path().join(format!("{number}.png"));
            fs::write(&path, [PICTURE, &number.to_be_bytes()].concat()).unwrap();
            Ok(Item::New(path, FileState::default()))
        };
        let items: Vec<_> = (0..count).map(item).collect();
        let path = folder.path().join("ledger");
        let ledger = Ledger::open(&path).unwrap();
        let account = ledger.account("1900000109", "mainland", "").unwrap();
        let (release, stalled) = mpsc::channel::<()>();
        let nothing = Record {
            path: None,
            file: FileState::default(),
            content: None,
            outcome: None,
            at: SystemTime::now(),
        };
        ledger.record(account, nothing, move |_| {
            let _ = stalled.recv();
        });
        let start = Instant::now();
        let calls = Cell::new(0);
        let send = async |file: &Path, image: &Image| {
            calls.set(calls.get() + 1);
            sleep(Duration::from_millis(10)).await;
            let name = file.file_name().unwrap().to_str().unwrap();
            fails(name, start.elapsed()).map_or(Ok(()), Err)?;
            Ok(Outcome::Uploaded {
                media_id: image.hash().to_string(),
                attempts: 1,
                endpoint: String::new(),
            })
        };
        let queue = Queue::new(ledger, account, Reader::open(&path).unwrap(), at_once, send);
        let uploads = queue.uploads(stream::iter(items));
        let uploads = uploads.buffer_unordered(at_once + WAITING);
        let slow_disk = async {
            while stall > 0 && calls.get() < count {
                advance(Duration::from_millis(1)).await;
            }
            for _ in 0..stall {
                advance(Duration::from_secs(1)).await;
            }
            drop(release);
        };
        let uploads = uploads.map(Result::unwrap).collect::<Vec<_>>();
        let (done, ()) = tokio::join!(uploads, slow_disk);
        let status = queue.reader.status().unwrap();
        let printed = done.iter().filter(|(_, outcome)| outcome.ids().is_some());
        assert_eq!(printed.count() as u64, status[0].uploaded);
        assert_eq!(done.len(), count);
        (status[0].uploaded, start.elapsed(), calls.get())
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_of_ten_minutes_fails_no_picture() {
        for error in [silence, system_error] {
            for (at_once, from) in [(1, 0), (4, 0), (4, 50), (16, 50)] {
                let outage = Duration::from_millis(from)..Duration::from_millis(from + 600_000);
                let fails = |_: &str, now| outage.contains(&now).then(error);
                let (uploaded, lasted, calls) = run(60, at_once, 0, fails).await;
                assert_eq!(uploaded, 60, "{at_once} at once: {}", error());
                assert!((600..665).contains(&lasted.as_secs()), "{lasted:?}");
                // Few probes, in addition to the calls that were under way.
                assert!(calls < 60 + 2 * at_once + 20, "{calls} calls");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "nothing more is sent: request timed out")]
    async fn an_outage_of_a_day_ends_the_run() {
        let day = Duration::from_secs(24 * 60 * 60);
        // The last probe is up to a minute before the end of the day.
        let fails = |_: &str, now| (now < day + Duration::from_secs(90)).then(silence);
        run(60, 1, 0, fails).await;
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "nothing more is sent: request timed out")]
    async fn a_last_picture_without_an_answer_ends_the_run_within_hours() {
        let fails = |name: &str, now| {
            let is_over = now > Duration::from_secs(2 * 60 * 60 + 90);
            (["58.png", "59.png"].contains(&name) && !is_over).then(silence)
        };
        run(60, 4, 0, fails).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_picture_that_fails_alone_does_not_delay_the_others() {
        for error in [silence, system_error] {
            for (at_once, bad) in [(1, "0.png"), (4, "0.png"), (4, "30.png"), (4, "58.png")] {
                let fails = |name: &str, _| (name == bad).then(error);
                let (uploaded, lasted, _) = run(60, at_once, 0, fails).await;
                assert_eq!(uploaded, 59, "{bad}, {at_once} at once");
                assert!(lasted.as_secs() < 120, "{lasted:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_picture_is_not_alone_while_others_wait_for_the_disk() {
        let minute = Duration::from_secs(60);
        let fails = |name: &str, now| (name == "2.png" && now < minute).then(silence);
        let (uploaded, ..) = run(3, 2, 90, fails).await;
        assert_eq!(uploaded, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_pictures_that_the_gateway_answers_with_an_error_are_given_up_within_minutes()
    {
        for (count, bad, given_up, minutes) in [
            (1, "0", 1, 1),
            (10, "9", 1, 1),
            (10, "8", 2, 6),
            (10, "7", 3, 11),
        ] {
            let fails = |name: &str, _| (name >= bad).then(system_error);
            let (uploaded, lasted, _) = run(count, 4, 0, fails).await;
            assert_eq!(count as u64 - uploaded, given_up);
            assert!(lasted.as_secs() < 60 * minutes, "{lasted:?} for {given_up}");
        }
    }
}
