//! Highest and lowest of the last `period` values.

use crate::indicators::average::line::{Composed, Range};
use crate::indicators::catalog::{Description, period};
use crate::indicators::study::{State, Streaming};

/// The highest or the lowest.
#[derive(Clone, Debug)]
struct Extreme {
    range: Range,
    is_highest: bool,
}

impl Composed<1, 1> for Extreme {
    fn lookback(&self) -> usize {
        self.range.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let mut unused = [0.0; N];
        let unused = &mut unused[..xs.len()];
        if self.is_highest {
            self.range.take(xs, xs, out, unused);
        } else {
            self.range.take(xs, xs, unused, out);
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.range.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "rolling_min",
        title: "Rolling minimum",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["min"],
        first_row: "period − 1",
        formula: "lowest of period rows",
        source: "TA-Lib MIN",
        make: |p| Ok(Box::new(Streaming::new(Extreme { range: Range::new(p.whole(0)), is_highest: false }))),
    },
    Description {
        name: "rolling_max",
        title: "Rolling maximum",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["max"],
        first_row: "period − 1",
        formula: "highest of period rows",
        source: "TA-Lib MAX",
        make: |p| Ok(Box::new(Streaming::new(Extreme { range: Range::new(p.whole(0)), is_highest: true }))),
    },
];
