//! Averages whose weight follows the market: Kaufman's, Ehlers' fractal, Chande's, `McGinley`'s.

use super::line::{Composed, Line, Range, Sum, is_zero};
use crate::indicators::catalog::{Description, period, real, whole};
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::window::Lag;
use crate::types::Error;

/// Kaufman's adaptive average.
#[derive(Clone, Debug)]
struct Kaufman {
    before: Lag,
    path: Sum,
    last: f64,
    value: f64,
    /// Weight of the slow average, and what the fast one's has more.
    slow: f64,
    more: f64,
}

impl Kaufman {
    fn new(period: usize, fast: usize, slow: usize) -> Self {
        let weight = |period: usize| 2.0 / (period as f64 + 1.0);
        let slow = weight(slow);
        Self { before: Lag::new(period), path: Sum::new(period), last: f64::NAN, value: f64::NAN, slow, more: weight(fast) - slow }
    }

    /// The weight of the newest value, from the way gone and the path taken.
    #[inline]
    fn weight(slow: f64, more: f64, way: f64, path: f64) -> f64 {
        // A path no longer than a rise is straight; so, in TA-Lib, is none at all.
        let efficiency = if path <= way || is_zero(path) { 1.0 } else { (way / path).abs() };
        let weight = efficiency * more + slow;
        weight * weight
    }
}

impl Composed<1, 1> for Kaufman {
    fn lookback(&self) -> usize {
        self.before.period()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let (mut steps, mut paths, mut ways) = ([0.0; N], [0.0; N], [0.0; N]);
        let n = xs.len();
        let (steps, paths, ways) = (&mut steps[..n], &mut paths[..n], &mut ways[..n]);
        steps[0] = (xs[0] - self.last).abs();
        for ((step, pair), _) in steps[1..].iter_mut().zip(xs.windows(2)).zip(1..) {
            *step = (pair[1] - pair[0]).abs();
        }
        self.path.take(steps, paths);
        self.before.run(xs, ways, |now, then| now - then);
        let (slow, more) = (self.slow, self.more);
        for (way, path) in ways.iter_mut().zip(paths) {
            *way = Self::weight(slow, more, *way, *path) + 0.0 * *path;
        }
        let (mut last, mut value) = (self.last, self.value);
        for ((y, &x), &weight) in out.iter_mut().zip(xs).zip(&*ways) {
            if weight.is_nan() {
                *y = f64::NAN;
            } else {
                // The first grows from the value before it.
                let from = if value.is_nan() { last } else { value };
                value = (x - from) * weight + from;
                *y = value;
            }
            last = x;
        }
        (self.last, self.value) = (last, value);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.before.visit(state);
        self.path.visit(state);
        state.number(&mut self.last);
        state.number(&mut self.value);
    }
}

/// Ehlers' fractal adaptive average.
#[derive(Clone, Debug)]
struct Fractal {
    newer: Range,
    /// High and low, a half window ago.
    older: [Lag; 2],
    older_range: Range,
    half: f64,
    value: f64,
}

impl Fractal {
    fn new(half: usize) -> Self {
        let lag = || Lag::new(half);
        Self { newer: Range::new(half), older: [lag(), lag()], older_range: Range::new(half), half: half as f64, value: f64::NAN }
    }
}

impl Study<2, 1> for Fractal {
    fn lookback(&self) -> usize {
        2 * self.newer.lookback() + 1
    }

    #[inline]
    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 1] {
        let [top, bottom] = self.newer.step(high, low);
        let [then_high, then_low] = [self.older[0].push(high), self.older[1].push(low)];
        let [old_top, old_bottom] = self.older_range.step(then_high, then_low);
        let price = 0.5 * (high + low);
        if old_top.is_nan() {
            self.value = price;
            return [f64::NAN];
        }
        let newer = (top - bottom) / self.half;
        let older = (old_top - old_bottom) / self.half;
        let both = (top.max(old_top) - bottom.min(old_bottom)) / (2.0 * self.half);
        // Without any range there is no dimension: the slowest weight.
        let weight = if newer > 0.0 && older > 0.0 && both > 0.0 {
            let dimension = (libm::log(newer + older) - libm::log(both)) / std::f64::consts::LN_2;
            libm::exp(-4.6 * (dimension - 1.0)).clamp(0.01, 1.0)
        } else {
            0.01
        };
        self.value += weight * (price - self.value);
        [self.value]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.newer.visit(state);
        self.older.iter_mut().for_each(|lag| lag.visit(state));
        self.older_range.visit(state);
        state.number(&mut self.value);
    }
}

