//! A circuit breaker: many calls at once while the gateway answers, else one at a time.

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

/// The delays between probes for the end of an outage.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(60);

/// The first call is made alone, so that a wrong key costs one call, not one per picture. So is
/// each probe in an outage, by the next picture in turn, since one picture may be the cause.
#[derive(Debug)]
pub(super) struct Breaker {
    calls: Semaphore,
    probe: Mutex<()>,
    is_closed: Cell<bool>,
    /// The number of pictures that the gateway has accepted or refused.
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
    warned: Option<Instant>,
}

/// The right to make a call.
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

    /// Waits for a turn, and in an outage for the next probe; returns `None` after
    /// [`halt`](Self::halt).
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

    /// Sleeps until then, or until [`halt`](Self::halt).
    pub(super) async fn sleep(&self, until: Instant) {
        let mut is_halted = self.is_halted.subscribe();
        let _ = timeout_at(until, is_halted.wait_for(|it| *it)).await;
    }

    /// Counts a picture as active until the result is dropped.
    pub(super) fn activate(&self) -> Rc<()> {
        Rc::clone(&self.active)
    }

    /// The number of active pictures: those that are called for or wait for their commit.
    pub(super) fn active(&self) -> usize {
        Rc::strong_count(&self.active) - 1
    }

    /// Records that the gateway has accepted or refused a picture: there is no outage.
    pub(super) fn record_success(&self) {
        self.successes.update(|it| it + 1);
        self.is_closed.set(true);
        if let Some(outage) = self.outage.take() {
            let lasted = words(outage.since.elapsed());
            let over = format!("the gateway answers again after {lasted}: going on");
            terminal::warn(&over);
        }
    }

    /// Records an outage, in which no calls are made until the next probe; returns how long it has
    /// lasted.
    pub(super) fn record_failure(&self, why: &str) -> Duration {
        self.is_closed.set(false);
        let now = Instant::now();
        let mut outage = self.outage.borrow_mut();
        let outage = outage.get_or_insert(Outage {
            since: now,
            delay: FIRST_DELAY / 2,
            next: now,
            warned: None,
        });
        // Calls that were under way together fail together.
        if outage.next <= now {
            outage.delay = (outage.delay * 2).min(MAX_DELAY);
            outage.next = now + outage.delay;
            if outage.warned.is_none_or(|it| it.elapsed() >= MAX_DELAY) {
                outage.warned = Some(now);
                let (delay, why) = (words(outage.delay), terminal::one_line(why));
                terminal::warn(&format!("waiting, and trying again in {delay}: {why}"));
            }
        }
        now - outage.since
    }

    /// Permits no more calls, and ends all sleeps.
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
