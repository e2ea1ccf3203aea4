//! Aroon: how long ago the highest and the lowest value were.

use crate::indicators::average::line::Composed;
use crate::indicators::average::record::Record;
use crate::indicators::catalog::{Description, whole};
use crate::indicators::study::{State, Streaming};

/// The ages of the lowest low and the highest high, as percent of the period that they are younger.
#[derive(Clone, Debug)]
struct Ages {
    low: Record,
    high: Record,
}

impl Ages {
    fn new(period: usize) -> Self {
        Self { low: Record::new(period + 1), high: Record::new(period + 1) }
    }

    fn period(&self) -> usize {
        self.low.period() - 1
    }

    /// Down and up.
    #[inline]
    fn take<const N: usize>(&mut self, high: &[f64], low: &[f64], down: &mut [f64], up: &mut [f64]) {
        let period = self.period() as f64;
        let factor = 100.0 / period;
        let mut negated = [0.0; N];
        let negated = &mut negated[..low.len()];
        negated.iter_mut().zip(low).for_each(|(y, &x)| *y = -x);
        self.low.run_ages(negated, down);
        self.high.run_ages(high, up);
        for y in down.iter_mut().chain(up) {
            *y = factor * (period - *y);
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.low.visit(state);
        self.high.visit(state);
    }
}

/// Both lines.
#[derive(Clone, Debug)]
struct Lines(Ages);

impl Composed<2, 2> for Lines {
    fn lookback(&self) -> usize {
        self.0.period()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [high, low]: [&[f64]; 2], [down, up]: [&mut [f64]; 2]) {
        self.0.take::<N>(high, low, down, up);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.0.visit(state);
    }
}

/// Their difference.
#[derive(Clone, Debug)]
struct Oscillator(Ages);

impl Composed<2, 1> for Oscillator {
    fn lookback(&self) -> usize {
        self.0.period()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [high, low]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let mut down = [0.0; N];
        let down = &mut down[..out.len()];
        self.0.take::<N>(high, low, down, out);
        out.iter_mut().zip(down).for_each(|(up, down)| *up -= *down);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.0.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "aroon",
        title: "Aroon",
        inputs: &["high", "low"],
        parameters: &[whole("period", 14, 1)],
        outputs: &["aroon_down", "aroon_up"],
        first_row: "period",
        formula: "100·(period − rows since the lowest low, or the highest high, of period + 1 rows, the latest of equals) ÷ period",
        source: "T. Chande (1995); TA-Lib AROON",
        make: |p| Ok(Box::new(Streaming::new(Lines(Ages::new(p.whole(0)))))),
    },
    Description {
        name: "aroonosc",
        title: "Aroon oscillator",
        inputs: &["high", "low"],
        parameters: &[whole("period", 14, 1)],
        outputs: &["aroonosc"],
        first_row: "period",
        formula: "aroon_up − aroon_down",
        source: "T. Chande (1995); TA-Lib AROONOSC",
        make: |p| Ok(Box::new(Streaming::new(Oscillator(Ages::new(p.whole(0)))))),
    },
];
