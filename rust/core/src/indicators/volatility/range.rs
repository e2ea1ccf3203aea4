//! The range of a row, and what is made of it: true range, its average in percent, and averages of high − low.

use crate::indicators::CHUNK;
use crate::indicators::average::line::{Composed, Line, Smooth, Sum, zip2};
use crate::indicators::average::smoothed::Cascade;
use crate::indicators::catalog::{Description, Parameter, period, whole};
use crate::indicators::scratch::Columns;
use crate::indicators::smooth::Smoother;
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::wide::wide;
use crate::indicators::window::{Lag, Soundness};

const HLC: &[&str] = &["high", "low", "close"];

/// The greatest of `high − low`, `|high − before|` and `|low − before|`.
#[inline]
fn true_range(high: f64, low: f64, before: f64) -> f64 {
    let larger = |a: f64, b: f64| if a > b { a } else { b };
    larger(larger(high - low, (high - before).abs()), (low - before).abs())
}

/// True range.
#[derive(Clone, Debug)]
pub struct TrueRange {
    previous_close: f64,
}

impl Default for TrueRange {
    fn default() -> Self {
        Self { previous_close: f64::NAN }
    }
}

impl TrueRange {
    /// Take one row; NaN for the first.
    #[inline]
    pub(in crate::indicators) fn push(&mut self, high: f64, low: f64, close: f64) -> f64 {
        let before = std::mem::replace(&mut self.previous_close, close);
        // The comparisons alone would lose the NaN.
        if before.is_nan() { f64::NAN } else { true_range(high, low, before) }
    }

    /// As [`Self::push`] for each row, unless a value is not finite: then false, and nothing is changed but `out`.
    pub(in crate::indicators) fn fill(&mut self, [high, low, close]: [&[f64]; 3], out: &mut [f64]) -> bool {
        let n = close.len();
        let (Some(&first_high), Some(&first_low)) = (high.first(), low.first()) else { return true };
        let is_sound = wide(
            #[inline(always)]
            || {
                let mut soundness = Soundness::default();
                for x in [first_high, first_low, close[0]] {
                    soundness.look(x);
                }
                let rows = high[1..].iter().zip(&low[1..]).zip(close.iter().zip(&close[1..]));
                for (y, ((&high, &low), (&before, &now))) in out[1..].iter_mut().zip(rows) {
                    for x in [high, low, now] {
                        soundness.look(x);
                    }
                    *y = true_range(high, low, before);
                }
                soundness.holds(false)
            },
        );
        if is_sound {
            out[0] = self.push(first_high, first_low, close[0]);
            self.previous_close = close[n - 1];
        }
        is_sound
    }

    pub(in crate::indicators) fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.previous_close);
    }
}

impl Study<3, 1> for TrueRange {
    fn lookback(&self) -> usize {
        1
    }

    #[inline]
    fn step(&mut self, [high, low, close]: [f64; 3]) -> [f64; 1] {
        [self.push(high, low, close)]
    }

    fn run(&mut self, columns: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        self.fill(columns, out);
    }

    fn run_if_sound(&mut self, columns: [&[f64]; 3], [out]: [&mut [f64]; 1], _: u8) -> bool {
        self.fill(columns, out)
    }

    fn visit(&mut self, state: &mut State<'_>) {
        Self::visit(self, state);
    }
}

/// True ranges replaced by their averages; NaN, before the first of all, stays.
pub(super) fn average_in_place(average: &mut Smoother, out: &mut [f64]) {
    let first = usize::from(out.first().is_some_and(|x| x.is_nan()));
    let mut ranges = [0.0; CHUNK];
    for out in out[first..].chunks_mut(CHUNK) {
        let ranges = &mut ranges[..out.len()];
        ranges.copy_from_slice(out);
        average.extend(ranges, out);
    }
}

/// Wilder's average of the true range, from the second row on.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct AverageRange {
    range: TrueRange,
    average: Smoother,
}

impl AverageRange {
    pub(in crate::indicators) fn new(period: usize) -> Self {
        Self { range: TrueRange::default(), average: Smoother::wilder(period) }
    }

    /// Rows before the first value.
    pub(in crate::indicators) fn lookback(&self) -> usize {
        self.average.period()
    }

    /// Take one row; NaN while warming up.
    #[inline]
    pub(in crate::indicators) fn push(&mut self, high: f64, low: f64, close: f64) -> f64 {
        let range = self.range.push(high, low, close);
        if range.is_nan() { f64::NAN } else { self.average.update(range) }
    }

    /// As [`Self::push`] for each row, unless a value is not finite: then false, and nothing is changed but `out`.
    pub(in crate::indicators) fn fill(&mut self, columns: [&[f64]; 3], out: &mut [f64]) -> bool {
        if !self.range.fill(columns, out) {
            return false;
        }
        average_in_place(&mut self.average, out);
        true
    }

    pub(in crate::indicators) fn visit(&mut self, state: &mut State<'_>) {
        self.range.visit(state);
        self.average.visit(state);
    }
}

impl Study<3, 1> for AverageRange {
    fn lookback(&self) -> usize {
        self.lookback()
    }

    #[inline]
    fn step(&mut self, [high, low, close]: [f64; 3]) -> [f64; 1] {
        [self.push(high, low, close)]
    }

    fn run(&mut self, columns: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        self.fill(columns, out);
    }

    fn run_if_sound(&mut self, columns: [&[f64]; 3], [out]: [&mut [f64]; 1], _: u8) -> bool {
        self.fill(columns, out)
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.visit(state);
    }
}

/// Prices below this are taken for zero, as in TA-Lib.
const ZERO: f64 = 1e-14;

