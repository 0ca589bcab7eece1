//! Many files, a few at a time, printed in their order.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal},
    path::Path,
};

use anyhow::Context;
use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use wxpay_media::{Client, Error, Room};

use super::{
    config::Config,
    outcome::{Failure, Outcome},
    picture,
};
use crate::{args::UploadArgs, signals::Stop, terminal::OutputLost};

/// Uploads every file; true when all of them are.
///
/// A picture is read when its turn comes and there is room for it, so that many uploads at once do
/// not take much memory.
pub(super) async fn run(
    args: &UploadArgs,
    config: &Config,
    client: &Client,
) -> anyhow::Result<bool> {
    let mut report = Report::new(args);
    let room = &Room::default();
    let uploads = stream::iter(args.files.iter().enumerate())
        .map(|(place, file)| async move { (place, upload(file, room, config, client).await) });
    let mut done = uploads.buffer_unordered(args.concurrency.get());
    let mut stop = Stop::listen().context("cannot listen for signals")?;
    loop {
        tokio::select! {
            next = done.next() => match next {
                Some((place, outcome)) => report.add(place, outcome)?,
                None => break,
            },
            () = stop.asked() => break,
        }
    }
    drop(done);
    Ok(report.finish()?)
}

async fn upload(file: &Path, room: &Room, config: &Config, client: &Client) -> Outcome {
    let failed = |error: Error| Outcome::failed(file, Failure::from(&error));
    let image = match picture::read(file, room).await {
        Ok(image) => image,
        Err(error) => return failed(error.into()),
    };
    match client.upload(image.clone()).await {
        Ok(id) => Outcome::uploaded(file, id, &image, config.endpoint.to_string()),
        Err(error) => failed(error),
    }
}

/// What is printed, in the order of the files: an outcome waits for those before it.
struct Report<'a> {
    args: &'a UploadArgs,
    waiting: BTreeMap<usize, Outcome>,
    printed: usize,
    all_uploaded: bool,
    bar: ProgressBar,
}

impl<'a> Report<'a> {
    fn new(args: &'a UploadArgs) -> Self {
        let shown = args.files.len() > 1 && io::stderr().is_terminal();
        let target = if shown {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}").ok();
        let bar = ProgressBar::with_draw_target(Some(args.files.len() as u64), target)
            .with_style(style.unwrap_or_else(ProgressStyle::default_bar));
        Self {
            args,
            waiting: BTreeMap::new(),
            printed: 0,
            all_uploaded: true,
            bar,
        }
    }

    fn add(&mut self, place: usize, outcome: Outcome) -> Result<(), OutputLost> {
        self.bar.inc(1);
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
        self.bar.finish_and_clear();
        Ok(self.all_uploaded)
    }

    fn print(&mut self, outcome: &Outcome) -> Result<(), OutputLost> {
        self.printed += 1;
        self.all_uploaded &= outcome.is_success();
        self.bar.suspend(|| outcome.print(self.args.json))
    }
}
