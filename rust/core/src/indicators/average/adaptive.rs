//! Averages whose weight follows the market: Kaufman's, Ehlers' fractal, Chande's, `McGinley`'s.

use super::line::{Composed, Line, Range, Sum, is_zero};
use crate::indicators::catalog::{Description, period, real, whole};
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::window::Lag;
use crate::types::Error;

/// Rows of [`Kaufman`] that wait together for those before.
const QUAD: usize = 4;

/// Kaufman's adaptive average, worked on as the gap between it and the price: on a flat series it comes to rest at the price.
#[derive(Clone, Debug)]
struct Kaufman {
    before: Lag,
    path: Sum,
    last: f64,
    /// The gap before the rows that wait together, how many there were of them, what is kept of the gap over them, and what they added.
    gap: f64,
    phase: usize,
    kept: f64,
    added: f64,
    /// Weight of the slow average, and what the fast one's has more.
    slow: f64,
    more: f64,
}

impl Kaufman {
    fn new(period: usize, fast: usize, slow: usize) -> Self {
        let weight = |period: usize| 2.0 / (period as f64 + 1.0);
        let slow = weight(slow);
        Self {
            before: Lag::new(period),
            path: Sum::new(period),
            last: f64::NAN,
            gap: 0.0,
            phase: 0,
            kept: 1.0,
            added: 0.0,
            slow,
            more: weight(fast) - slow,
        }
    }

    /// The weight of the newest value, from the way gone and the path taken.
    #[inline]
    fn weight(slow: f64, more: f64, way: f64, path: f64) -> f64 {
        // A path no longer than a rise is straight; so, in TA-Lib, is none at all.
        let share = (way / path).abs();
        let efficiency = if path <= way || is_zero(path) { 1.0 } else { share };
        let weight = efficiency * more + slow;
        weight * weight
    }

    /// The gap after one more row, of which it keeps `keep` and to which that adds `change`.
    #[inline]
    fn close_in(&mut self, keep: f64, change: f64) -> f64 {
        self.kept *= keep;
        self.added = keep.mul_add(self.added, change);
        let gap = self.kept.mul_add(self.gap, self.added);
        self.phase += 1;
        if self.phase == QUAD {
            (self.gap, self.phase, self.kept, self.added) = (gap, 0, 1.0, 0.0);
        }
        gap
    }

    /// As [`Self::close_in`] for each row.
    #[inline]
    fn close_in_each(&mut self, keeps: &[f64], changes: &[f64], gaps: &mut [f64]) {
        let head = ((QUAD - self.phase) % QUAD).min(gaps.len());
        for i in 0..head {
            gaps[i] = self.close_in(keeps[i], changes[i]);
        }
        let (keep_quads, keeps) = keeps[head..].as_chunks::<QUAD>();
        let (change_quads, changes) = changes[head..].as_chunks::<QUAD>();
        let (gap_quads, gaps) = gaps[head..].as_chunks_mut::<QUAD>();
        let mut gap = self.gap;
        for ((gaps, keeps), changes) in gap_quads.iter_mut().zip(keep_quads).zip(change_quads) {
            let (mut kept, mut added) = (1.0, 0.0);
            for ((y, keep), change) in gaps.iter_mut().zip(keeps).zip(changes) {
                kept *= keep;
                added = keep.mul_add(added, *change);
                *y = kept.mul_add(gap, added);
            }
            gap = gaps[QUAD - 1];
        }
        self.gap = gap;
        for ((gap, &keep), &change) in gaps.iter_mut().zip(keeps).zip(changes) {
            *gap = self.close_in(keep, change);
        }
    }
}

impl Composed<1, 1> for Kaufman {
    fn lookback(&self) -> usize {
        self.before.period()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let (mut steps, mut paths, mut keeps) = ([0.0; N], [0.0; N], [0.0; N]);
        let n = xs.len();
        let (steps, paths, keeps) = (&mut steps[..n], &mut paths[..n], &mut keeps[..n]);
        steps[0] = self.last - xs[0];
        for ((step, &now), &then) in steps[1..].iter_mut().zip(&xs[1..]).zip(xs) {
            *step = then - now;
        }
        self.last = xs[n - 1];
        for (y, step) in keeps.iter_mut().zip(&*steps) {
            *y = step.abs();
        }
        self.path.follow(keeps, paths);
        self.before.run(xs, keeps, |now, then| now - then);
        let (slow, more) = (self.slow, self.more);
        for ((keep, path), step) in keeps.iter_mut().zip(&*paths).zip(&mut *steps) {
            *keep = 1.0 - Self::weight(slow, more, *keep, *path);
            *step *= *keep;
        }
        let first = paths.iter().position(|path| !path.is_nan()).unwrap_or(n);
        out[..first].fill(f64::NAN);
        self.close_in_each(&keeps[first..], &steps[first..], &mut out[first..]);
        for (y, x) in out[first..].iter_mut().zip(&xs[first..]) {
            *y += x;
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.before.visit(state);
        Line::visit(&mut self.path, state);
        state.count(&mut self.phase, QUAD - 1);
        for x in [&mut self.last, &mut self.gap, &mut self.kept, &mut self.added] {
            state.number(x);
        }
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
