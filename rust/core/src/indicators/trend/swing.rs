//! Turning points, each given on the row that confirms it, so that no value looks ahead.

use crate::indicators::CHUNK;
use crate::indicators::average::line::Range;
use crate::indicators::catalog::{Description, real, whole};
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::wide::wide;
use crate::indicators::window::Lag;

/// Turning points that the price has left by a given percentage.
#[derive(Clone, Debug)]
pub struct ZigZag {
    up: f64,
    down: f64,
    /// +1 rising from a low, −1 falling from a high, 0 before the first turning point.
    way: f64,
    high: f64,
    low: f64,
    /// Rows since the high and the low.
    high_age: f64,
    low_age: f64,
}

impl ZigZag {
    fn new(percent: f64) -> Self {
        let (up, down) = (1.0 + percent / 100.0, 1.0 - percent / 100.0);
        Self { up, down, way: 0.0, high: f64::NEG_INFINITY, low: f64::INFINITY, high_age: 0.0, low_age: 0.0 }
    }

    /// The high is confirmed by this row's low; what is given.
    fn turn_down(&mut self, low: f64) -> [f64; 3] {
        (self.way, self.low, self.low_age) = (-1.0, low, 0.0);
        [self.high, 1.0, self.high_age]
    }

    fn turn_up(&mut self, high: f64) -> [f64; 3] {
        (self.way, self.high, self.high_age) = (1.0, high, 0.0);
        [self.low, -1.0, self.low_age]
    }
}

impl Study<2, 3> for ZigZag {
    fn lookback(&self) -> usize {
        1
    }

    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 3] {
        self.high_age += 1.0;
        self.low_age += 1.0;
        // A row that goes further cannot also turn: which of the two came first is not known.
        let (further_up, further_down) = (high > self.high && self.way >= 0.0, low < self.low && self.way <= 0.0);
        let falls = self.way >= 0.0 && !further_up && low <= self.high * self.down;
        let rises = self.way <= 0.0 && !further_down && high >= self.low * self.up;
        if falls {
            return self.turn_down(low);
        }
        if rises {
            return self.turn_up(high);
        }
        if further_up {
            (self.high, self.high_age) = (high, 0.0);
        }
        if further_down {
            (self.low, self.low_age) = (low, 0.0);
        }
        [f64::NAN; 3]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        for number in [&mut self.way, &mut self.high, &mut self.low, &mut self.high_age, &mut self.low_age] {
            state.number(number);
        }
    }
}

/// Most rows to both sides that are compared one by one.
const FEW: usize = 16;

/// Highs above, and lows below, all of few rows to both sides.
#[derive(Clone, Debug)]
pub struct ClosePivots {
    left: usize,
    /// The rows before the newest, as many as there are to both sides, oldest first; NaN where there are none.
    highs: Vec<f64>,
    lows: Vec<f64>,
}

impl ClosePivots {
    fn new(left: usize, right: usize) -> Self {
        Self { left, highs: vec![f64::NAN; left + right], lows: vec![f64::NAN; left + right] }
    }
}

/// Take `x` behind `before`; the value `left` rows from its front if it stands out, else NaN.
#[inline]
fn take_one(before: &mut [f64], left: usize, x: f64, stands_out: impl Fn(f64, f64) -> bool) -> f64 {
    let candidate = before[left];
    let others = before.iter().enumerate().filter(|(i, _)| *i != left);
    let is_pivot = stands_out(candidate, x) && others.fold(true, |all, (_, &other)| all & stands_out(candidate, other));
    before.rotate_left(1);
    before[before.len() - 1] = x;
    if is_pivot { candidate } else { f64::NAN }
}

/// As [`take_one`] of each of `xs`.
#[inline]
fn take_all(before: &mut [f64], left: usize, xs: &[f64], out: &mut [f64], stands_out: impl Fn(f64, f64) -> bool + Copy) {
    let sides = before.len();
    let head = sides.min(xs.len());
    for (&x, y) in xs[..head].iter().zip(&mut *out) {
        *y = take_one(before, left, x, stands_out);
    }
    for (i, out) in out[head..].chunks_mut(CHUNK).enumerate() {
        let xs = &xs[i * CHUNK..][..out.len() + sides];
        wide(
            #[inline(always)]
            || {
                out.copy_from_slice(&xs[left..][..out.len()]);
                let mut others = (0..=sides).filter(|i| *i != left);
                // Four at a time, the last of them again where there are fewer.
                while let Some(first) = others.next() {
                    let mut last = first;
                    let [a, b, c, d] = std::array::from_fn(|i| {
                        last = if i == 0 { first } else { others.next().unwrap_or(last) };
                        &xs[last..]
                    });
                    for ((((y, &a), &b), &c), &d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                        let is_above = stands_out(*y, a) & stands_out(*y, b) & stands_out(*y, c) & stands_out(*y, d);
                        *y = if is_above { *y } else { f64::NAN };
                    }
                }
            },
        );
    }
    if xs.len() > head {
        before.copy_from_slice(&xs[xs.len() - sides..]);
    }
}

