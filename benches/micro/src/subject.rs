//! One piece of work.

use std::fmt;

/// A piece of work that can be repeated.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// The work and the implementation, such as `form built: ours`: the key of the committed
    /// figures.
    pub name: &'static str,
    /// Prepares the input, and returns the work.
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
