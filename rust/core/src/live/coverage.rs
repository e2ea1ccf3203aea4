//! Which shares of an order its known fills cover.

/// Intervals of cumulative shares, in units of 1e-9, that are covered by known fills: sorted, apart from each other, above zero.
///
/// A fill of `qty` shares after which `cum` are filled covers the interval from `cum − qty` to `cum`. Whatever the order in which
/// fills come, and however often, each share is booked once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(Vec<(i64, i64)>);

/// What a fill is to what is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// None of it is known.
    New,
    /// All of it is known.
    Known,
    /// Some of it is known: it contradicts what was said before.
    Torn,
}

impl Coverage {
    /// The first `filled` shares.
    pub fn up_to(filled: i64) -> Self {
        Self(if filled > 0 { vec![(0, filled)] } else { Vec::new() })
    }

    /// Shares covered.
    pub fn total(&self) -> i64 {
        self.0.iter().map(|(from, to)| to - from).sum()
    }

    /// What of the interval is not covered.
    pub(super) fn gaps(&self, from: i64, to: i64) -> Vec<(i64, i64)> {
        let mut gaps = Vec::new();
        let mut at = from;
        for &(a, b) in self.0.iter().filter(|&&(a, b)| b > from && a < to) {
            if a > at {
                gaps.push((at, a));
            }
            at = at.max(b);
        }
        if at < to {
            gaps.push((at, to));
        }
        gaps
    }

    /// What a fill from `from` to `to` is to what is covered.
    pub fn part(&self, from: i64, to: i64) -> Part {
        if self.0.iter().any(|&(a, b)| a <= from && to <= b) {
            Part::Known
        } else if self.0.iter().any(|&(a, b)| a < to && from < b) {
            Part::Torn
        } else {
            Part::New
        }
    }

    /// Cover the interval from `from` to `to`.
    pub fn add(&mut self, from: i64, to: i64) {
        let (mut from, mut to) = (from, to);
        self.0.retain(|&(a, b)| {
            let touches = a <= to && from <= b;
            if touches {
                (from, to) = (from.min(a), to.max(b));
            }
            !touches
        });
        let at = self.0.partition_point(|&(a, _)| a < from);
        self.0.insert(at, (from, to));
    }
}
