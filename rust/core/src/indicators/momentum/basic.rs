//! Momentum: RSI, MACD.

use crate::indicators::smooth::Smoother;
use crate::indicators::window::all_finite;
use crate::indicators::{CHUNK, Snapshot, checked_period, restored, same_length};
use crate::types::{Error, Result};

/// Relative strength index (Wilder 1978, p. 65): `100 × up / (up + down)`, where `up` and `down` are Wilder averages of the rises
/// and falls; 0 while nothing has ever moved, as in TA-Lib. First value at row `period`.
#[derive(Clone, Debug)]
pub struct Rsi {
    previous: f64,
    up: Smoother,
    down: Smoother,
    value: f64,
}

#[inline]
fn strength(up: f64, down: f64) -> f64 {
    let both = up + down;
    // Not `both == 0`: a NaN while warming up must stay one.
    if both <= 0.0 { 0.0 } else { 100.0 * (up / both) }
}

#[inline]
fn rise_and_fall(x: f64, previous: f64) -> (f64, f64) {
    let change = x - previous;
    (if change > 0.0 { change } else { 0.0 }, if change < 0.0 { -change } else { 0.0 })
}

impl Rsi {
    /// An index over `period` changes.
    pub fn new(period: usize) -> Result<Self> {
        let wilder = Smoother::wilder(checked_period("period", period)?);
        Ok(Self { previous: f64::NAN, up: wilder.clone(), down: wilder, value: f64::NAN })
    }

    /// Changes in the seed.
    pub fn period(&self) -> usize {
        self.up.period()
    }

    /// Take one value; the index from 0 to 100, or NaN while warming up.
    #[inline]
    pub fn update(&mut self, x: f64) -> f64 {
        if !x.is_finite() {
            return f64::NAN;
        }
        let previous = std::mem::replace(&mut self.previous, x);
        if previous.is_nan() {
            return f64::NAN;
        }
        let (rise, fall) = rise_and_fall(x, previous);
        self.value = strength(self.up.update(rise), self.down.update(fall));
        self.value
    }

    /// As [`Self::update`] for each of `xs`, into `out` of the same length.
    pub fn extend(&mut self, xs: &[f64], out: &mut [f64]) -> Result<()> {
        same_length(&[("input", xs.len()), ("output", out.len())])?;
        let (mut rises, mut falls, mut ups, mut downs) = ([0.0; CHUNK], [0.0; CHUNK], [0.0; CHUNK], [0.0; CHUNK]);
        for (x, y) in xs.chunks(CHUNK).zip(out.chunks_mut(CHUNK)) {
            let n = x.len();
            if self.previous.is_nan() || !all_finite(x) {
                x.iter().zip(y).for_each(|(&x, y)| *y = self.update(x));
                continue;
            }
            (rises[0], falls[0]) = rise_and_fall(x[0], self.previous);
            for (((rise, fall), &x), &previous) in rises[1..].iter_mut().zip(&mut falls[1..]).zip(&x[1..]).zip(x) {
                (*rise, *fall) = rise_and_fall(x, previous);
            }
            self.previous = x[n - 1];
            self.up.extend(&rises[..n], &mut ups[..n]);
            self.down.extend(&falls[..n], &mut downs[..n]);
            for ((y, &up), &down) in y.iter_mut().zip(&ups).zip(&downs) {
                *y = strength(up, down);
            }
            self.value = y[n - 1];
        }
        Ok(())
    }

    /// The last value; NaN while warming up.
    #[inline]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// True once there is a value.
    #[inline]
    pub fn ready(&self) -> bool {
        self.up.ready()
    }

    /// Forget everything but the parameters.
    pub fn reset(&mut self) {
        (self.previous, self.value) = (f64::NAN, f64::NAN);
        self.up.reset();
        self.down.reset();
    }
}

impl Snapshot for Rsi {
    fn snapshot(&self) -> Vec<f64> {
        [&[self.previous, self.value], &self.up.state()[..], &self.down.state()[..]].concat()
    }

    fn restore(&mut self, snapshot: &[f64]) -> Result<()> {
        let Some(([previous, value], rest)) = snapshot.split_first_chunk() else { return restored(false) };
        let (up, down) = rest.split_at(rest.len() / 2);
        (self.previous, self.value) = (*previous, *value);
        restored(self.up.restore(up) && self.down.restore(down))
    }
}

/// Relative strength index of `xs`.
pub fn rsi(xs: &[f64], period: usize) -> Result<Vec<f64>> {
    let mut out = vec![0.0; xs.len()];
    rsi_into(xs, period, &mut out)?;
    Ok(out)
}

/// As [`rsi`], into `out` of the same length.
pub fn rsi_into(xs: &[f64], period: usize, out: &mut [f64]) -> Result<()> {
    Rsi::new(period)?.extend(xs, out)
}

/// One row of [`Macd`], in the units of the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MacdValue {
    /// Fast average less slow average.
    pub macd: f64,
    /// EMA of `macd`.
    pub signal: f64,
    /// `macd - signal`.
    pub histogram: f64,
}

impl MacdValue {
    /// All NaN.
    pub const NAN: Self = Self { macd: f64::NAN, signal: f64::NAN, histogram: f64::NAN };
}

