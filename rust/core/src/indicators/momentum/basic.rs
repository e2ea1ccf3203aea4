//! Momentum: MACD.

use crate::indicators::average::line::{Composed, Line, Silence, Smooth, start_with, zip2};
use crate::indicators::catalog::{Description, whole};
use crate::indicators::checked_period;
use crate::indicators::study::{State, Streaming};
use crate::types::{Error, Result};

/// Moving average convergence/divergence: EMA(fast) − EMA(slow), and its EMA(signal).
#[derive(Clone, Debug)]
pub struct Macd {
    /// Rows that the fast average waits, so that its first value falls on the slow one's.
    wait: Silence,
    fast: Smooth,
    slow: Smooth,
    signal: Smooth,
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
        let [fast_line, slow_line, signal] = [fast, slow, signal].map(Smooth::exponential);
        Ok(Self { wait: Silence::new(slow - fast), fast: fast_line, slow: slow_line, signal })
    }
}

impl Composed<1, 3> for Macd {
    fn lookback(&self) -> usize {
        self.slow.lookback() + self.signal.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [macd, signal, histogram]: [&mut [f64]; 3]) {
        let late = self.wait.left().min(xs.len());
        self.wait.over(macd);
        self.fast.skip(late);
        self.fast.follow(&xs[late..], &mut macd[late..]);
        self.slow.follow(xs, histogram);
        for (macd, slow) in macd.iter_mut().zip(&*histogram) {
            *macd -= slow;
        }
        self.signal.follow(macd, signal);
        zip2(histogram, macd, signal, |macd, signal| macd - signal);
        start_with(signal, &mut [macd]);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.wait.visit(state);
        self.fast.visit(state);
        self.slow.visit(state);
        self.signal.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[Description {
    name: "macd",
    title: "Moving average convergence/divergence",
    inputs: &["close"],
    parameters: &[whole("fast_period", 12, 1), whole("slow_period", 26, 1), whole("signal_period", 9, 1)],
    outputs: &["macd", "signal", "histogram"],
    first_row: "slow_period + signal_period - 2",
    formula: "macd = EMA(fast) − EMA(slow); signal = EMA(signal) of macd; histogram = macd − signal",
    source: "Appel; TA-Lib MACD: the fast average's first value falls on the slow one's, and the three lines start together",
    make: |p| Ok(Box::new(Streaming::new(Macd::new(p.whole(0), p.whole(1), p.whole(2))?))),
}];
