//! Momentum: RSI, MACD.

use crate::indicators::catalog::{Description, period, whole};
use crate::indicators::smooth::{Smoother, extend_many, in_fours};
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::wide::wide;
use crate::indicators::{CHUNK, checked_period};
use crate::types::{Error, Result};

/// Relative strength index: `100 × up / (up + down)`, where `up` and `down` are Wilder averages of the rises and falls; 0 while
/// nothing has ever moved, as in TA-Lib.
#[derive(Clone, Debug)]
pub struct Rsi {
    previous: f64,
    up: Smoother,
    down: Smoother,
}

#[inline]
pub(in crate::indicators) fn strength(up: f64, down: f64) -> f64 {
    let both = up + down;
    // Not `both == 0`: a NaN while warming up must stay one.
    if both <= 0.0 { 0.0 } else { 100.0 * (up / both) }
}

#[inline]
pub(in crate::indicators) fn rise_and_fall(x: f64, previous: f64) -> (f64, f64) {
    let change = x - previous;
    (if change > 0.0 { change } else { 0.0 }, if change < 0.0 { -change } else { 0.0 })
}

impl Rsi {
    /// An index over `period` changes.
    pub fn new(period: usize) -> Result<Self> {
        let wilder = Smoother::wilder(checked_period("period", period)?);
        Ok(Self { previous: f64::NAN, up: wilder.clone(), down: wilder })
    }
}

/// Rises and falls of each series into buffers, chunk by chunk, and their averages side by side.
fn smooth_changes<const L: usize>(mut studies: [&mut Rsi; L], columns: [[&[f64]; 1]; L], out: [[&mut [f64]; 1]; L]) {
    let mut out = out.map(|[c]| c);
    let rows = out.first().map_or(0, |c| c.len());
    let mut start = 0;
    if rows > 0 && studies.iter().any(|s| s.previous.is_nan()) {
        for ((study, [x]), out) in studies.iter_mut().zip(&columns).zip(&mut out) {
            [out[0]] = study.step([x[0]]);
        }
        start = 1;
    }
    let (mut rises, mut falls, mut downs) = ([[0.0; CHUNK]; L], [[0.0; CHUNK]; L], [[0.0; CHUNK]; L]);
    while start < rows {
        let end = rows.min(start + CHUNK);
        let n = end - start;
        for (((rises, falls), [x]), study) in rises.iter_mut().zip(&mut falls).zip(&columns).zip(&mut studies) {
            let x = &x[start..end];
            (rises[0], falls[0]) = rise_and_fall(x[0], study.previous);
            wide(|| {
                for (((rise, fall), &x), &previous) in rises[1..].iter_mut().zip(&mut falls[1..]).zip(&x[1..]).zip(x) {
                    (*rise, *fall) = rise_and_fall(x, previous);
                }
            });
            study.previous = x[n - 1];
        }
        if let ([study], [rises], [falls], [out], [downs]) = (&mut studies[..], &rises[..], &falls[..], &mut out[..], &mut downs[..]) {
            extend_many([&mut study.up, &mut study.down], [&rises[..n], &falls[..n]], [&mut out[start..end], &mut downs[..n]]);
        } else {
            let ups = out.each_mut().map(|c| &mut c[start..end]);
            extend_many(studies.each_mut().map(|s| &mut s.up), rises.each_ref().map(|r| &r[..n]), ups);
            let lows = downs.each_mut().map(|d| &mut d[..n]);
            extend_many(studies.each_mut().map(|s| &mut s.down), falls.each_ref().map(|f| &f[..n]), lows);
        }
        for (out, downs) in out.iter_mut().zip(&downs) {
            let y = &mut out[start..end];
            wide(|| {
                for (up, &down) in y.iter_mut().zip(downs) {
                    *up = strength(*up, down);
                }
            });
        }
        start = end;
    }
}

impl Study<1, 1> for Rsi {
    fn lookback(&self) -> usize {
        self.up.period()
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        let previous = std::mem::replace(&mut self.previous, x);
        if previous.is_nan() {
            return [f64::NAN];
        }
        let (rise, fall) = rise_and_fall(x, previous);
        [strength(self.up.update(rise), self.down.update(fall))]
    }

    fn run(&mut self, columns: [&[f64]; 1], out: [&mut [f64]; 1]) {
        smooth_changes([self], [columns], [out]);
    }

    fn run_many(studies: &mut [&mut Self], columns: &[[&[f64]; 1]], out: &mut [[&mut [f64]; 1]]) {
        in_fours(studies, columns, out, smooth_changes, Self::run);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.previous);
        self.up.visit(state);
        self.down.visit(state);
    }
}

