//! Exponential smoothing: the recurrence under EMA, RMA, RSI, ATR and MACD.
//!
//! `y[t] = y[t-1] + k (x[t] - y[t-1])`, seeded with the mean of the first `period` values. It is worked in blocks of eight:
//! within a block, `y = a + (bʲ⁺¹ (y₀ - a) + w[j])` with `b = 1 - k`, the block's first value `a` as anchor and
//! `w[j] = b w[j-1] + k (x[j] - a)`. The blocks' inner chains do not wait for each other, so that a batch is bound by
//! throughput instead of latency, and on a flat series the average comes to rest instead of wandering in the last bit.

use super::study::State;

/// Values in a block.
const BLOCK: usize = 8;

/// Exponential smoothing seeded with a simple mean; every value given to it must be finite.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Smoother {
    period: usize,
    keep: f64,
    take: f64,
    powers: [f64; BLOCK],
    seen: usize,
    seed_sum: f64,
    phase: usize,
    anchor: f64,
    gap: f64,
    within: f64,
    value: f64,
}

/// Whole blocks after `value`; the last value. Kept apart, so that each caller gets the one well-scheduled loop.
#[inline(never)]
fn smooth_blocks([keep, take]: [f64; 2], powers: &[f64; BLOCK], mut value: f64, xs: &[[f64; BLOCK]], out: &mut [[f64; BLOCK]]) -> f64 {
    let powers = *powers;
    for (x, y) in xs.iter().zip(out) {
        let anchor = x[0];
        let gap = value - anchor;
        let mut within = [0.0; BLOCK];
        for j in 1..BLOCK {
            within[j] = keep * within[j - 1] + take * (x[j] - anchor);
        }
        for j in 0..BLOCK {
            y[j] = anchor + (powers[j] * gap + within[j]);
        }
        value = y[BLOCK - 1];
    }
    value
}

impl Smoother {
    /// Smoothing with weight `take` for the newest value, seeded after `period` values.
    pub(super) fn new(period: usize, take: f64) -> Self {
        let keep = 1.0 - take;
        let mut powers = [keep; BLOCK];
        for j in 1..BLOCK {
            powers[j] = powers[j - 1] * keep;
        }
        Self { period, keep, take, powers, seen: 0, seed_sum: 0.0, phase: 0, anchor: 0.0, gap: 0.0, within: 0.0, value: f64::NAN }
    }

    /// EMA weights: 2 / (period + 1).
    pub(super) fn exponential(period: usize) -> Self {
        Self::new(period, 2.0 / (period as f64 + 1.0))
    }

    /// Wilder's weights: 1 / period.
    pub(super) fn wilder(period: usize) -> Self {
        Self::new(period, 1.0 / period as f64)
    }

    pub(super) fn period(&self) -> usize {
        self.period
    }

    pub(super) fn value(&self) -> f64 {
        self.value
    }

    pub(super) fn ready(&self) -> bool {
        self.seen == self.period
    }

    /// Take one finite value; NaN until the seed is complete.
    #[inline]
    pub(super) fn update(&mut self, x: f64) -> f64 {
        if self.seen < self.period {
            return self.warm_up(x);
        }
        if self.phase == 0 {
            self.anchor = x;
            self.gap = self.value - x;
            self.within = 0.0;
        } else {
            self.within = self.keep * self.within + self.take * (x - self.anchor);
        }
        self.value = self.anchor + (self.powers[self.phase] * self.gap + self.within);
        self.phase = (self.phase + 1) % BLOCK;
        self.value
    }

    fn warm_up(&mut self, x: f64) -> f64 {
        self.seed_sum += x;
        self.seen += 1;
        if self.seen == self.period {
            self.value = self.seed_sum / self.period as f64;
        }
        self.value
    }

    /// As [`Self::update`] for each of `xs`, which must be finite.
    pub(super) fn extend(&mut self, xs: &[f64], out: &mut [f64]) {
        let mut at = 0;
        while at < xs.len() && (self.seen < self.period || self.phase != 0) {
            out[at] = self.update(xs[at]);
            at += 1;
        }
        let (xs, out) = (&xs[at..], &mut out[at..]);
        let (blocks, rest) = xs.as_chunks();
        let (filled, unfilled) = out.as_chunks_mut();
        self.value = smooth_blocks([self.keep, self.take], &self.powers, self.value, blocks, filled);
        for (&x, y) in rest.iter().zip(unfilled) {
            *y = self.update(x);
        }
    }

    /// Show `state` everything that later values depend on.
    pub(super) fn visit(&mut self, state: &mut State<'_>) {
        state.count(&mut self.seen, self.period);
        state.count(&mut self.phase, BLOCK - 1);
        for x in [&mut self.seed_sum, &mut self.anchor, &mut self.gap, &mut self.within, &mut self.value] {
            state.number(x);
        }
    }
}

/// [`Smoother::extend`] of two, whose chains of operations then do not wait for each other.
pub(super) fn extend_pair([a, b]: [&mut Smoother; 2], [xs, ys]: [&[f64]; 2], [out_a, out_b]: [&mut [f64]; 2]) {
    a.extend(xs, out_a);
    b.extend(ys, out_b);
}