/// Chande's variable index dynamic average.
#[derive(Clone, Debug)]
struct Variable {
    sums: [Sum; 2],
    weight: f64,
    last: f64,
    value: f64,
}

impl Variable {
    fn new(period: usize) -> Self {
        Self { sums: [Sum::new(period), Sum::new(period)], weight: 2.0 / (period as f64 + 1.0), last: f64::NAN, value: f64::NAN }
    }
}

impl Study<1, 1> for Variable {
    fn lookback(&self) -> usize {
        self.sums[0].period()
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        let last = std::mem::replace(&mut self.last, x);
        if last.is_nan() {
            return [f64::NAN];
        }
        let change = x - last;
        let [rising, falling] = &mut self.sums;
        let (rises, falls) = (rising.step(change.max(0.0)), falling.step((-change).max(0.0)));
        if rises.is_nan() {
            return [f64::NAN];
        }
        let both = rises + falls;
        let strength = if both > 0.0 { ((rises - falls) / both).abs() } else { 0.0 };
        let from = if self.value.is_nan() { last } else { self.value };
        self.value = from + self.weight * strength * (x - from);
        [self.value]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.sums.iter_mut().for_each(|sum| Line::visit(sum, state));
        state.number(&mut self.last);
        state.number(&mut self.value);
    }
}

/// `McGinley`'s dynamic.
#[derive(Clone, Debug)]
struct McGinley {
    factor: f64,
    value: f64,
}

impl Study<1, 1> for McGinley {
    fn lookback(&self) -> usize {
        1
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        if self.value.is_nan() {
            self.value = x;
            return [f64::NAN];
        }
        let square = (x / self.value) * (x / self.value);
        let step = (x - self.value) / (self.factor * (square * square));
        // A fall to almost nothing would throw the line out of all bounds: it moves to the value at most.
        let step = if step.abs() <= (x - self.value).abs() { step } else { x - self.value };
        self.value += step;
        [self.value]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.value);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "kama",
        title: "Kaufman's adaptive moving average",
        inputs: &["close"],
        parameters: &[period(30), whole("fast_period", 2, 1), whole("slow_period", 30, 1)],
        outputs: &["kama"],
        first_row: "period",
        formula: "k += w²·(close − k), w = e·(2 ÷ (fast + 1) − 2 ÷ (slow + 1)) + 2 ÷ (slow + 1), e = |close − close[period]| ÷ Σ |change|; from the close before the first",
        source: "P. Kaufman (1995); TA-Lib KAMA, where fast and slow are always 2 and 30",
        make: |p| Ok(Box::new(Streaming::new(Kaufman::new(p.whole(0), p.whole(1), p.whole(2))))),
    },
    Description {
        name: "frama",
        title: "Fractal adaptive moving average",
        inputs: &["high", "low"],
        parameters: &[whole("period", 16, 2)],
        outputs: &["frama"],
        first_row: "period − 1",
        formula: "f += a·(mid − f), a = exp(−4.6·(d − 1)) from 0.01 to 1, d = log2((range of the newer half + range of the older half) ÷ range of both), ranges a row; mid = (high + low) ÷ 2; period must be even; from the mid before the first",
        source: "J. Ehlers (2005)",
        make: |p| match p.whole(0) {
            period if period % 2 == 0 => Ok(Box::new(Streaming::new(Fractal::new(period / 2)))),
            period => Err(Error::config("period", format!("{period} is odd; frama compares two halves: give an even number"))),
        },
    },
    Description {
        name: "vidya",
        title: "Variable index dynamic average",
        inputs: &["close"],
        parameters: &[period(14)],
        outputs: &["vidya"],
        first_row: "period",
        formula: "v += 2 ÷ (period + 1)·c·(close − v), c = |Σ rises − Σ falls| ÷ (Σ rises + Σ falls) over period changes; from the close before the first",
        source: "T. Chande (1992)",
        make: |p| Ok(Box::new(Streaming::new(Variable::new(p.whole(0))))),
    },
    Description {
        name: "mcginley",
        title: "McGinley dynamic",
        inputs: &["close"],
        parameters: &[period(14), real("factor", 0.6, 1e-6, 1e6)],
        outputs: &["mcginley"],
        first_row: "1",
        formula: "m += (close − m) ÷ (factor·period·(close ÷ m)⁴), never past the close; from the first close",
        source: "J. McGinley (1990)",
        make: |p| Ok(Box::new(Streaming::new(McGinley { factor: p.real(1) * p.whole(0) as f64, value: f64::NAN }))),
    },
];
