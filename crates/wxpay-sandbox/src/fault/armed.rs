//! A fault that waits for calls.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{Effect, Fault};

/// A fault that was armed, and what has become of it.
///
/// ```
/// use wxpay_sandbox::{Effect, Fault, Sandbox};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::builder().start().await?;
/// let id = sandbox.arm(Fault::new(Effect::SystemError).next(1));
/// let armed = &sandbox.faults()[0];
/// assert_eq!((armed.id(), armed.hits(), armed.is_spent()), (id, 0, false));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ArmedFault {
    id: u64,
    fault: Fault,
    /// The calls that matched the file pattern.
    matched: u64,
    hits: u64,
    /// When the calls of the last second were let pass, the oldest first.
    passed: VecDeque<Instant>,
}

impl ArmedFault {
    pub(super) fn new(id: u64, fault: Fault) -> Self {
        Self {
            id,
            fault,
            matched: 0,
            hits: 0,
            passed: VecDeque::new(),
        }
    }

    /// Its number, from 1, in the order of arming.
    ///
    /// ```
    /// use wxpay_sandbox::{Effect, Sandbox};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = Sandbox::builder().start().await?;
    /// sandbox.arm(Effect::SystemError.into());
    /// sandbox.arm(Effect::CutInAnswer.into());
    /// assert!(sandbox.faults().iter().map(|armed| armed.id()).eq([1, 2]));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What was armed.
    ///
    /// ```
    /// use wxpay_sandbox::{Effect, Fault, Sandbox};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let fault = Fault::new(Effect::SystemError).every(2);
    /// let sandbox = Sandbox::builder().fault(fault.clone()).start().await?;
    /// assert_eq!(*sandbox.faults()[0].fault(), fault);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// How many calls it has hit.
    ///
    /// ```
    /// use wxpay_sandbox::{Effect, Sandbox};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = Sandbox::builder().fault(Effect::Rate(20)).start().await?;
    /// // … the client under test uploads, at 20 calls a second …
    /// assert_eq!(sandbox.faults()[0].hits(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits
    }

    /// Whether it has hit as many calls as it was to, and hits no more.
    ///
    /// ```
    /// use wxpay_sandbox::{Effect, Fault, Sandbox};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = Sandbox::builder().fault(Fault::new(Effect::SystemError).next(2)).start().await?;
    /// // … the client under test uploads once, and gives up …
    /// assert!(!sandbox.faults()[0].is_spent());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_spent(&self) -> bool {
        let next = self.fault.next;
        next.is_some_and(|next| self.hits >= u64::from(next.get()))
    }

    /// Whether it hits this call; tells once for each call.
    pub(super) fn hits_call(&mut self, file_name: Option<&str>, now: Instant) -> bool {
        let fault = &self.fault;
        let name = file_name.unwrap_or_default();
        if self.is_spent() || fault.file.as_ref().is_some_and(|file| !file.matches(name)) {
            return false;
        }
        self.matched += 1;
        let turn = fault
            .every
            .is_none_or(|every| self.matched.is_multiple_of(every.get().into()));
        let drawn = fault
            .chance
            .is_none_or(|chance| draw(chance.seed, self.matched) < chance.percent);
        let hit = turn && drawn && !self.lets_pass(now);
        self.hits += u64::from(hit);
        hit
    }

    /// Whether a rate is not exceeded yet; other faults let nothing pass.
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
