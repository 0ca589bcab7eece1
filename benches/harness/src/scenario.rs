//! What is uploaded, and how many at a time.

use std::{fmt, path::Path};

use serde::Serialize;

use crate::{
    client::{Client, Pace, Work},
    machine::Pinning,
    measure::measure,
    nginx::Nginx,
    picture,
};

/// The largest picture that there is: "less than 2M".
pub(crate) const MIB_2: usize = 2 * 1024 * 1024 - 1;
const KIB_200: usize = 200 * 1024;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new(KIB_200, 1),
    Scenario::new(MIB_2, 1),
    Scenario::new(KIB_200, 16),
    Scenario::new(MIB_2, 16),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scenario {
    size: usize,
    concurrency: usize,
}

/// What one upload costs a client.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Cost {
    /// User and system time of the client's process, in milliseconds.
    pub(crate) cpu: f64,
    /// From start to end, likewise; with several at a time it is the reciprocal of their rate.
    pub(crate) wall: f64,
}

impl Scenario {
    const fn new(size: usize, concurrency: usize) -> Self {
        Self { size, concurrency }
    }

    /// A run of few uploads and one of many: the difference is what the uploads cost, the start and
    /// the connections left out.
    pub(crate) fn run(
        self,
        client: &Client,
        nginx: &Nginx,
        folder: &Path,
        pinning: &Pinning,
    ) -> anyhow::Result<Cost> {
        let picture = folder.join(format!("{}.png", self.size));
        if !picture.exists() {
            picture::write(&picture, self.size)?;
        }
        let more = self.uploads(client.pace());
        let run = |count| {
            let work = Work {
                origin: nginx.origin(),
                folder,
                pictures: vec![picture.clone()],
                count,
                concurrency: self.concurrency,
            };
            measure(&client.command(&work, pinning)?)
        };
        let few = run(self.concurrency)?;
        let many = run(self.concurrency + more)?;
        let each = |many: i64, few: i64| (many - few) as f64 / 1000.0 / more as f64;
        Ok(Cost {
            cpu: each(many.cpu, few.cpu),
            wall: each(many.wall, few.wall),
        })
    }

    /// Enough that a millisecond more or less of the start does not show.
    fn uploads(self, pace: Pace) -> usize {
        match (self.size, pace) {
            (KIB_200, Pace::Fast) => 960,
            (KIB_200, Pace::Slow) => 64,
            (_, Pace::Fast) => 160,
            (_, Pace::Slow) => 32,
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = if self.size == KIB_200 {
            "200 KiB"
        } else {
            "2 MiB"
        };
        write!(f, "{size}, concurrency {}", self.concurrency)
    }
}
