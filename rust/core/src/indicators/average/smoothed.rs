//! Averages made of exponential averages: double, triple, Tillson's, with the lag taken out.

use super::line::{Before, Composed, Line, Smooth};
use crate::indicators::catalog::{Description, period, real};
use crate::indicators::study::{State, Streaming};
use crate::indicators::window::all_finite;

/// `D` exponential averages, each of the one before and seeded with its mean, in one pass: their chains of operations wait
/// for nothing but themselves and run side by side.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct Cascade<const D: usize> {
    periods: [usize; D],
    weights: [f64; D],
    /// Values in each seed.
    seen: [usize; D],
    /// Sums while seeding, averages after it.
    values: [f64; D],
}

impl<const D: usize> Cascade<D> {
    pub(in crate::indicators) fn new(periods: [usize; D]) -> Self {
        let weights = periods.map(|period| 2.0 / (period as f64 + 1.0));
        Self { periods, weights, seen: [0; D], values: [0.0; D] }
    }

    pub(in crate::indicators) fn lookback(&self) -> usize {
        self.periods.iter().map(|period| period - 1).sum()
    }

    /// The averages with one more value, once all are seeded.
    #[cold]
    fn warm_up(&mut self, mut x: f64) -> bool {
        for d in 0..D {
            if self.seen[d] == self.periods[d] {
                self.values[d] += self.weights[d] * (x - self.values[d]);
            } else {
                self.values[d] += x;
                self.seen[d] += 1;
                if self.seen[d] < self.periods[d] {
                    return false;
                }
                self.values[d] /= self.periods[d] as f64;
            }
            x = self.values[d];
        }
        true
    }

    /// `read` of the averages after each of `xs`, NaN while warming up; what is not finite is passed over.
    #[inline]
    pub(in crate::indicators) fn take(&mut self, xs: &[f64], out: &mut [f64], read: impl Fn([f64; D]) -> f64) {
        let is_seeded = self.seen[D - 1] == self.periods[D - 1];
        if !is_seeded || !all_finite(xs) {
            for (&x, y) in xs.iter().zip(out) {
                *y = if x.is_finite() && self.warm_up(x) { read(self.values) } else { f64::NAN };
            }
            return;
        }
        let (weights, mut values) = (self.weights, self.values);
        for (&x, y) in xs.iter().zip(out) {
            let mut x = x;
            for (value, take) in values.iter_mut().zip(weights) {
                // Comes to rest on a flat series.
                *value += take * (x - *value);
                x = *value;
            }
            *y = read(values);
        }
        self.values = values;
    }

    pub(in crate::indicators) fn visit(&mut self, state: &mut State<'_>) {
        for (seen, &period) in self.seen.iter_mut().zip(&self.periods) {
            state.count(seen, period);
        }
        state.numbers(&mut self.values);
    }
}

/// What is read from a cascade of averages of one period.
#[derive(Clone, Debug)]
struct Reading<const D: usize> {
    cascade: Cascade<D>,
    /// What each average counts.
    shares: [f64; D],
}

impl<const D: usize> Reading<D> {
    fn new(period: usize, shares: [f64; D]) -> Self {
        Self { cascade: Cascade::new([period; D]), shares }
    }
}

impl<const D: usize> Composed<1, 1> for Reading<D> {
    fn lookback(&self) -> usize {
        self.cascade.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let shares = self.shares;
        self.cascade.take(xs, out, |e| e.iter().zip(&shares).fold(0.0, |sum, (e, share)| sum + e * share));
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.cascade.visit(state);
    }
}

/// The shares of Tillson's six averages.
fn tillson(v: f64) -> [f64; 6] {
    let (square, cube) = (v * v, v * v * v);
    [0.0, 0.0, 1.0 + 3.0 * v + cube + 3.0 * square, -6.0 * square - 3.0 * (v + cube), 3.0 * (square + cube), -cube]
}

/// An exponential average of what a value would be without the average's lag; without any lag for periods of 1 and 2.
#[derive(Clone, Debug)]
struct ZeroLag {
    before: Option<Before>,
    smooth: Smooth,
}

impl ZeroLag {
    fn new(period: usize) -> Self {
        let lag = (period - 1) / 2;
        Self { before: (lag > 0).then(|| Before::new(lag)), smooth: Smooth::exponential(period) }
    }
}

impl Composed<1, 1> for ZeroLag {
    fn lookback(&self) -> usize {
        self.before.as_ref().map_or(0, Line::lookback) + self.smooth.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let Some(before) = &mut self.before else { return self.smooth.take(xs, out) };
        let mut ahead = [0.0; N];
        let ahead = &mut ahead[..xs.len()];
        before.take(xs, ahead);
        for (ahead, x) in ahead.iter_mut().zip(xs) {
            *ahead = 2.0 * x - *ahead;
        }
        self.smooth.take(ahead, out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        if let Some(before) = &mut self.before {
            before.visit(state);
        }
        self.smooth.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "dema",
        title: "Double exponential moving average",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["dema"],
        first_row: "2 × (period − 1)",
        formula: "2·e1 − e2, e1 = EMA(close, period), e2 = EMA(e1, period)",
        source: "P. Mulloy (1994); TA-Lib DEMA",
        make: |p| Ok(Box::new(Streaming::new(Reading::new(p.whole(0), [2.0, -1.0])))),
    },
    Description {
        name: "tema",
        title: "Triple exponential moving average",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["tema"],
        first_row: "3 × (period − 1)",
        formula: "3·e1 − 3·e2 + e3, each the EMA of the one before",
        source: "P. Mulloy (1994); TA-Lib TEMA",
        make: |p| Ok(Box::new(Streaming::new(Reading::new(p.whole(0), [3.0, -3.0, 1.0])))),
    },
    Description {
        name: "t3",
        title: "Tillson's T3 moving average",
        inputs: &["close"],
        parameters: &[period(5), real("volume_factor", 0.7, 0.0, 1.0)],
        outputs: &["t3"],
        first_row: "6 × (period − 1)",
        formula: "−v³·e6 + 3(v² + v³)·e5 − (6v² + 3v + 3v³)·e4 + (1 + 3v + v³ + 3v²)·e3, each the EMA of the one before, v the volume factor",
        source: "T. Tillson (1998); TA-Lib T3",
        make: |p| Ok(Box::new(Streaming::new(Reading::new(p.whole(0), tillson(p.real(1)))))),
    },
    Description {
        name: "zlema",
        title: "Zero-lag exponential moving average",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["zlema"],
        first_row: "⌊(period − 1) ÷ 2⌋ + period − 1",
        formula: "EMA(2·close − close[⌊(period − 1) ÷ 2⌋], period)",
        source: "J. Ehlers and R. Way (2010); TA-Lib ZLEMA",
        make: |p| Ok(Box::new(Streaming::new(ZeroLag::new(p.whole(0))))),
    },
];
