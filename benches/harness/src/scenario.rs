//! The scenarios: pictures, uploads and figures.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Setting,
    client::{BOUND, CURL_FOR_ALL, CURL_FOR_EACH, Client, OURS, PROGRAM, PYTHON, REQWEST, Work},
    line,
    measure::{Usage, measure},
};

/// The largest picture that the API allows: "less than 2M".
pub(crate) const MIB_2: usize = 2 * 1024 * 1024 - 1;
const KIB: usize = 1024;

pub(crate) struct Scenario {
    pub(crate) title: &'static str,
    /// The lengths of the smallest and the largest picture; the others lie evenly between them.
    sizes: (usize, usize),
    /// The number of different files.
    files: usize,
    uploads: usize,
    /// The concurrency of our clients, and that of the others.
    concurrency: (usize, usize),
    counted: Counted,
    over: Over,
    /// The clients that take part; empty for all but the program.
    clients: &'static [&'static str],
    pub(crate) columns: &'static [Column],
    pub(crate) rounds: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// One upload: the difference between a run of few and a run of many, without the start and the
    /// connections.
    Each,
    /// A whole process, this number of times in a round.
    Whole(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Loopback,
    SlowLine,
}

/// A figure, and the clients whose figure it is divided by.
pub(crate) struct Column {
    pub(crate) head: &'static str,
    pub(crate) of: fn(&Usage) -> f64,
    pub(crate) beside: &'static [&'static str],
}

const fn column(
    head: &'static str,
    of: fn(&Usage) -> f64,
    beside: &'static [&'static str],
) -> Column {
    Column { head, of, beside }
}

const EACH: &[Column] = &[
    column("CPU, ms", |each| each.cpu, &[BOUND, REQWEST]),
    column("uploads/s", |each| 1000.0 / each.wall, &[REQWEST]),
];
const WHOLE: &[Column] = &[
    column("s", |whole| whole.wall / 1000.0, &[PYTHON]),
    column("CPU, s", |whole| whole.cpu / 1000.0, &[PYTHON]),
    column("MB", |whole| whole.peak, &[]),
];

/// The program's default concurrency.
const DEFAULT: usize = 4;
pub(crate) const SMALL: usize = 20 * KIB;
const ON_THE_LINE: (usize, usize) = (20, 600_000);

pub(crate) const SCENARIOS: &[Scenario] = &[
    each("200 KiB, concurrency 1", (200 * KIB, 200 * KIB), 960, 1),
    each("2 MiB, concurrency 1", (MIB_2, MIB_2), 168, 1),
    each("200 KiB, concurrency 16", (200 * KIB, 200 * KIB), 960, 16),
    each("2 MiB, concurrency 16", (MIB_2, MIB_2), 168, 16),
    each(
        "100 to 300 KiB, concurrency 16",
        (100 * KIB, 300 * KIB),
        960,
        16,
    ),
    each("1 to 2 MiB, concurrency 16", (1024 * KIB, MIB_2), 168, 16),
    Scenario {
        title: "Cold start, one upload of 200 KiB",
        counted: Counted::Whole(9),
        clients: &[PROGRAM, OURS, REQWEST, CURL_FOR_ALL],
        columns: &[column("wall, ms", |whole| whole.wall, &[CURL_FOR_ALL])],
        ..each("", (200 * KIB, 200 * KIB), 1, 1)
    },
    Scenario {
        title: "Peak memory, 256 uploads of 2 MiB at once from files",
        files: 256,
        counted: Counted::Whole(1),
        clients: &[PROGRAM, OURS, REQWEST],
        columns: &[column("MB", |whole| whole.peak, &[REQWEST])],
        ..each("", (MIB_2, MIB_2), 256, 256)
    },
    Scenario {
        title: "Twenty pictures of 0.6 MB over a line of 20 Mbit/s and 40 ms, the others one by one",
        uploads: ON_THE_LINE.0,
        concurrency: (DEFAULT, 1),
        counted: Counted::Whole(1),
        over: Over::SlowLine,
        clients: &[PROGRAM, OURS, PYTHON, CURL_FOR_EACH],
        columns: &[
            column("wall, s", |whole| whole.wall / 1000.0, &[]),
            column("share of the line", share_of_the_line, &[]),
        ],
        rounds: 3,
        ..each("", (ON_THE_LINE.1, ON_THE_LINE.1), 0, 0)
    },
    Scenario {
        counted: Counted::Whole(1),
        clients: &[PROGRAM, PYTHON, CURL_FOR_ALL],
        columns: WHOLE,
        ..each(
            "1,000 pictures of 20 KiB, concurrency 4",
            (SMALL, SMALL),
            1000,
            DEFAULT,
        )
    },
    Scenario {
        counted: Counted::Whole(1),
        clients: &[PROGRAM, PYTHON, CURL_FOR_ALL],
        columns: WHOLE,
        rounds: 3,
        ..each(
            "20,000 pictures of 20 KiB, concurrency 4",
            (SMALL, SMALL),
            20_000,
            DEFAULT,
        )
    },
];

