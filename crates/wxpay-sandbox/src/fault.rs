//! Faults on demand: their effects, and the calls that they hit.

mod effect;
mod grammar;
mod schedule;
#[cfg(test)]
mod tests;

use std::num::NonZeroU32;

use schedule::Pattern;

pub use effect::{Effect, ErrorCode};
pub use grammar::ParseFaultError;
pub use schedule::ActiveFault;
pub(crate) use schedule::{Faults, Plan};

/// Something that goes wrong on purpose: an [`Effect`], and the calls that it hits.
///
/// By itself it hits every call. Conditions narrow that down, in this order: calls whose file name
/// matches ([`for_file`](Self::for_file)); of these every n-th ([`every_nth`](Self::every_nth)); of these
/// some, drawn from a seed ([`probability`](Self::probability)); and a number of them
/// ([`times`](Self::times)), after which it is exhausted. The same calls always meet the same faults.
///
/// `docs/sandbox.md` has the grammar of its text (by `FromStr` and `Display`) and its JSON (by serde,
/// `{"fault": "system-error", "next": 2}`).
///
/// ```
/// use wxpay_sandbox::{Effect, Fault};
///
/// let fault = Fault::new(Effect::SystemError).times(2).for_file("*.png");
/// assert_eq!(fault.to_string(), "system-error,next=2,file=*.png");
/// assert_eq!("system-error,next=2,file=*.png".parse::<Fault>()?, fault);
/// let error = "system-eror".parse::<Fault>().unwrap_err();
/// assert_eq!(error.to_string(), r#"there is no fault "system-eror""#);
/// # Ok::<(), wxpay_sandbox::ParseFaultError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Fault {
    effect: Effect,
    times: Option<NonZeroU32>,
    every_nth: Option<NonZeroU32>,
    percent: Option<u8>,
    seed: Option<u64>,
    file: Option<Pattern>,
}

impl Fault {
    /// A fault that hits every call.
    pub fn new(effect: Effect) -> Self {
        Self {
            effect,
            times: None,
            every_nth: None,
            percent: None,
            seed: None,
            file: None,
        }
    }

    /// Hits the next `calls` that the other conditions pass, and is exhausted then. 0 counts as 1. In
    /// text: `next=N`.
    ///
    /// Several such faults are a script: the first is exhausted before the second hits.
    pub fn times(mut self, calls: u32) -> Self {
        self.times = Some(NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN));
        self
    }

    /// Hits every n-th call, the n-th first. 0 counts as 1. In text: `every=N`.
    pub fn every_nth(mut self, nth: u32) -> Self {
        self.every_nth = Some(NonZeroU32::new(nth).unwrap_or(NonZeroU32::MIN));
        self
    }

    /// Hits calls whose file name (that of the field `media`, or an empty one) matches: `*` is any text,
    /// `?` any character. Of pattern and name the first 256 characters count. In text: `file=PATTERN`.
    ///
    /// [`Effect::CutInRequest`] comes before the name is known, and finds it empty.
    pub fn for_file(mut self, pattern: impl AsRef<str>) -> Self {
        self.file = Some(Pattern::new(pattern.as_ref()));
        self
    }

    /// Hits `percent` of a hundred calls; the seed alone decides which. In text: `chance=N%,seed=N`.
    pub fn probability(mut self, percent: u8, seed: u64) -> Self {
        self.percent = Some(percent.min(100));
        self.seed = Some(seed);
        self
    }
}

impl From<Effect> for Fault {
    fn from(effect: Effect) -> Self {
        Self::new(effect)
    }
}
