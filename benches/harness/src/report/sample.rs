//! The same figure of several rounds.

use std::fmt;

/// At least one figure, in their order of size.
#[derive(Debug, Clone)]
pub(super) struct Sample(Vec<f64>);

impl Sample {
    pub(super) fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        Self(figures)
    }

    pub(super) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        match self.0.len() {
            0 => f64::NAN,
            length if length % 2 == 0 => (self.0[middle - 1] + self.0[middle]) / 2.0,
            _ => self.0[middle],
        }
    }

    /// The ratio of the medians, when there is something to compare with.
    pub(super) fn over(&self, other: Option<&Self>) -> String {
        other.map_or("-".into(), |other| {
            format!("{:.2}", self.median() / other.median())
        })
    }
}

/// The range.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.first(), self.0.last()) {
            (Some(least), Some(most)) if *most >= 100.0 => write!(f, "{least:.0}–{most:.0}"),
            (Some(least), Some(most)) => write!(f, "{least:.2}–{most:.2}"),
            _ => f.write_str("-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(Sample::of([3.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(Sample::of([4.0, 1.0, 2.0, 3.0]).median(), 2.5);
    }
}
