//! A circuit breaker: any number of calls while the gateway answers, one at a time while that is not known.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use tokio::{
    sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit, watch},
    time::{Instant, timeout_at},
};

use crate::terminal;

/// Between probes for the end of an outage.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(60);

/// The first call goes alone, so that a wrong key costs one call and not one a picture. So does each
/// probe in an outage, by whichever picture is next, since the gateway may have trouble with one alone.
#[derive(Debug)]
pub(super) struct Breaker {
    calls: Semaphore,
    probe: Mutex<()>,
    is_closed: Cell<bool>,
    /// How many pictures the gateway has dealt with.
    pub(super) successes: Cell<u64>,
    active: Rc<()>,
    is_halted: watch::Sender<bool>,
    outage: RefCell<Option<Outage>>,
}

#[derive(Debug)]
struct Outage {
    since: Instant,
    delay: Duration,
    next: Instant,
    told: Option<Instant>,
}

/// Held while a call is made.
type Permit<'a> = (SemaphorePermit<'a>, Option<MutexGuard<'a, ()>>);

impl Breaker {
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            calls: Semaphore::new(at_once),
            probe: Mutex::default(),
            is_closed: Cell::default(),
            successes: Cell::default(),
            active: Rc::default(),
            is_halted: watch::Sender::new(false),
            outage: RefCell::default(),
        }
    }

    /// Waits for one's turn, and in an outage for the next probe; `None` when no more calls are to be made.
    pub(super) async fn permit(&self) -> Option<Permit<'_>> {
        let call = self.calls.acquire().await.ok()?;
        let mut probe = None;
        if !self.is_closed.get() {
            probe = Some(self.probe.lock().await).filter(|_| !self.is_closed.get());
            let next = self.outage.borrow().as_ref().map(|outage| outage.next);
            self.sleep(next.unwrap_or_else(Instant::now)).await;
        }
        (!*self.is_halted.borrow()).then_some((call, probe))
    }

    /// Sleeps, but not longer than the run goes on.
    pub(super) async fn sleep(&self, until: Instant) {
        let mut is_halted = self.is_halted.subscribe();
        let _ = timeout_at(until, is_halted.wait_for(|it| *it)).await;
    }

    /// Counts a picture that is not dealt with, until what it returns is dropped.
    pub(super) fn activate(&self) -> Rc<()> {
        Rc::clone(&self.active)
    }

    /// How many pictures are not dealt with.
    pub(super) fn active(&self) -> usize {
        Rc::strong_count(&self.active) - 1
    }

    /// The gateway has dealt with a picture: whether it took it does not matter.
    pub(super) fn record_success(&self) {
        self.successes.update(|it| it + 1);
        self.is_closed.set(true);
        if let Some(outage) = self.outage.take() {
            let lasted = words(outage.since.elapsed());
            terminal::warn(&format!(
                "the gateway answers again after {lasted}: going on"
            ));
        }
    }

    /// The gateway does not work: nobody calls it for a while. Tells how long that has been so.
    pub(super) fn record_failure(&self, why: &str) -> Duration {
        self.is_closed.set(false);
        let now = Instant::now();
        let mut outage = self.outage.borrow_mut();
        let outage = outage.get_or_insert(Outage {
            since: now,
            delay: FIRST_DELAY / 2,
            next: now,
            told: None,
        });
        // Calls that were under way together fail together.
        if outage.next <= now {
            outage.delay = (outage.delay * 2).min(MAX_DELAY);
            outage.next = now + outage.delay;
            if outage.told.is_none_or(|told| told.elapsed() >= MAX_DELAY) {
                outage.told = Some(now);
                let (delay, why) = (words(outage.delay), terminal::one_line(why));
                terminal::warn(&format!("waiting, and trying again in {delay}: {why}"));
            }
        }
        now - outage.since
    }

    /// Permits no more calls.
    pub(super) fn halt(&self) {
        self.is_halted.send_replace(true);
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
