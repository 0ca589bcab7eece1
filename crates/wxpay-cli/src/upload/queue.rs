//! Many files, a few at a time, printed in their order.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use futures_util::{StreamExt, stream};
use wxpay_media::{Client, Error, MemoryBudget};

use super::{
    outcome::{Failure, Outcome},
    picture,
    progress::Bars,
};
use crate::{
    args::UploadArgs,
    signals::Stop,
    terminal::{self, OutputLost},
};

/// Uploads every file; true when all of them are.
///
/// A picture is read when its turn comes and there is room for it, so that many uploads at once do
/// not take much memory.
pub(super) async fn run(
    args: &UploadArgs,
    client: &Client,
    stop: &mut Stop,
) -> anyhow::Result<bool> {
    let bars = &Bars::new(args.files.len());
    let mut report = Report::new(args, bars);
    let budget = &MemoryBudget::default();
    let uploads = stream::iter(args.files.iter().enumerate())
        .map(|(place, file)| async move { (place, upload(file, budget, bars, client).await) });
    let mut done = uploads.buffer_unordered(args.concurrency.get());
    loop {
        tokio::select! {
            next = done.next() => match next {
                Some((place, outcome)) => report.add(place, outcome)?,
                None => break,
            },
            _ = stop.asked() => break,
        }
    }
    drop(done);
    Ok(report.finish()?)
}

async fn upload(file: &Path, budget: &MemoryBudget, bars: &Bars, client: &Client) -> Outcome {
    let failed = |error: Error| Outcome::failed(file, Failure::from(&error));
    let image = match picture::read(file, budget).await {
        Ok(image) => image,
        Err(failure) => return Outcome::failed(file, failure),
    };
    let (progress, _bar) = bars.file(file, &image);
    match client.upload_with_progress(&image, progress).await {
        Ok(uploaded) => Outcome::uploaded(file, uploaded, &image),
        Err(error) => failed(error),
    }
}

/// Prints outcomes in the order of the files: an outcome waits for the ones before it.
struct Report<'a> {
    args: &'a UploadArgs,
    waiting: BTreeMap<usize, Outcome>,
    /// The hash of the picture that each media id stands for.
    hashes: HashMap<String, String>,
    printed: usize,
    all_uploaded: bool,
    bars: &'a Bars,
}

impl<'a> Report<'a> {
    fn new(args: &'a UploadArgs, bars: &'a Bars) -> Self {
        Self {
            args,
            waiting: BTreeMap::new(),
            hashes: HashMap::new(),
            printed: 0,
            all_uploaded: true,
            bars,
        }
    }

    fn add(&mut self, place: usize, outcome: Outcome) -> Result<(), OutputLost> {
        self.bars.file_done();
        if let Some((id, hash)) = outcome.ids() {
            let first = self
                .hashes
                .entry(id.to_owned())
                .or_insert_with(|| hash.to_owned());
            if first != hash {
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

    /// Prints what is still waiting, and the files that were not done as interrupted.
    fn finish(mut self) -> Result<bool, OutputLost> {
        for place in self.printed..self.args.files.len() {
            let outcome = self.waiting.remove(&place).unwrap_or_else(|| {
                Outcome::failed(&self.args.files[place], Failure::interrupted())
            });
            self.print(&outcome)?;
        }
        self.bars.finish();
        Ok(self.all_uploaded)
    }

    fn print(&mut self, outcome: &Outcome) -> Result<(), OutputLost> {
        self.printed += 1;
        self.all_uploaded &= outcome.ids().is_some();
        self.bars.suspend(|| outcome.print(self.args.json))
    }
}
