//! Admission of calls: any number while the gateway works, one at a time while that is not known.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use tokio::{
    sync::{Mutex, MutexGuard, Notify, Semaphore, SemaphorePermit},
    time::{Instant, sleep_until},
};

use crate::terminal;

/// Between attempts to see whether an outage is over.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(60);

/// The first call goes alone, so that a wrong key costs one call and not one a picture. So does each
/// attempt in an outage, by whichever picture is next, since the gateway may have trouble with one alone.
#[derive(Debug)]
pub(super) struct Gate {
    calls: Semaphore,
    probe: Mutex<()>,
    works: Cell<bool>,
    successes: Cell<u64>,
    active: Cell<usize>,
    halted: Cell<bool>,
    halt: Notify,
    outage: RefCell<Option<Outage>>,
}

#[derive(Debug)]
struct Outage {
    since: Instant,
    delay: Duration,
    next: Instant,
    told: Instant,
}

/// A call that may be made.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    _call: SemaphorePermit<'a>,
    _probe: Option<MutexGuard<'a, ()>>,
}

#[derive(Debug)]
pub(super) struct Active<'a>(&'a Cell<usize>);

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.update(|it| it - 1);
    }
}

/// No more calls are to be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Halted;

impl Gate {
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            calls: Semaphore::new(at_once),
            probe: Mutex::new(()),
            works: Cell::new(false),
            successes: Cell::new(0),
            active: Cell::new(0),
            halted: Cell::new(false),
            halt: Notify::new(),
            outage: RefCell::new(None),
        }
    }

    /// Waits for one's turn, and for the end of an outage.
    pub(super) async fn enter(&self) -> Result<Pass<'_>, Halted> {
        let call = self.calls.acquire().await.map_err(|_| Halted)?;
        let probe = if self.works.get() {
            None
        } else {
            Some(self.probe.lock().await).filter(|_| !self.works.get())
        };
        if probe.is_some() {
            let next = self.outage.borrow().as_ref().map(|outage| outage.next);
            self.sleep(next.unwrap_or_else(Instant::now)).await;
        }
        if self.halted.get() {
            return Err(Halted);
        }
        Ok(Pass {
            _call: call,
            _probe: probe,
        })
    }

    /// Sleeps, but not longer than the run goes on.
    pub(super) async fn sleep(&self, until: Instant) {
        let halt = self.halt.notified();
        if !self.halted.get() {
            tokio::select! {
                () = sleep_until(until) => {}
                () = halt => {}
            }
        }
    }

    /// Counts a picture that is not dealt with, until this is dropped.
    pub(super) fn activate(&self) -> Active<'_> {
        self.active.update(|it| it + 1);
        Active(&self.active)
    }

    /// How many pictures are not dealt with.
    pub(super) fn active(&self) -> usize {
        self.active.get()
    }

    /// How often the gateway has answered that it works.
    pub(super) fn successes(&self) -> u64 {
        self.successes.get()
    }

    /// The gateway has dealt with a picture: whether it took it does not matter.
    pub(super) fn succeeded(&self) {
        self.successes.update(|it| it + 1);
        self.works.set(true);
        if let Some(outage) = self.outage.take() {
            let lasted = words(outage.since.elapsed());
            terminal::warn(&format!(
                "the gateway answers again after {lasted}: going on"
            ));
        }
    }

    /// The gateway does not work: nobody calls it for a while. Tells how long that has been so.
    pub(super) fn failed(&self, why: &str) -> Duration {
        self.works.set(false);
        let now = Instant::now();
        let mut outage = self.outage.borrow_mut();
        let is_new = outage.is_none();
        let outage = outage.get_or_insert(Outage {
            since: now,
            delay: FIRST_DELAY / 2,
            next: now,
            told: now,
        });
        // Calls that were under way together fail together.
        if outage.next > now {
            return now - outage.since;
        }
        outage.delay = (outage.delay * 2).min(MAX_DELAY);
        outage.next = now + outage.delay;
        if is_new || outage.told.elapsed() >= MAX_DELAY {
            outage.told = now;
            let delay = words(outage.delay);
            terminal::warn(&format!(
                "waiting, and trying again in {delay}: {}",
                terminal::one_line(why)
            ));
        }
        now - outage.since
    }

    /// Lets nobody pass any more.
    pub(super) fn halt(&self) {
        self.halted.set(true);
        self.halt.notify_waiters();
    }
}

/// A duration for people: its two largest units.
pub(super) fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
