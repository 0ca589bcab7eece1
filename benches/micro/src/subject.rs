//! One piece of work.

use std::fmt;

/// A piece of work that can be repeated.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// The work and its performer, such as `reply: ours`. Figures are kept under it.
    pub name: &'static str,
    /// Makes what the work needs, and answers with the work.
    pub prepare: fn() -> Work,
}

/// Does a piece of work once.
pub type Work = Box<dyn FnMut()>;

impl Subject {
    pub(crate) const fn new(name: &'static str, prepare: fn() -> Work) -> Self {
        Self { name, prepare }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
