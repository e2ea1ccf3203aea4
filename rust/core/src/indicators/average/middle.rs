//! The middle between the highest and the lowest value.

use super::line::{Composed, Range};
use crate::indicators::catalog::{Description, whole};
use crate::indicators::study::{State, Streaming};

/// Half-way between highest and lowest of one column, or of high and low.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct Middle(pub(in crate::indicators) Range);

impl Middle {
    /// From high and low, all finite.
    #[inline]
    pub(in crate::indicators) fn take<const N: usize>(&mut self, high: &[f64], low: &[f64], out: &mut [f64]) {
        let mut bottom = [0.0; N];
        let bottom = &mut bottom[..high.len()];
        self.0.run(high, low, out, bottom);
        for (y, bottom) in out.iter_mut().zip(bottom) {
            *y = 0.5 * (*y + *bottom);
        }
    }
}

impl Composed<1, 1> for Middle {
    fn lookback(&self) -> usize {
        self.0.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.take::<N>(xs, xs, out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.0.visit(state);
    }
}

impl Composed<2, 1> for Middle {
    fn lookback(&self) -> usize {
        self.0.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [high, low]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        self.take::<N>(high, low, out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.0.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "midpoint",
        title: "Mid-point over a period",
        inputs: &["close"],
        parameters: &[whole("period", 14, 1)],
        outputs: &["midpoint"],
        first_row: "period − 1",
        formula: "(highest close + lowest close) ÷ 2 of period rows",
        source: "TA-Lib MIDPOINT",
        make: |p| Ok(Box::new(Streaming::<_, 1, 1>::new(Middle(Range::new(p.whole(0)))))),
    },
    Description {
        name: "midprice",
        title: "Mid-price over a period",
        inputs: &["high", "low"],
        parameters: &[whole("period", 14, 1)],
        outputs: &["midprice"],
        first_row: "period − 1",
        formula: "(highest high + lowest low) ÷ 2 of period rows",
        source: "TA-Lib MIDPRICE",
        make: |p| Ok(Box::new(Streaming::<_, 2, 1>::new(Middle(Range::new(p.whole(0)))))),
    },
];
