//! The faults that are armed.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{ArmedFault, Effect, Fault};

/// So many that are spent are kept to be looked at.
const SPENT: usize = 100;

/// The faults of a sandbox; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<List>>);

#[derive(Debug, Default)]
struct List {
    last_id: u64,
    armed: Vec<ArmedFault>,
}

/// What a call meets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) delay: Option<Duration>,
    pub(crate) delay_in_answer: Option<Duration>,
    /// One of all others.
    pub(crate) effect: Option<Effect>,
}

impl Faults {
    pub(crate) fn arm(&self, fault: Fault) -> u64 {
        let mut list = self.list();
        list.last_id += 1;
        let id = list.last_id;
        list.armed.push(ArmedFault::new(id, fault));
        let mut surplus = list.armed.iter().filter(|fault| fault.is_spent()).count();
        surplus = surplus.saturating_sub(SPENT);
        list.armed.retain(|fault| {
            let goes = surplus > 0 && fault.is_spent();
            surplus -= usize::from(goes);
            !goes
        });
        id
    }

    pub(crate) fn disarm(&self, id: u64) -> bool {
        let mut list = self.list();
        let before = list.armed.len();
        list.armed.retain(|fault| fault.id() != id);
        list.armed.len() < before
    }

    pub(crate) fn disarm_all(&self) {
        self.list().armed.clear();
    }

    pub(crate) fn armed(&self) -> Vec<ArmedFault> {
        self.list().armed.clone()
    }

    /// Whether a call, of which only the head is known, is to be cut off.
    pub(crate) fn cut_request(&self, now: Instant) -> bool {
        let mut list = self.list();
        list.armed
            .iter_mut()
            .filter(|fault| fault.fault().effect() == Effect::CutInRequest)
            .any(|fault| fault.hits_call(None, now))
    }

    /// What a call meets: of each group the fault that was armed first. Those that come too late are
    /// not asked, so that they wait for another call.
    pub(crate) fn plan(&self, file_name: Option<&str>, now: Instant) -> Plan {
        let mut plan = Plan::default();
        for fault in &mut self.list().armed {
            let effect = fault.fault().effect();
            let is_free = match effect {
                Effect::CutInRequest => false,
                Effect::Delay(_) => plan.delay.is_none(),
                Effect::DelayInAnswer(_) => plan.delay_in_answer.is_none(),
                _ => plan.effect.is_none(),
            };
            if is_free && fault.hits_call(file_name, now) {
                match effect {
                    Effect::Delay(time) => plan.delay = Some(time),
                    Effect::DelayInAnswer(time) => plan.delay_in_answer = Some(time),
                    other => plan.effect = Some(other),
                }
            }
        }
        plan
    }

    fn list(&self) -> MutexGuard<'_, List> {
        // Nothing panics while it is held, and a list of faults has no half-done state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
