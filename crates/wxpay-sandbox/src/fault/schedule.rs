//! The schedule of faults: the calls that each one hits.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Serialize, Serializer};
use tokio::time::Instant;

use super::{Effect, Fault};

/// Number of exhausted faults that are listed.
const EXHAUSTED: usize = 100;

/// An injected fault with its hits, one of [`Sandbox::faults`](crate::Sandbox::faults).
#[derive(Debug, Clone)]
pub struct ActiveFault {
    id: u64,
    fault: Fault,
    /// The calls that matched the file pattern.
    matched: u64,
    hits: u64,
    /// The times of the calls that passed in the last second, the oldest first.
    passed: VecDeque<Instant>,
}

impl ActiveFault {
    /// Its number, from 1, in the order of injection.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The fault itself.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// The number of calls that it has hit.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits
    }

    /// Whether its `next` hits are used up.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        (self.fault.times).is_some_and(|times| self.hits >= u64::from(times.get()))
    }

    /// Counts a call, and returns whether it is hit.
    fn hits_call(&mut self, file_name: Option<&str>, now: Instant) -> bool {
        let fault = &self.fault;
        let name = file_name.unwrap_or_default();
        if self.is_exhausted() || fault.file.as_ref().is_some_and(|file| !file.matches(name)) {
            return false;
        }
        self.matched += 1;
        let (every, percent, seed) = (fault.every_nth, fault.percent, fault.seed);
        let turn = every.is_none_or(|every| self.matched.is_multiple_of(every.get().into()));
        let drawn = percent.is_none_or(|it| draw(seed.unwrap_or_default(), self.matched) < it);
        let hit = turn && drawn && !self.lets_pass(now);
        self.hits += u64::from(hit);
        hit
    }

    /// Whether the call is within the rate; always false for effects other than a rate.
    fn lets_pass(&mut self, now: Instant) -> bool {
        let Effect::Rate(calls) = self.fault.effect else {
            return false;
        };
        let is_over = |passed: &Instant| now.duration_since(*passed) >= Duration::from_secs(1);
        while self.passed.front().is_some_and(is_over) {
            self.passed.pop_front();
        }
        let passes = self.passed.len() < usize::try_from(calls).unwrap_or(usize::MAX);
        if passes {
            self.passed.push_back(now);
        }
        passes
    }
}

/// A number below 100, by splitmix64.
fn draw(seed: u64, count: u64) -> u8 {
    let mut bits = seed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ bits >> 31) % 100) as u8
}

/// The faults of a sandbox; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<List>>);

#[derive(Debug, Default)]
struct List {
    last_id: u64,
    active: Vec<ActiveFault>,
}

/// The effects that a call meets, one of each group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) delay: Option<Effect>,
    pub(crate) delay_in_answer: Option<Effect>,
    /// Any other effect.
    pub(crate) effect: Option<Effect>,
}

impl Plan {
    /// All effects, delays first.
    pub(crate) fn effects(&self) -> impl Iterator<Item = Effect> {
        [self.delay, self.delay_in_answer, self.effect]
            .into_iter()
            .flatten()
    }
}

impl Faults {
    pub(crate) fn inject(&self, fault: Fault) -> u64 {
        let List { last_id, active } = &mut *self.lock();
        *last_id += 1;
        active.push(ActiveFault {
            id: *last_id,
            fault,
            matched: 0,
            hits: 0,
            passed: VecDeque::new(),
        });
        let exhausted = active.iter().rev().filter(|it| it.is_exhausted());
        let oldest = exhausted.map(|it| it.id).nth(EXHAUSTED - 1);
        active.retain(|it| !it.is_exhausted() || Some(it.id) >= oldest);
        *last_id
    }

    pub(crate) fn remove(&self, id: u64) -> bool {
        let active = &mut self.lock().active;
        let before = active.len();
        active.retain(|fault| fault.id != id);
        active.len() < before
    }

    pub(crate) fn remove_all(&self) {
        self.lock().active.clear();
    }

    pub(crate) fn all(&self) -> Vec<ActiveFault> {
        self.lock().active.clone()
    }

    /// Whether to cut off a call of which only the head is known.
    pub(crate) fn cut_request(&self, now: Instant) -> bool {
        let mut faults = self.lock();
        let mut cuts =
            (faults.active.iter_mut()).filter(|it| it.fault.effect == Effect::CutInRequest);
        cuts.any(|it| it.hits_call(None, now))
    }

    /// The effects on a call: of each group the fault that was injected first. The others do not
    /// count the call.
    pub(crate) fn plan(&self, file_name: Option<&str>, now: Instant) -> Plan {
        let mut plan = Plan::default();
        for fault in &mut self.lock().active {
            let effect = fault.fault.effect;
            let place = match effect {
                Effect::CutInRequest => continue,
                Effect::Delay(_) => &mut plan.delay,
                Effect::DelayInAnswer(_) => &mut plan.delay_in_answer,
                _ => &mut plan.effect,
            };
            if place.is_none() && fault.hits_call(file_name, now) {
                *place = Some(effect);
            }
        }
        plan
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        // The data is valid after any statement, so a poisoned lock is safe to reuse.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Serialize for ActiveFault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let id = [("id", self.id.into())].into_iter();
        let more = [
            ("hits", self.hits.into()),
            ("spent", self.is_exhausted().into()),
            ("text", self.fault.to_string().into()),
        ];
        serializer.collect_map(id.chain(self.fault.entries()).chain(more))
    }
}
