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
    /// 0.075 period + 0.54, the scale of the next row's transforms.
    scale: f64,
    /// The centre nearest to the last angle.
    centre: usize,
}

#[inline]
fn ago(ring: &[f64; RING], at: usize, rows: usize) -> f64 {
    ring[(at + RING - rows) % RING]
}

/// Tangents from which on the next centre is nearer.
const BORDERS: [f64; 7] = [0.246, 0.372, 0.51, 0.664, 0.845, 1.065, 1.347];
/// Tangents and their angles.
const CENTRES: [[f64; 2]; 8] = [
    [0.185, 0.182_931_766_234_854_23],
    [0.308, 0.298_779_988_352_247],
    [0.439, 0.413_668_764_217_478_1],
    [0.584, 0.528_571_713_427_640_5],
    [0.751, 0.644_140_801_653_414],
    [0.949, 0.759_236_868_147_673],
    [1.196, 0.874_415_476_516_968],
    [1.522, 0.989_494_810_880_224_1],
];
/// Tangents of the angles of the longest and the shortest period, the first rounded down and the second up.
const SLOWEST: f64 = 0.1263;
const FASTEST: f64 = 1.7321;

/// What an angle is from its centre at most, as the square of the tangent.
const NEAR: f64 = 0.003_41;

/// The square of the tangent from the centre `at`, and that tangent.
#[inline]
fn from_centre(re: f64, im: f64, at: usize) -> [f64; 2] {
    let [tangent, _] = CENTRES[at];
    let t = (im - tangent * re) / (re + tangent * im);
    [t * t, t]
}

/// The angle of `re + i im` for a tangent from [`SLOWEST`] to [`FASTEST`], to the last bit or two: the angle of the nearest
/// centre, and from there a series, whose argument is at most 0.06. `centre` is tried first, and set.
#[inline]
fn angle(re: f64, im: f64, centre: &mut usize) -> f64 {
    let [mut u, mut t] = from_centre(re, im, *centre);
    if u > NEAR {
        *centre = BORDERS.iter().map(|border| usize::from(im >= border * re)).sum();
        [u, t] = from_centre(re, im, *centre);
    }
    let u2 = u * u;
    let low = (1.0 - u * (1.0 / 3.0)) + u2 * (1.0 / 5.0 - u * (1.0 / 7.0));
    let high = (1.0 / 9.0 - u * (1.0 / 11.0)) + u2 * (1.0 / 13.0);
    CENTRES[*centre][1] + t * (low + u2 * u2 * high)
}

impl Cycle {
    pub(super) fn new() -> Self {
        let zeros = [0.0; RING];
        Self {
            at: 0,
            detrended: zeros,
            quadrature: zeros,
            i2: 0.0,
            q2: 0.0,
            re: 0.0,
            im: 0.0,
            period: 0.0,
            smooth_period: 0.0,
            scale: 0.54,
            centre: 0,
        }
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
        // Powers of the scale with factors made ready: the fewest operations from the period before to the next.
        let outer = OUTER * turned;
        let [i3, i2_, i1] = [0.2 * OUTER * outer, 0.2 * OUTER * d_rest, 0.2 * q_rest];
        let i0 = 0.2 * in_phase + 0.8 * self.i2;
        let q1 = 0.2 * (d_rest + i_turned);
        let (i_weight, q_weight) = (0.2 * self.i2, 0.2 * self.q2);
        let (re_kept, im_kept) = (0.8 * self.re, 0.8 * self.im);
        let scale = self.scale;
        let square = scale * scale;
        let cube = square * scale;
        let detrended = turned * scale;
        let quadrature = outer * square + d_rest * scale;
        let q2 = (0.2 * outer) * square + (q1 * scale + 0.8 * self.q2);
        let i2 = ((i0 - i1 * scale) - i2_ * square) - i3 * cube;
        self.re = i2 * i_weight + (q2 * q_weight + re_kept);
        self.im = i2 * q_weight - (q2 * i_weight - im_kept);
        (self.i2, self.q2) = (i2, q2);
        let before = self.period;
        let period = self.held(before);
        self.period = 0.2 * period + 0.8 * before;
        self.scale = 0.015 * period + (0.06 * before + 0.54);
        self.smooth_period = 0.33 * self.period + 0.67 * self.smooth_period;
        (self.detrended[at], self.quadrature[at]) = (detrended, quadrature);
        self.at = (at + 1) % RING;
        self.smooth_period
    }

    /// The period by the phasor's turn of the last row, held near the one before.
    #[inline]
    fn held(&mut self, before: f64) -> f64 {
        let mut period = before;
        if self.im != 0.0 && self.re != 0.0 {
            // Of the tangent im ÷ re the sign counts, not the quadrant.
            let (re, im) = if self.re < 0.0 { (-self.re, -self.im) } else { (self.re, self.im) };
            // What the limits below make the same of needs no angle: a turn backwards, or one that is too fast or too slow.
            period = if im < 0.0 || im > FASTEST * re {
                0.0
            } else if im < SLOWEST * re {
                2.0 * PERIOD_MAX as f64
            } else {
                TAU / angle(re, im, &mut self.centre)
            };
        }
        // Branches, not selections: what they decide is mostly the same as in the row before, and a period that is held back
        // need not wait for the angle.
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
        period
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
        for number in [&mut self.i2, &mut self.q2, &mut self.re, &mut self.im] {
            state.number(number);
        }
        for number in [&mut self.period, &mut self.smooth_period, &mut self.scale] {
            state.number(number);
        }
        state.count(&mut self.centre, CENTRES.len() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_angle_is_that_of_the_arc_tangent_wherever_a_period_is_allowed() {
        let mut centre = 0;
        for i in 0..=100_000 {
            let tangent = SLOWEST + (FASTEST - SLOWEST) * f64::from(i) / 100_000.0;
            for re in [1.0, 3e-7, 2e9] {
                let (ours, wanted) = (angle(re, tangent * re, &mut centre), libm::atan(tangent));
                assert!((ours - wanted).abs() <= 4e-16 * wanted.max(0.5), "{tangent}: {ours} {wanted}");
            }
        }
    }
}