/// Moving average convergence/divergence: EMA(fast) − EMA(slow), and its EMA(signal).
#[derive(Clone, Debug)]
pub struct Macd {
    held_back: usize,
    fast: Smoother,
    slow: Smoother,
    signal: Smoother,
}

impl Macd {
    /// Periods in rows; `fast_period` must be below `slow_period`.
    pub fn new(fast_period: usize, slow_period: usize, signal_period: usize) -> Result<Self> {
        let fast = checked_period("fast_period", fast_period)?;
        let slow = checked_period("slow_period", slow_period)?;
        let signal = checked_period("signal_period", signal_period)?;
        if fast >= slow {
            return Err(Error::config("fast_period", format!("{fast} is not below slow_period {slow}; give the shorter period first")));
        }
        Ok(Self {
            held_back: slow - fast,
            fast: Smoother::exponential(fast),
            slow: Smoother::exponential(slow),
            signal: Smoother::exponential(signal),
        })
    }

    fn warm_up(&mut self, x: f64) -> [f64; 3] {
        if self.held_back > 0 {
            self.held_back -= 1;
        } else {
            self.fast.update(x);
        }
        self.slow.update(x);
        if self.slow.ready() {
            let macd = self.fast.value() - self.slow.value();
            let signal = self.signal.update(macd);
            if self.signal.ready() {
                return [macd, signal, macd - signal];
            }
        }
        [f64::NAN; 3]
    }
}

#[inline]
fn subtract(a: &[f64], b: &[f64], out: &mut [f64]) {
    for ((y, a), b) in out.iter_mut().zip(a).zip(b) {
        *y = a - b;
    }
}

impl Study<1, 3> for Macd {
    fn lookback(&self) -> usize {
        self.slow.period() + self.signal.period() - 2
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 3] {
        if !self.signal.ready() {
            return self.warm_up(x);
        }
        let macd = self.fast.update(x) - self.slow.update(x);
        let signal = self.signal.update(macd);
        [macd, signal, macd - signal]
    }

    fn run(&mut self, [xs]: [&[f64]; 1], [macd, signal, histogram]: [&mut [f64]; 3]) {
        let mut head = 0;
        while head < xs.len() && !self.signal.ready() {
            [macd[head], signal[head], histogram[head]] = self.warm_up(xs[head]);
            head += 1;
        }
        let (mut fast, mut slow) = ([0.0; CHUNK], [0.0; CHUNK]);
        // The signal line is worked out one chunk behind, beside the next chunk's averages.
        let mut before = head..head;
        for start in (head..xs.len()).step_by(CHUNK) {
            let here = start..xs.len().min(start + CHUNK);
            let (x, n) = (&xs[here.clone()], here.len());
            let smoothers = [&mut self.fast, &mut self.slow, &mut self.signal];
            extend_many(smoothers, [x, x, &macd[before.clone()]], [&mut fast[..n], &mut slow[..n], &mut signal[before.clone()]]);
            subtract(&macd[before.clone()], &signal[before.clone()], &mut histogram[before]);
            subtract(&fast[..n], &slow[..n], &mut macd[here.clone()]);
            before = here;
        }
        self.signal.extend(&macd[before.clone()], &mut signal[before.clone()]);
        subtract(&macd[before.clone()], &signal[before.clone()], &mut histogram[before]);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        let held_back = self.slow.period() - self.fast.period();
        state.count(&mut self.held_back, held_back);
        self.fast.visit(state);
        self.slow.visit(state);
        self.signal.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "rsi",
        title: "Relative strength index",
        inputs: &["close"],
        parameters: &[period(14)],
        outputs: &["rsi"],
        first_row: "period",
        formula: "100 × up ÷ (up + down), Wilder averages of rises and falls; 0 while nothing has ever moved",
        source: "Wilder 1978, p. 65; TA-Lib RSI",
        make: |p| Ok(Box::new(Streaming::new(Rsi::new(p.whole(0))?))),
    },
    Description {
        name: "macd",
        title: "Moving average convergence/divergence",
        inputs: &["close"],
        parameters: &[whole("fast_period", 12, 1), whole("slow_period", 26, 1), whole("signal_period", 9, 1)],
        outputs: &["macd", "signal", "histogram"],
        first_row: "slow_period + signal_period - 2",
        formula: "macd = EMA(fast) − EMA(slow); signal = EMA(signal) of macd; histogram = macd − signal",
        source: "Appel; TA-Lib MACD: the fast average's first value falls on the slow one's, and the three lines start together",
        make: |p| Ok(Box::new(Streaming::new(Macd::new(p.whole(0), p.whole(1), p.whole(2))?))),
    },
];
