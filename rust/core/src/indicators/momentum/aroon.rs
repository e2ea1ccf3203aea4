//! Aroon: how long ago the highest and the lowest value were.

use crate::indicators::catalog::{Description, whole};
use crate::indicators::study::{State, Streaming, Study};

/// Where the highest high and the lowest low of a window stand; of equals the latest. Blocks as in
/// [`crate::indicators::window`]: positions count from the start of the block before.
#[derive(Clone, Debug)]
struct Latest {
    block: Vec<[f64; 2]>,
    /// Value and position of the highest after each row of the block before; lows are negated.
    suffix: Vec<[Place; 2]>,
    prefix: [Place; 2],
    at: usize,
    full: bool,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    value: f64,
    position: f64,
}

const NOWHERE: Place = Place { value: f64::NEG_INFINITY, position: 0.0 };

impl Place {
    /// The higher; of equals `newer`.
    #[inline]
    fn or(self, newer: Self) -> Self {
        let wins = newer.value >= self.value;
        Self { value: if wins { newer.value } else { self.value }, position: if wins { newer.position } else { self.position } }
    }
}

impl Latest {
    fn new(period: usize) -> Self {
        Self { block: vec![[0.0; 2]; period], suffix: vec![[NOWHERE; 2]; period], prefix: [NOWHERE; 2], at: 0, full: false }
    }

    /// Rows from the oldest of the window to the highest high and to the lowest low; NaN while warming up.
    #[inline]
    fn push(&mut self, high: f64, low: f64) -> [f64; 2] {
        let (at, n) = (self.at, self.block.len());
        let row = [high, -low];
        let position = (n + at) as f64;
        self.block[at] = row;
        let mut found = [0.0; 2];
        for i in 0..2 {
            self.prefix[i] = self.prefix[i].or(Place { value: row[i], position });
            found[i] = self.suffix[at][i].or(self.prefix[i]).position - (at + 1) as f64;
        }
        self.at = at + 1;
        if self.at == n {
            self.turn();
        } else if !self.full {
            return [f64::NAN; 2];
        }
        found
    }

    fn turn(&mut self) {
        let mut best = [NOWHERE; 2];
        for (i, (row, slot)) in self.block.iter().zip(&mut self.suffix).enumerate().rev() {
            *slot = best;
            for (best, &value) in best.iter_mut().zip(row) {
                *best = Place { value, position: i as f64 }.or(*best);
            }
        }
        self.prefix = [NOWHERE; 2];
        (self.at, self.full) = (0, true);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        let last = self.block.len() - 1;
        state.count(&mut self.at, last);
        state.flag(&mut self.full);
        state.numbers(self.block.as_flattened_mut());
        for place in self.suffix.as_flattened_mut().iter_mut().chain(&mut self.prefix) {
            state.number(&mut place.value);
            state.number(&mut place.position);
        }
    }
}

/// Both lines.
#[derive(Clone, Debug)]
struct Lines(Latest);

impl Study<2, 2> for Lines {
    fn lookback(&self) -> usize {
        self.0.block.len() - 1
    }

    #[inline]
    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 2] {
        let factor = 100.0 / (self.0.block.len() - 1) as f64;
        let [top, bottom] = self.0.push(high, low);
        [factor * bottom, factor * top]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.0.visit(state);
    }
}

/// Their difference.
#[derive(Clone, Debug)]
struct Oscillator(Latest);

impl Study<2, 1> for Oscillator {
    fn lookback(&self) -> usize {
        self.0.block.len() - 1
    }

    #[inline]
    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 1] {
        let factor = 100.0 / (self.0.block.len() - 1) as f64;
        let [top, bottom] = self.0.push(high, low);
        [factor * (top - bottom)]
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
        make: |p| Ok(Box::new(Streaming::new(Lines(Latest::new(p.whole(0) + 1))))),
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
        make: |p| Ok(Box::new(Streaming::new(Oscillator(Latest::new(p.whole(0) + 1))))),
    },
];
