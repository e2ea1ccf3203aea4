//! Ehlers' dominant cycle: the price smoothed, turned by a Hilbert transform into a phasor, and the period that its turning
//! speed gives.
//!
//! Ehlers, *Rocket Science for Traders* (2001), chapters 6 and 7, with TA-Lib's warm-up: nothing before row `start` counts,
//! and what lies before is zero. The price filter does not depend on the period and is worked for many rows at once; what
//! follows from the period before is one chain, row by row.

use crate::indicators::CHUNK;
use crate::indicators::study::State;
use std::f64::consts::TAU;

/// Taps of the Hilbert transform, for the values 0 and 6, and 2 and 4, rows ago.
const OUTER: f64 = 0.0962;
const INNER: f64 = 0.5769;

/// Rows in the Hilbert transform before the newest.
const TAPS: usize = 6;
/// Rows in the smoothing of prices before the newest.
const SMOOTHED_ROWS: usize = 3;

/// Shortest and longest period, in rows.
const PERIOD_MIN: f64 = 6.0;
pub(super) const PERIOD_MAX: usize = 50;

#[inline]
fn smoothed([x3, x2, x1, x0]: [f64; 4]) -> f64 {
    (4.0 * x0 + 3.0 * x1 + (2.0 * x2 + x3)) * 0.1
}

/// The transform before it is scaled by the period.
#[inline]
fn transformed(x6: f64, x4: f64, x2: f64, x0: f64) -> f64 {
    OUTER * (x0 - x6) + INNER * (x2 - x4)
}

/// Prices smoothed, and those transformed.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    /// Rows still to be left out.
    idle: usize,
    start: usize,
    prices: [f64; SMOOTHED_ROWS],
    smooth: [f64; TAPS],
}

impl Filter {
    /// A filter that gives zeros before row `start`.
    pub(super) fn new(start: usize) -> Self {
        Self { idle: start, start, prices: [0.0; SMOOTHED_ROWS], smooth: [0.0; TAPS] }
    }

    /// Take one price: its row's smoothed price and transform; `None` before the start.
    #[inline]
    pub(super) fn push(&mut self, x: f64) -> Option<[f64; 2]> {
        let [x3, x2, x1] = self.prices;
        self.prices = [x2, x1, x];
        if self.idle > 0 {
            self.idle -= 1;
            return None;
        }
        let smooth = smoothed([x3, x2, x1, x]);
        let [s6, s5, s4, s3, s2, s1] = self.smooth;
        self.smooth = [s5, s4, s3, s2, s1, smooth];
        Some([smooth, transformed(s6, s4, s2, smooth)])
    }

    /// As [`Self::push`] for at most [`CHUNK`] prices; the rows before the start, whose results are left as they are.
    pub(super) fn fill(&mut self, xs: &[f64], smooth: &mut [f64; CHUNK], turned: &mut [f64; CHUNK]) -> usize {
        let idle = self.idle.min(xs.len());
        let n = xs.len();
        let mut prices = [0.0; CHUNK + SMOOTHED_ROWS];
        prices[..SMOOTHED_ROWS].copy_from_slice(&self.prices);
        prices[SMOOTHED_ROWS..][..n].copy_from_slice(xs);
        let mut buffer = [0.0; CHUNK + TAPS];
        // The zeros, or values, before the first row that counts.
        buffer[idle..idle + TAPS].copy_from_slice(&self.smooth);
        for (y, x) in buffer[TAPS + idle..TAPS + n].iter_mut().zip(prices[idle..].windows(4)) {
            *y = smoothed([x[0], x[1], x[2], x[3]]);
        }
        for (y, s) in turned[idle..n].iter_mut().zip(buffer[idle..].windows(TAPS + 1)) {
            *y = transformed(s[0], s[2], s[4], s[6]);
        }
        smooth[idle..n].copy_from_slice(&buffer[TAPS + idle..TAPS + n]);
        self.prices.copy_from_slice(&prices[n..n + SMOOTHED_ROWS]);
        self.smooth.copy_from_slice(&buffer[n..n + TAPS]);
        self.idle -= idle;
        idle
    }

