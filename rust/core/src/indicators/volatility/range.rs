//! The range of a row, and what is made of it: true range, its average in percent, and averages of high − low.

use crate::indicators::CHUNK;
use crate::indicators::catalog::{Description, Parameter, period, whole};
use crate::indicators::smooth::Smoother;
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::volume::flow::chunks;
use crate::indicators::volume::sums::WindowSums;
use crate::indicators::window::Lag;

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

    /// As [`Self::push`] for each row.
    #[inline]
    pub(in crate::indicators) fn fill(&mut self, [high, low, close]: [&[f64]; 3], out: &mut [f64]) {
        let n = close.len();
        let Some(((&first_high, &first_low), y)) = high.first().zip(low.first()).zip(out.first_mut()) else { return };
        *y = self.push(first_high, first_low, close[0]);
        for (((y, &high), &low), &before) in out[1..].iter_mut().zip(&high[1..]).zip(&low[1..]).zip(close) {
            *y = true_range(high, low, before);
        }
        self.previous_close = close[n - 1];
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

    fn visit(&mut self, state: &mut State<'_>) {
        Self::visit(self, state);
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

    /// As [`Self::push`] for each of at most [`CHUNK`] rows.
    pub(in crate::indicators) fn fill(&mut self, columns: [&[f64]; 3], out: &mut [f64]) {
        let mut ranges = [0.0; CHUNK];
        let ranges = &mut ranges[..out.len()];
        self.range.fill(columns, ranges);
        let first = usize::from(ranges.first().is_some_and(|x| x.is_nan()));
        out[..first].fill(f64::NAN);
        self.average.extend(&ranges[first..], &mut out[first..]);
    }

    pub(in crate::indicators) fn visit(&mut self, state: &mut State<'_>) {
        self.range.visit(state);
        self.average.visit(state);
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

    fn run(&mut self, columns: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        for (columns, out) in chunks(columns, out) {
            self.average.fill(columns, out);
            for (y, &close) in out.iter_mut().zip(columns[2]) {
                *y = self.value(*y, close);
            }
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.average.visit(state);
    }
}

/// Rate of change of the average of high − low.
#[derive(Clone, Debug)]
pub struct ChaikinVolatility {
    average: Smoother,
    lag: Lag,
}

#[inline]
fn percent_change(now: f64, then: f64) -> f64 {
    if then == 0.0 { 0.0 } else { (now - then) / then * 100.0 }
}

impl Study<2, 1> for ChaikinVolatility {
    fn lookback(&self) -> usize {
        self.average.period() - 1 + self.lag.period()
    }

    #[inline]
    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 1] {
        let now = self.average.update(high - low);
        [percent_change(now, self.lag.push(now))]
    }

    fn run(&mut self, columns: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let (mut ranges, mut averages) = ([0.0; CHUNK], [0.0; CHUNK]);
        for ([high, low], out) in chunks(columns, out) {
            for ((range, &high), &low) in ranges.iter_mut().zip(high).zip(low) {
                *range = high - low;
            }
            let n = out.len();
            self.average.extend(&ranges[..n], &mut averages[..n]);
            self.lag.run(&averages[..n], out, percent_change);
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.average.visit(state);
        self.lag.visit(state);
    }
}

/// Sum of the ratios of the average of high − low to its own average.
#[derive(Clone, Debug)]
pub struct MassIndex {
    once: Smoother,
    twice: Smoother,
    sums: WindowSums<1>,
}

impl MassIndex {
    fn new(fast: usize, slow: usize) -> Self {
        Self { once: Smoother::exponential(fast), twice: Smoother::exponential(fast), sums: WindowSums::new(slow) }
    }
}

#[inline]
fn ratio(once: f64, twice: f64) -> f64 {
    // No range at all.
    if twice == 0.0 { 0.0 } else { once / twice }
}

impl Study<2, 1> for MassIndex {
    fn lookback(&self) -> usize {
        2 * (self.once.period() - 1) + self.sums.period() - 1
    }

    #[inline]
    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 1] {
        let once = self.once.update(high - low);
        if once.is_nan() {
            return [f64::NAN];
        }
        let twice = self.twice.update(once);
        if twice.is_nan() {
            return [f64::NAN];
        }
        self.sums.push([ratio(once, twice)])
    }

    fn run(&mut self, columns: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let mut buffers = [[0.0; CHUNK]; 2];
        for ([high, low], out) in chunks(columns, out) {
            let n = out.len();
            let [ranges, once] = buffers.each_mut().map(|b| &mut b[..n]);
            for ((range, &high), &low) in ranges.iter_mut().zip(high).zip(low) {
                *range = high - low;
            }
            self.once.extend(ranges, once);
            let first = once.iter().take_while(|x| x.is_nan()).count();
            let twice = ranges;
            self.twice.extend(&once[first..], &mut twice[first..]);
            let second = first + twice[first..].iter().take_while(|x| x.is_nan()).count();
            for (ratio_, &twice) in once[second..].iter_mut().zip(&twice[second..]) {
                *ratio_ = ratio(*ratio_, twice);
            }
            out[..second].fill(f64::NAN);
            for (y, &x) in out[second..].iter_mut().zip(&once[second..]) {
                [*y] = self.sums.push([x]);
            }
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.once.visit(state);
        self.twice.visit(state);
        self.sums.visit(state);
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
        make: |p| Ok(Box::new(Streaming::new(ChaikinVolatility { average: Smoother::exponential(p.whole(0)), lag: Lag::new(p.whole(1)) }))),
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
        make: |p| Ok(Box::new(Streaming::new(MassIndex::new(p.whole(0), p.whole(1))))),
    },
];
