//! Momentum: RSI, MACD.

use crate::indicators::catalog::{Description, period, whole};
use crate::indicators::smooth::{Smoother, extend_pair};
use crate::indicators::study::{State, Streaming, Study};
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

    fn run(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let (mut rises, mut falls, mut ups, mut downs) = ([0.0; CHUNK], [0.0; CHUNK], [0.0; CHUNK], [0.0; CHUNK]);
        let (mut xs, mut out) = (xs, out);
        if let ([first, rest @ ..], true) = (xs, self.previous.is_nan()) {
            self.previous = *first;
            out[0] = f64::NAN;
            (xs, out) = (rest, &mut out[1..]);
        }
        for (x, y) in xs.chunks(CHUNK).zip(out.chunks_mut(CHUNK)) {
            let n = x.len();
            (rises[0], falls[0]) = rise_and_fall(x[0], self.previous);
            for (((rise, fall), &x), &previous) in rises[1..].iter_mut().zip(&mut falls[1..]).zip(&x[1..]).zip(x) {
                (*rise, *fall) = rise_and_fall(x, previous);
            }
            self.previous = x[n - 1];
            extend_pair([&mut self.up, &mut self.down], [&rises[..n], &falls[..n]], [&mut ups[..n], &mut downs[..n]]);
            for ((y, &up), &down) in y.iter_mut().zip(&ups).zip(&downs) {
                *y = strength(up, down);
            }
        }
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
        let lines = macd[head..].chunks_mut(CHUNK).zip(signal[head..].chunks_mut(CHUNK)).zip(histogram[head..].chunks_mut(CHUNK));
        for (x, ((macd, signal), histogram)) in xs[head..].chunks(CHUNK).zip(lines) {
            let n = x.len();
            extend_pair([&mut self.fast, &mut self.slow], [x, x], [&mut fast[..n], &mut slow[..n]]);
            for ((y, fast), slow) in macd.iter_mut().zip(&fast).zip(&slow) {
                *y = fast - slow;
            }
            self.signal.extend(macd, signal);
            for ((y, macd), signal) in histogram.iter_mut().zip(&*macd).zip(&*signal) {
                *y = macd - signal;
            }
        }
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
