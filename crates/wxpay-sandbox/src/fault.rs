//! Faults on demand: what goes wrong, and in which calls.

mod armed;
mod effect;
mod error;
mod grammar;
mod json;
mod list;
mod pattern;
#[cfg(test)]
mod tests;

use std::num::NonZeroU32;

use pattern::Pattern;

pub use armed::ArmedFault;
pub use effect::Effect;
pub use error::InvalidFault;
pub(crate) use list::{Faults, Plan};

/// Something that goes wrong on purpose: an [`Effect`], and the calls that it hits.
///
/// By itself it hits every call. The conditions narrow that down, in this order: calls whose file name
/// matches ([`file`](Self::file)); of these every n-th ([`every`](Self::every)); of these some, by
/// seeded chance ([`chance`](Self::chance)); and so many of them ([`next`](Self::next)), after which
/// it is spent. Nothing is left to chance that is not seeded: the same calls meet the same faults.
///
/// One vocabulary serves three places: this type, its text (`system-error,next=2`, by [`FromStr`] and
/// [`Display`]), and its JSON (`{"fault": "system-error", "next": 2}`, by serde). The book of it is
/// `docs/sandbox.md`.
///
/// ```
/// use wxpay_sandbox::{Effect, Fault};
///
/// let fault = Fault::new(Effect::SystemError).next(2).file("*.png");
/// assert_eq!(fault.to_string(), "system-error,next=2,file=*.png");
/// assert_eq!("system-error,next=2,file=*.png".parse::<Fault>()?, fault);
/// # Ok::<(), wxpay_sandbox::InvalidFault>(())
/// ```
///
/// [`FromStr`]: std::str::FromStr
/// [`Display`]: std::fmt::Display
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a fault does nothing until it is armed"]
pub struct Fault {
    effect: Effect,
    next: Option<NonZeroU32>,
    every: Option<NonZeroU32>,
    chance: Option<Chance>,
    file: Option<Pattern>,
}

/// So many of a hundred calls, drawn from a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chance {
    percent: u8,
    seed: u64,
}

impl Fault {
    /// A fault that hits every call.
    ///
    /// ```
    /// use wxpay_sandbox::{Effect, Fault};
    ///
    /// assert_eq!(Fault::new(Effect::WrongSignature).to_string(), "wrong-signature");
    /// ```
    pub fn new(effect: Effect) -> Self {
        Self {
            effect,
            next: None,
            every: None,
            chance: None,
            file: None,
        }
    }

    /// Hits so many calls, the next ones that the other conditions pass, and is spent then. 0 counts
    /// as 1.
    ///
    /// Several such faults, armed one after the other, are a script: the first is spent before the
    /// second hits.
    ///
    /// ```
    /// use wxpay_sandbox::{Effect, Fault, Sandbox};
    ///
    /// // Two calls fail, then one is cut, then all is well.
    /// let builder = Sandbox::builder()
    ///     .fault(Fault::new(Effect::SystemError).next(2))
    ///     .fault(Fault::new(Effect::CutInAnswer).next(1));
    /// # let _ = builder;
    /// ```
    pub fn next(mut self, calls: u32) -> Self {
        self.next = Some(at_least_one(calls));
        self
    }

    /// Hits every n-th call, the n-th first. 0 counts as 1.
    ///
    /// ```
    /// use wxpay_sandbox::{Effect, Fault};
    ///
    /// // The calls 5, 10 and so on.
    /// let fault = Fault::new(Effect::FrequencyLimited).every(5);
    /// assert_eq!(fault.to_string(), "frequency-limited,every=5");
    /// ```
    pub fn every(mut self, nth: u32) -> Self {
        self.every = Some(at_least_one(nth));
        self
    }

    /// Hits calls whose file name matches: `*` is any text, `?` any character, all else itself. Of a
    /// pattern and of a name the first 256 characters count.
    ///
    /// The name is that of the field `media`, empty where there is none. It comes with the request's
    /// body, so [`Effect::CutInRequest`], which does not wait for that, finds it empty.
    ///
    /// ```
    /// use wxpay_sandbox::{Effect, Fault};
    ///
    /// // Of a batch, the scans alone.
    /// let fault = Fault::new(Effect::ImageFormat).file("scan-??.*");
    /// assert_eq!(fault.to_string(), "image-format,file=scan-??.*");
    /// ```
    pub fn file(mut self, pattern: impl AsRef<str>) -> Self {
        self.file = Some(Pattern::new(pattern.as_ref()));
        self
    }

    /// Hits so many of a hundred calls, more than 100 being all. Which ones depends on the seed alone.
    ///
    /// ```
    /// use wxpay_sandbox::{Effect, Fault};
    ///
    /// // About one answer in ten, always the same ones.
    /// let fault = Fault::new(Effect::CutInAnswer).chance(10, 1);
    /// assert_eq!(fault.to_string(), "cut-in-answer,chance=10%,seed=1");
    /// ```
    pub fn chance(mut self, percent: u8, seed: u64) -> Self {
        let percent = percent.min(100);
        self.chance = Some(Chance { percent, seed });
        self
    }

    /// What goes wrong.
    ///
    /// ```
    /// use wxpay_sandbox::{Effect, Fault};
    ///
    /// let fault: Fault = "SYSTEMERROR,next=2".parse()?;
    /// assert_eq!(fault.effect(), Effect::SystemError);
    /// # Ok::<(), wxpay_sandbox::InvalidFault>(())
    /// ```
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }
}

impl From<Effect> for Fault {
    fn from(effect: Effect) -> Self {
        Self::new(effect)
    }
}

fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}