#[inline]
fn above(a: f64, b: f64) -> bool {
    a > b
}

#[inline]
fn below(a: f64, b: f64) -> bool {
    a < b
}

impl Study<2, 2> for ClosePivots {
    fn lookback(&self) -> usize {
        self.highs.len()
    }

    #[inline]
    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 2] {
        [take_one(&mut self.highs, self.left, high, above), take_one(&mut self.lows, self.left, low, below)]
    }

    fn run(&mut self, [high, low]: [&[f64]; 2], [highs, lows]: [&mut [f64]; 2]) {
        take_all(&mut self.highs, self.left, high, highs, above);
        take_all(&mut self.lows, self.left, low, lows, below);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.highs);
        state.numbers(&mut self.lows);
    }
}

/// Highs above, and lows below, all of many rows to both sides.
#[derive(Clone, Debug)]
pub struct Pivots {
    /// Extremes of the rows to the left of the candidate, and of those to its right.
    left: Range,
    right: Range,
    /// The left extremes of the candidate, which are those of `right + 1` rows ago.
    left_then: [Lag; 2],
    candidate: [Lag; 2],
}

impl Pivots {
    fn new(left: usize, right: usize) -> Self {
        let lags = |rows: usize| [Lag::new(rows), Lag::new(rows)];
        Self { left: Range::new(left), right: Range::new(right), left_then: lags(right + 1), candidate: lags(right) }
    }
}

impl Study<2, 2> for Pivots {
    fn lookback(&self) -> usize {
        self.left.lookback() + self.right.lookback() + 2
    }

    #[inline]
    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 2] {
        let [left, right] = [&mut self.left, &mut self.right].map(|range| range.step(high, low)).map(|[top, bottom]| [top, -bottom]);
        std::array::from_fn(|i| {
            // Lows are negated: then both are highs.
            let value = if i == 0 { high } else { -low };
            let (left, candidate) = (self.left_then[i].push(left[i]), self.candidate[i].push(value));
            let stands_out = candidate > left && candidate > right[i];
            if !stands_out {
                f64::NAN
            } else if i == 0 {
                candidate
            } else {
                -candidate
            }
        })
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.left.visit(state);
        self.right.visit(state);
        for lag in self.left_then.iter_mut().chain(&mut self.candidate) {
            lag.visit(state);
        }
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "zigzag",
        title: "Zigzag turning points",
        inputs: &["high", "low"],
        parameters: &[real("percent", 5.0, 1e-6, 99.999)],
        outputs: &["price", "kind", "age"],
        first_row: "that of the first turning point, 1 at the earliest",
        formula: "on the row that confirms a turning point, else NaN: its price, 1 for a high or −1 for a low, and how many rows ago it was; a high is confirmed by a low of at most high × (1 − percent ÷ 100), a low by a high of at least low × (1 + percent ÷ 100), on a row that does not itself go further",
        source: "Merrill 1977",
        make: |p| Ok(Box::new(Streaming::new(ZigZag::new(p.real(0))))),
    },
    Description {
        name: "pivots",
        title: "Pivot highs and lows",
        inputs: &["high", "low"],
        parameters: &[whole("left", 2, 1), whole("right", 2, 1)],
        outputs: &["pivot_high", "pivot_low"],
        first_row: "left + right at the earliest",
        formula: "on the row that confirms it, else NaN: the high of right rows ago if it is above all highs of the left rows before and the right rows after it; likewise the low",
        source: "Williams 1995 (fractals, 2 and 2); TA-Lib FRACTAL",
        make: |p| {
            let (left, right) = (p.whole(0), p.whole(1));
            if left + right <= FEW {
                return Ok(Box::new(Streaming::new(ClosePivots::new(left, right))));
            }
            Ok(Box::new(Streaming::new(Pivots::new(left, right))))
        },
    },
];