const fn each(
    title: &'static str,
    sizes: (usize, usize),
    uploads: usize,
    concurrency: usize,
) -> Scenario {
    Scenario {
        title,
        sizes,
        // `uploads` is a multiple of it, so all files are uploaded equally often.
        files: if sizes.0 == sizes.1 { 1 } else { 24 },
        uploads,
        concurrency: (concurrency, concurrency),
        counted: Counted::Each,
        over: Over::Loopback,
        clients: &[],
        columns: EACH,
        rounds: usize::MAX,
    }
}

/// The ideal time, of the pictures' bytes alone at the line's rate, ÷ the measured time.
fn share_of_the_line(whole: &Usage) -> f64 {
    let (count, size) = ON_THE_LINE;
    let ideal = (count * size) as f64 / line::BYTES_PER_SECOND;
    ideal / (whole.wall / 1000.0)
}

impl Scenario {
    pub(crate) fn is_for(&self, client: &Client) -> bool {
        match self.clients {
            [] => client.name() != PROGRAM,
            clients => clients.contains(&client.name()),
        }
    }

    pub(crate) fn run(&self, client: &Client, setting: &Setting) -> anyhow::Result<Vec<Usage>> {
        let (ours, others) = self.concurrency;
        let is_ours = [OURS, PROGRAM].contains(&client.name());
        let concurrency = if is_ours { ours } else { others };
        let port = match self.over {
            Over::Loopback => setting.nginx.port(),
            Over::SlowLine => setting.line.port(),
        };
        let work = Work {
            origin: format!("https://127.0.0.1:{port}"),
            folder: &setting.folder,
            pictures: self.pictures(&setting.folder)?,
            concurrency,
        };
        let run = |count| measure(&setting.pinning.client(client.command(&work, count)?));
        match self.counted {
            Counted::Whole(times) => (0..times).map(|_| run(self.uploads)).collect(),
            Counted::Each => {
                // A process for each takes so long that fewer uploads are enough.
                let more = match client.name() {
                    CURL_FOR_EACH => self.uploads.min(120),
                    _ => self.uploads,
                };
                let (few, many) = (run(concurrency)?, run(concurrency + more)?);
                Ok(vec![many.without(few).for_each_of(more)])
            }
        }
    }

    fn pictures(&self, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let (smallest, largest) = self.sizes;
        let folder = folder.join(format!("{}x{smallest}-{largest}", self.files));
        let is_new = fs::create_dir(&folder).is_ok();
        (0..self.files)
            .map(|index| {
                // In steps of seven, so that the lengths are not sorted.
                let step = (largest - smallest) / self.files;
                let path = folder.join(format!("{index}.png"));
                if is_new {
                    fs::write(&path, picture(largest - index * 7 % self.files * step))?;
                }
                Ok(path)
            })
            .collect()
    }
}

/// A picture of this size, which cannot be compressed.
fn picture(size: usize) -> Vec<u8> {
    // A PNG's first bytes, as far as anyone looks at them.
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0\0\0\x04\0\x08\x02\0\0\0".to_vec();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    while bytes.len() < size {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}