/// [`MacdValue`] by column.
#[derive(Clone, Debug, PartialEq)]
pub struct MacdSeries {
    /// Fast average less slow average.
    pub macd: Vec<f64>,
    /// EMA of `macd`.
    pub signal: Vec<f64>,
    /// `macd - signal`.
    pub histogram: Vec<f64>,
}

/// Moving average convergence/divergence (Appel): EMA(fast) - EMA(slow), and its EMA(signal).
///
/// As in TA-Lib the fast average is seeded so that its first value falls on the slow one's, and all three lines start
/// together, at row `slow_period + signal_period - 2`.
#[derive(Clone, Debug)]
pub struct Macd {
    held_back: usize,
    fast: Smoother,
    slow: Smoother,
    signal: Smoother,
    value: MacdValue,
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
            value: MacdValue::NAN,
        })
    }

    /// Fast, slow and signal period in rows.
    pub fn periods(&self) -> (usize, usize, usize) {
        (self.fast.period(), self.slow.period(), self.signal.period())
    }

    /// Take one value; all NaN while warming up.
    #[inline]
    pub fn update(&mut self, x: f64) -> MacdValue {
        if !x.is_finite() {
            return MacdValue::NAN;
        }
        if !self.signal.ready() {
            return self.warm_up(x);
        }
        let macd = self.fast.update(x) - self.slow.update(x);
        let signal = self.signal.update(macd);
        self.value = MacdValue { macd, signal, histogram: macd - signal };
        self.value
    }

    fn warm_up(&mut self, x: f64) -> MacdValue {
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
                self.value = MacdValue { macd, signal, histogram: macd - signal };
            }
        }
        self.value
    }

    /// As [`Self::update`] for each of `xs`, into three columns of the same length.
    pub fn extend(&mut self, xs: &[f64], macd: &mut [f64], signal: &mut [f64], histogram: &mut [f64]) -> Result<()> {
        same_length(&[("input", xs.len()), ("macd", macd.len()), ("signal", signal.len()), ("histogram", histogram.len())])?;
        let (mut fast, mut slow) = ([0.0; CHUNK], [0.0; CHUNK]);
        let lines = macd.chunks_mut(CHUNK).zip(signal.chunks_mut(CHUNK)).zip(histogram.chunks_mut(CHUNK));
        for (x, ((macd, signal), histogram)) in xs.chunks(CHUNK).zip(lines) {
            let n = x.len();
            if !self.signal.ready() || !all_finite(x) {
                for (((&x, macd), signal), histogram) in x.iter().zip(macd).zip(signal).zip(histogram) {
                    let value = self.update(x);
                    (*macd, *signal, *histogram) = (value.macd, value.signal, value.histogram);
                }
                continue;
            }
            self.fast.extend(x, &mut fast[..n]);
            self.slow.extend(x, &mut slow[..n]);
            for ((y, fast), slow) in macd.iter_mut().zip(&fast).zip(&slow) {
                *y = fast - slow;
            }
            self.signal.extend(macd, signal);
            for ((y, macd), signal) in histogram.iter_mut().zip(&*macd).zip(&*signal) {
                *y = macd - signal;
            }
            self.value = MacdValue { macd: macd[n - 1], signal: signal[n - 1], histogram: histogram[n - 1] };
        }
        Ok(())
    }

    /// The last value; all NaN while warming up.
    #[inline]
    pub fn value(&self) -> MacdValue {
        self.value
    }

    /// True once there is a value.
    #[inline]
    pub fn ready(&self) -> bool {
        self.signal.ready()
    }

    /// Forget everything but the parameters.
    pub fn reset(&mut self) {
        self.held_back = self.slow.period() - self.fast.period();
        self.fast.reset();
        self.slow.reset();
        self.signal.reset();
        self.value = MacdValue::NAN;
    }
}

impl Snapshot for Macd {
    fn snapshot(&self) -> Vec<f64> {
        let own = [self.held_back as f64, self.value.macd, self.value.signal, self.value.histogram];
        [&own[..], &self.fast.state(), &self.slow.state(), &self.signal.state()].concat()
    }

    fn restore(&mut self, snapshot: &[f64]) -> Result<()> {
        let Some(([held_back, macd, signal, histogram], rest)) = snapshot.split_first_chunk() else { return restored(false) };
        let part = rest.len() / 3;
        self.held_back = (*held_back as usize).min(self.slow.period());
        self.value = MacdValue { macd: *macd, signal: *signal, histogram: *histogram };
        restored(self.fast.restore(&rest[..part]) && self.slow.restore(&rest[part..2 * part]) && self.signal.restore(&rest[2 * part..]))
    }
}

/// Moving average convergence/divergence of `xs`.
pub fn macd(xs: &[f64], fast_period: usize, slow_period: usize, signal_period: usize) -> Result<MacdSeries> {
    let column = || vec![0.0; xs.len()];
    let mut out = MacdSeries { macd: column(), signal: column(), histogram: column() };
    macd_into(xs, (fast_period, slow_period, signal_period), &mut out.macd, &mut out.signal, &mut out.histogram)?;
    Ok(out)
}

/// As [`macd`], with periods (fast, slow, signal), into three columns of the same length.
pub fn macd_into(
    xs: &[f64],
    (fast, slow, signal_period): (usize, usize, usize),
    macd: &mut [f64],
    signal: &mut [f64],
    histogram: &mut [f64],
) -> Result<()> {
    Macd::new(fast, slow, signal_period)?.extend(xs, macd, signal, histogram)
}