/// Average true range in percent of the close.
#[derive(Clone, Debug)]
pub struct NormalizedRange {
    average: AverageRange,
}

#[inline]
fn percent_of(range: f64, close: f64) -> f64 {
    // A NaN range is kept while warming up.
    let percent = range / close * 100.0;
    if close.abs() < ZERO && !range.is_nan() { 0.0 } else { percent }
}

impl NormalizedRange {
    #[inline]
    fn value(&self, range: f64, close: f64) -> f64 {
        // TA-Lib gives the bare range for a period of 1.
        if self.average.lookback() == 1 { range } else { percent_of(range, close) }
    }
}

impl Study<3, 1> for NormalizedRange {
    fn lookback(&self) -> usize {
        self.average.lookback()
    }

    #[inline]
    fn step(&mut self, [high, low, close]: [f64; 3]) -> [f64; 1] {
        let range = self.average.push(high, low, close);
        [self.value(range, close)]
    }

    fn run(&mut self, columns: [&[f64]; 3], out: [&mut [f64]; 1]) {
        self.run_if_sound(columns, out, 0);
    }

    fn run_if_sound(&mut self, columns: [&[f64]; 3], [out]: [&mut [f64]; 1], _: u8) -> bool {
        let is_sound = self.average.fill(columns, out);
        if is_sound {
            wide(
                #[inline(always)]
                || {
                    for (y, &close) in out.iter_mut().zip(columns[2]) {
                        *y = self.value(*y, close);
                    }
                },
            );
        }
        is_sound
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.average.visit(state);
    }
}

/// Rate of change of the average of high − low.
#[derive(Clone, Debug)]
pub struct ChaikinVolatility {
    average: Smooth,
    lag: Lag,
}

#[inline]
fn percent_change(now: f64, then: f64) -> f64 {
    let percent = (now - then) / then * 100.0;
    if then == 0.0 { 0.0 } else { percent }
}

impl Composed<2, 1> for ChaikinVolatility {
    fn lookback(&self) -> usize {
        self.average.lookback() + self.lag.period()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [high, low]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let (mut ranges, mut averages) = ([0.0; N], [0.0; N]);
        let (ranges, averages) = (&mut ranges[..high.len()], &mut averages[..high.len()]);
        zip2(ranges, high, low, |high, low| high - low);
        self.average.follow(ranges, averages);
        self.lag.run(averages, out, percent_change);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.average.visit(state);
        self.lag.visit(state);
    }
}

/// Sum of the ratios of the average of high − low to its own average.
#[derive(Clone, Debug)]
pub struct MassIndex {
    averages: Cascade<2>,
    sum: Sum,
}

#[inline]
fn ratio(once: f64, twice: f64) -> f64 {
    // No range at all.
    let ratio = once / twice;
    if twice == 0.0 { 0.0 } else { ratio }
}

impl Composed<2, 1> for MassIndex {
    fn lookback(&self) -> usize {
        self.averages.lookback() + self.sum.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [high, low]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let mut columns = Columns::new(3, high.len());
        let [ranges, once, twice] = columns.split();
        zip2(ranges, high, low, |high, low| high - low);
        let [once, twice] = self.averages.take(ranges, [once, twice]);
        zip2(ranges, once, twice, ratio);
        self.sum.follow(ranges, out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.averages.visit(state);
        Line::visit(&mut self.sum, state);
    }
}

const FAST: Parameter = whole("fast_period", 9, 1);
const SLOW: Parameter = whole("slow_period", 25, 1);

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "tr",
        title: "True range",
        inputs: HLC,
        parameters: &[],
        outputs: &["tr"],
        first_row: "1",
        formula: "max(high − low, |high − close[1]|, |low − close[1]|)",
        source: "Wilder 1978, p. 21; TA-Lib TRANGE",
        make: |_| Ok(Box::new(Streaming::new(TrueRange::default()))),
    },
    Description {
        name: "natr",
        title: "Normalized average true range",
        inputs: HLC,
        parameters: &[period(14)],
        outputs: &["natr"],
        first_row: "period",
        formula: "100 × atr(period) ÷ close, 0 where the close is 0; the bare true range for a period of 1",
        source: "Forman 2006; TA-Lib NATR",
        make: |p| Ok(Box::new(Streaming::new(NormalizedRange { average: AverageRange::new(p.whole(0)) }))),
    },
    Description {
        name: "chaikin_volatility",
        title: "Chaikin volatility",
        inputs: &["high", "low"],
        parameters: &[period(10), whole("roc_period", 10, 1)],
        outputs: &["chaikin_volatility"],
        first_row: "period − 1 + roc_period",
        formula: "100 × (e − e[roc_period]) ÷ e[roc_period] with e = EMA(high − low, period); 0 where that is 0",
        source: "Chaikin; TA-Lib CVI",
        make: |p| Ok(Box::new(Streaming::new(ChaikinVolatility { average: Smooth::exponential(p.whole(0)), lag: Lag::new(p.whole(1)) }))),
    },
    Description {
        name: "mass_index",
        title: "Mass index",
        inputs: &["high", "low"],
        parameters: &[FAST, SLOW],
        outputs: &["mass_index"],
        first_row: "2 × (fast_period − 1) + slow_period − 1",
        formula: "Σ e ÷ EMA(e, fast_period) over slow_period rows, with e = EMA(high − low, fast_period); a row without a range counts 0",
        source: "Dorsey 1992; TA-Lib MASSI",
        make: |p| Ok(Box::new(Streaming::new(MassIndex { averages: Cascade::new([p.whole(0); 2]), sum: Sum::new(p.whole(1)) }))),
    },
];
