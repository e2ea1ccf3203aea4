//! Aroon: how long ago the highest and the lowest value were.

use crate::indicators::average::line::{Composed, zip2};
use crate::indicators::catalog::{Description, whole};
use crate::indicators::doubling::{HighestWith, LowestWith, Moving};
use crate::indicators::study::{State, Streaming};

/// The ages of the lowest low and the highest high, as percent of the period that they are younger.
#[derive(Clone, Debug)]
struct Ages {
    /// Each with the number of its row.
    low: Moving<LowestWith, 2>,
    high: Moving<HighestWith, 2>,
    row: f64,
}

impl Ages {
    fn new(period: usize) -> Self {
        Self { low: Moving::new(period + 1), high: Moving::new(period + 1), row: 0.0 }
    }

    fn period(&self) -> usize {
        self.low.period() - 1
    }

    /// Down and up.
    #[inline]
    fn take<const N: usize>(&mut self, high: &[f64], low: &[f64], down: &mut [f64], up: &mut [f64]) {
        let period = self.period() as f64;
        let factor = 100.0 / period;
        let younger = |row: f64, place: f64| factor * (period - (row - place));
        let mut rows = [0.0; N];
        let rows = &mut rows[..low.len()];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = self.row + i as f64;
        }
        self.row += low.len() as f64;
        if let ([high], [low], [row], [down], [up]) = (high, low, &*rows, &mut *down, &mut *up) {
            *down = self.low.push([*low, *row]).map_or(f64::NAN, |[_, place]| younger(*row, place));
            *up = self.high.push([*high, *row]).map_or(f64::NAN, |[_, place]| younger(*row, place));
            return;
        }
        self.low.extend([low, rows], |start, [_, places]| zip2(&mut down[start..], &rows[start..], places, younger));
        self.high.extend([high, rows], |start, [_, places]| zip2(&mut up[start..], &rows[start..], places, younger));
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.low.visit(state);
        self.high.visit(state);
        state.number(&mut self.row);
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
