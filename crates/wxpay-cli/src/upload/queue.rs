//! A queue of files: a few uploads at a time, with progress bars, printed in the order of the
//! files.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, IsTerminal},
    mem,
    path::{Path, PathBuf},
    pin::pin,
};

use futures_util::{
    Stream, StreamExt,
    stream::{self, FuturesUnordered},
};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use wxpay_ledger::Outcome;
use wxpay_media::{Client, Error, Image, Progress};

use super::{
    outcome::{Failure, FileOutcome, content},
    picture,
};
use crate::{
    args::UploadArgs,
    signals::Stop,
    terminal::{self, OutputLost},
};

/// Maximum number of outcomes that wait to be printed in order. Beyond it no more uploads begin.
const MAX_WAITING: usize = 4096;

/// Maximum number of media ids kept to detect a repeated one, some 10 MB.
const MAX_IDS: usize = 50_000;

/// Uploads every file; returns true if all are uploaded. A picture is read when there is memory for
/// it.
pub(super) async fn run(
    args: &UploadArgs,
    client: &Client,
    stop: &mut Stop,
) -> anyhow::Result<bool> {
    let bars = &Bars::new(Some(args.files.len()));
    let mut report = Report::new(args.json, bars);
    let budget = &picture::memory_budget();
    let uploads = stream::iter(args.files.iter().enumerate()).map(|(place, file)| async move {
        let uploaded = async {
            let image = picture::read(file, budget).await?;
            let sent = send(client, bars, file, &image).await;
            let outcome = sent.map_err(|error| Failure::from(&error))?;
            Ok(FileOutcome::new(file, Some(content(&image)), outcome))
        };
        let uploaded: Result<_, Failure> = uploaded.await;
        let outcome = uploaded.unwrap_or_else(|failure| FileOutcome::failed(file, failure));
        Ok((place, outcome))
    });
    drive(uploads, args.concurrency.get(), &mut report, stop).await?;
    Ok(report.finish(&args.files)?)
}

/// The place of a file among the others, and its outcome.
pub(super) type Done = anyhow::Result<(usize, FileOutcome)>;

/// Runs uploads and reports their outcomes; returns false if the program is asked to stop.
///
/// After the first error no more begin, and those under way go on to their end.
pub(super) async fn drive(
    uploads: impl Stream<Item = impl Future<Output = Done>>,
    at_once: usize,
    report: &mut Report<'_>,
    stop: &mut Stop,
) -> anyhow::Result<bool> {
    let mut uploads = pin!(uploads.fuse());
    let mut running = FuturesUnordered::new();
    let mut failed = None;
    loop {
        let is_over = failed.is_some() || uploads.is_done();
        if is_over && running.is_empty() {
            break;
        }
        let has_room = running.len() < at_once && report.waiting.len() < MAX_WAITING;
        tokio::select! {
            _ = stop.asked() => return Ok(false),
            Some(done) = running.next() => match done {
                Ok((place, outcome)) => report.add(place, outcome)?,
                Err(error) => failed = failed.or(Some(error)),
            },
            upload = uploads.next(), if has_room && !is_over => running.extend(upload),
        }
    }
    failed.map_or(Ok(true), Err)
}

/// Uploads one picture, with a bar.
pub(super) async fn send(
    client: &Client,
    bars: &Bars,
    file: &Path,
    image: &Image,
) -> Result<Outcome, Error> {
    let bar = ProgressBar::new(image.bytes().len() as u64)
        .with_style(style("  {bytes:>10} of {total_bytes} {msg}"))
        .with_message(terminal::one_line(&file.to_string_lossy()));
    let bar = bars.all.add(bar);
    // The form is a little longer than the picture, and begins again with each attempt.
    let progress = Progress::new(move |bytes| bar.set_position(bytes));
    let uploaded = client.upload_with_progress(image, progress).await?;
    let call = uploaded.call.expect("a transport describes each call");
    Ok(Outcome::Uploaded {
        media_id: uploaded.media_id.to_string(),
        attempts: call.attempts,
        endpoint: format!("https://{}", call.endpoint),
    })
}

/// Prints outcomes in the order of the files.
pub(super) struct Report<'a> {
    json: bool,
    waiting: BTreeMap<usize, FileOutcome>,
    /// The hash of the picture of each media id.
    hashes: HashMap<String, String>,
    printed: usize,
    all_uploaded: bool,
    bars: &'a Bars,
}

impl<'a> Report<'a> {
    pub(super) fn new(json: bool, bars: &'a Bars) -> Self {
        Self {
            json,
            waiting: BTreeMap::new(),
            hashes: HashMap::new(),
            printed: 0,
            all_uploaded: true,
            bars,
        }
    }

    fn add(&mut self, place: usize, outcome: FileOutcome) -> Result<(), OutputLost> {
        self.bars.files.inc(1);
        if let Some((id, hash)) = outcome.ids() {
            if self.hashes.len() == MAX_IDS {
                self.hashes.clear();
            }
            let known = self.hashes.entry(id.to_owned());
            if known.or_insert_with(|| hash.to_owned()) != hash {
                let id = terminal::one_line(id);
                terminal::warn(&format!(
                    "warning: two pictures have the media id {id}: a response may have been replayed"
                ));
            }
        }
        self.waiting.insert(place, outcome);
        while let Some(outcome) = self.waiting.remove(&self.printed) {
            self.print(&outcome)?;
        }
        Ok(())
    }

    /// Prints the outcomes that wait, and files without one as interrupted; returns true if all are
    /// uploaded.
    pub(super) fn finish(mut self, files: &[PathBuf]) -> Result<bool, OutputLost> {
        for (place, file) in files.iter().enumerate().skip(self.printed) {
            self.waiting.entry(place).or_insert_with(|| {
                let message = "interrupted before the upload was done".to_owned();
                let advice = "upload it again: a second upload is harmless";
                let mut failure = Failure::new("other", message, advice);
                failure.report.retryable = true;
                FileOutcome::failed(file, failure)
            });
        }
        for outcome in mem::take(&mut self.waiting).into_values() {
            self.print(&outcome)?;
        }
        self.bars.files.finish_and_clear();
        Ok(self.all_uploaded)
    }

    fn print(&mut self, outcome: &FileOutcome) -> Result<(), OutputLost> {
        self.printed += 1;
        self.all_uploaded &= outcome.ids().is_some();
        self.bars.all.suspend(|| outcome.print(self.json))
    }
}

/// Progress bars of all files and of each upload, on a terminal, if there is more than one file.
#[derive(Debug)]
pub(super) struct Bars {
    pub(super) all: MultiProgress,
    pub(super) files: ProgressBar,
}

impl Bars {
    /// Bars for a number of files, which may be unknown yet.
    pub(super) fn new(files: Option<usize>) -> Self {
        let template = files.map_or("{wide_bar} {msg}", |_| "{wide_bar} {pos}/{len}");
        let files = files.map_or(u64::MAX, |files| files as u64);
        let target = match files > 1 && io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let all = MultiProgress::with_draw_target(target);
        let files = all.add(ProgressBar::new(files).with_style(style(template)));
        Self { all, files }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are constants")
}
