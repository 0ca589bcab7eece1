//! The bars on a terminal: one for all files, one for each file that is under way.

use std::{
    io::{self, IsTerminal},
    path::Path,
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use wxpay_media::{Image, Progress};

use crate::terminal;

/// Shown only on a terminal, and only where there is more than one file to wait for.
#[derive(Debug)]
pub(super) struct Bars {
    pub(super) all: MultiProgress,
    pub(super) files: ProgressBar,
}

impl Bars {
    pub(super) fn new(files: usize) -> Self {
        Self::with("{wide_bar} {pos}/{len}", files as u64)
    }

    /// Bars for a number of files that is not known.
    pub(super) fn unbounded() -> Self {
        Self::with("{wide_bar} {msg}", u64::MAX)
    }

    fn with(template: &str, files: u64) -> Self {
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
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