    pub(super) fn visit(&mut self, state: &mut State<'_>) {
        state.count(&mut self.idle, self.start);
        state.numbers(&mut self.prices);
        state.numbers(&mut self.smooth);
    }
}

/// Values of the last rows.
const RING: usize = 16;

/// The phasor and the period, from the transform of each row.
#[derive(Clone, Debug)]
pub(super) struct Cycle {
    at: usize,
    /// In-phase part before its delay, and quadrature, of the last rows.
    detrended: [f64; RING],
    quadrature: [f64; RING],
    i2: f64,
    q2: f64,
    re: f64,
    im: f64,
    period: f64,
    smooth_period: f64,
}

#[inline]
fn ago(ring: &[f64; RING], at: usize, rows: usize) -> f64 {
    ring[(at + RING - rows) % RING]
}

/// The period of a phasor that turns by the angle of `re + i im` a row, held near the one before.
#[inline]
fn period_of(re: f64, im: f64, before: f64) -> f64 {
    let mut period = before;
    if im != 0.0 && re != 0.0 {
        period = TAU / libm::atan(im / re);
    }
    // Branches, not selections: what they decide is mostly the same as in the row before, and a period that is held back
    // need not wait for the arc tangent.
    if period > 1.5 * before {
        period = 1.5 * before;
    }
    if period < 0.67 * before {
        period = 0.67 * before;
    }
    if period < PERIOD_MIN {
        period = PERIOD_MIN;
    } else if period > PERIOD_MAX as f64 {
        period = PERIOD_MAX as f64;
    }
    0.2 * period + 0.8 * before
}

impl Cycle {
    pub(super) fn new() -> Self {
        let zeros = [0.0; RING];
        Self { at: 0, detrended: zeros, quadrature: zeros, i2: 0.0, q2: 0.0, re: 0.0, im: 0.0, period: 0.0, smooth_period: 0.0 }
    }

    /// Take the transform of one row's smoothed price; the smoothed period in rows.
    #[inline]
    pub(super) fn push(&mut self, turned: f64) -> f64 {
        let (at, d, q) = (self.at, &self.detrended, &self.quadrature);
        // What does not hang on the period of the row before comes first.
        let in_phase = ago(d, at, 3);
        let d_rest = INNER * (ago(d, at, 2) - ago(d, at, 4)) - OUTER * ago(d, at, 6);
        let q_rest = INNER * (ago(q, at, 2) - ago(q, at, 4)) - OUTER * ago(q, at, 6);
        let i_turned = transformed(ago(d, at, 9), ago(d, at, 7), ago(d, at, 5), in_phase);
        let scale = 0.075 * self.period + 0.54;
        let detrended = turned * scale;
        let quadrature = (OUTER * detrended + d_rest) * scale;
        let q_turned = (OUTER * quadrature + q_rest) * scale;
        let q2 = 0.2 * (quadrature + i_turned * scale) + 0.8 * self.q2;
        let i2 = 0.2 * (in_phase - q_turned) + 0.8 * self.i2;
        self.re = 0.2 * (i2 * self.i2 + q2 * self.q2) + 0.8 * self.re;
        self.im = 0.2 * (i2 * self.q2 - q2 * self.i2) + 0.8 * self.im;
        (self.i2, self.q2) = (i2, q2);
        self.period = period_of(self.re, self.im, self.period);
        self.smooth_period = 0.33 * self.period + 0.67 * self.smooth_period;
        (self.detrended[at], self.quadrature[at]) = (detrended, quadrature);
        self.at = (at + 1) % RING;
        self.smooth_period
    }

    /// In-phase and quadrature parts of the last row.
    #[inline]
    pub(super) fn phasor(&self) -> [f64; 2] {
        [ago(&self.detrended, self.at, 4), ago(&self.quadrature, self.at, 1)]
    }

    pub(super) fn visit(&mut self, state: &mut State<'_>) {
        state.count(&mut self.at, RING - 1);
        state.numbers(&mut self.detrended);
        state.numbers(&mut self.quadrature);
        for number in [&mut self.i2, &mut self.q2, &mut self.re, &mut self.im, &mut self.period, &mut self.smooth_period] {
            state.number(number);
        }
    }
}
