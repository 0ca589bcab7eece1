//! Many files, a few at a time, with bars, printed in their order.

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
use wxpay_media::{Client, Error, Image, Progress};

use super::{
    outcome::{Failure, FileOutcome},
    picture,
};
use crate::{
    args::UploadArgs,
    signals::Stop,
    terminal::{self, OutputLost},
};

/// Outcomes that wait for one before them; then no more are asked for.
const MAX_WAITING: usize = 4096;

/// Media ids that are remembered, to see one come twice: some 10 MB.
const MAX_IDS: usize = 50_000;

/// Uploads every file; true when all of them are.
///
/// A picture is read when there is room for it, so that many uploads at once do not take much memory.
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
            let uploaded = send(client, bars, file, &image).await;
            uploaded.map_err(|error| Failure::from(&error))
        };
        let uploaded = uploaded.await;
        Ok((
            place,
            uploaded.unwrap_or_else(|failure| FileOutcome::failed(file, failure)),
        ))
    });
    drive(uploads, args.concurrency.get(), &mut report, stop).await?;
    Ok(report.finish(&args.files)?)
}

/// The outcome of the file at this place.
pub(super) type Done = anyhow::Result<(usize, FileOutcome)>;

/// Runs uploads, so many at once, and reports their outcomes; false when it is asked to stop.
///
/// With the first error no more are begun, and those under way end.
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
) -> Result<FileOutcome, Error> {
    let progress = bars.file(file, image);
    let uploaded = client.upload_with_progress(image, progress).await?;
    Ok(FileOutcome::uploaded(file, uploaded, image))
}

/// Prints outcomes in the order of the files: an outcome waits for the ones before it.
pub(super) struct Report<'a> {
    json: bool,
    waiting: BTreeMap<usize, FileOutcome>,
    /// The hash of the picture that each media id stands for.
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

    /// Prints what still waits, and those of these files that were not done; true when all are uploaded.
    pub(super) fn finish(mut self, files: &[PathBuf]) -> Result<bool, OutputLost> {
        for (place, file) in files.iter().enumerate().skip(self.printed) {
            let interrupted = || FileOutcome::failed(file, Failure::interrupted());
            self.waiting.entry(place).or_insert_with(interrupted);
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

/// Bars for all files and for each one under way: on a terminal, where there is more than one file.
#[derive(Debug)]
pub(super) struct Bars {
    pub(super) all: MultiProgress,
    pub(super) files: ProgressBar,
}

impl Bars {
    /// Bars for so many files, or for a number that is not known yet.
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

    /// Shows the number of files, once it is known, and a text.
    pub(super) fn show(&self, files: Option<u64>, text: &str) {
        if let Some(files) = files {
            self.files.set_length(files);
        }
        self.files.set_message(text.to_owned());
    }

    /// A bar for one file, fed with the bytes that are sent of it; it is gone when this is dropped.
    pub(super) fn file(&self, file: &Path, image: &Image) -> Progress {
        let name = terminal::one_line(&file.to_string_lossy());
        let bar = ProgressBar::new(image.bytes().len() as u64)
            .with_style(style("  {bytes:>10} of {total_bytes} {msg}"))
            .with_message(name);
        let bar = self.all.add(bar);
        // The form is a little longer than the picture, and starts again when it is sent again.
        Progress::new(move |bytes| bar.set_position(bytes))
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("it is one of two constants")
}
