//! Trend: Donchian channel.

use crate::indicators::average::line::{Composed, Range, zip2};
use crate::indicators::catalog::{Description, period};
use crate::indicators::checked_period;
use crate::indicators::study::{State, Streaming};
use crate::types::Result;

/// Donchian channel: the highest high and lowest low of the last `period` rows, the newest included, and their midpoint.
/// For a breakout rule compare with the row before, since no price can pass a channel that holds it.
#[derive(Clone, Debug)]
pub struct Donchian {
    range: Range,
}

impl Donchian {
    /// A channel over `period` rows.
    pub fn new(period: usize) -> Result<Self> {
        Ok(Self { range: Range::new(checked_period("period", period)?) })
    }
}

impl Composed<2, 3> for Donchian {
    fn lookback(&self) -> usize {
        self.range.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [high, low]: [&[f64]; 2], [upper, middle, lower]: [&mut [f64]; 3]) {
        self.range.run(high, low, upper, lower);
        zip2(middle, upper, lower, |upper, lower| (upper + lower) * 0.5);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.range.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[Description {
    name: "donchian",
    title: "Donchian channel",
    inputs: &["high", "low"],
    parameters: &[period(20)],
    outputs: &["upper", "middle", "lower"],
    first_row: "period - 1",
    formula: "upper = highest high, lower = lowest low of the last period rows, the newest included; middle = their mean",
    source: "Donchian; TA-Lib MAX and MIN",
    make: |p| Ok(Box::new(Streaming::new(Donchian::new(p.whole(0))?))),
}];
