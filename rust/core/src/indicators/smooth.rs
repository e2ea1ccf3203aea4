//! Exponential smoothing: the recurrence under EMA, RMA, RSI, ATR and MACD.
//!
//! `y[t] = y[t-1] + k (x[t] - y[t-1])`, seeded with the mean of the first `period` values. It is worked in blocks of eight:
//! within a block, `y = a + (bʲ⁺¹ (y₀ - a) + w[j])` with `b = 1 - k`, the block's first value `a` as anchor and
//! `w[j] = b w[j-1] + k (x[j] - a)`. The blocks' inner chains do not wait for each other, so that a batch is bound by
//! throughput instead of latency, and on a flat series the average comes to rest instead of wandering in the last bit.

use super::study::State;
use super::wide::{Chain, GROUP, smooth_groups};

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
        extend_many([self], [xs], [out]);
    }

    /// Values up to where the blocks begin; how many.
    fn align(&mut self, xs: &[f64], out: &mut [f64]) -> usize {
        let mut at = 0;
        while at < xs.len() && (self.seen < self.period || self.phase != 0) {
            out[at] = self.update(xs[at]);
            at += 1;
        }
        at
    }

    /// Values from a block's beginning on.
    fn extend_aligned(&mut self, xs: &[f64], out: &mut [f64]) {
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

/// [`Smoother::extend`] of several side by side, so that their chains of operations do not wait for each other.
pub(super) fn extend_many<const L: usize>(mut smoothers: [&mut Smoother; L], mut xs: [&[f64]; L], mut out: [&mut [f64]; L]) {
    for ((smoother, xs), out) in smoothers.iter_mut().zip(&mut xs).zip(&mut out) {
        let head = smoother.align(xs, out);
        *xs = &xs[head..];
        *out = &mut std::mem::take(out)[head..];
    }
    let groups = xs.iter().map(|x| x.len() / GROUP).min().unwrap_or(0);
    let mut filled = out.each_mut().map(|o| &mut o.as_chunks_mut::<GROUP>().0[..groups]).into_iter();
    let mut chains: [Chain<'_>; L] = std::array::from_fn(|l| {
        let Smoother { keep, take, powers, value, .. } = *smoothers[l];
        Chain { keep, take, powers, value, xs: &xs[l].as_chunks().0[..groups], out: filled.next().unwrap_or_default() }
    });
    let done = if groups > 0 && smooth_groups(chains.each_mut()) { groups * GROUP } else { 0 };
    let values = chains.map(|chain| chain.value);
    drop(filled);
    for (((smoother, value), xs), out) in smoothers.into_iter().zip(values).zip(xs).zip(out) {
        smoother.value = value;
        smoother.extend_aligned(&xs[done..], &mut out[done..]);
    }
}

/// [`extend_many`] of each four of `studies`; those left over are given to `one`.
pub(super) fn in_fours<T, const I: usize, const O: usize>(
    studies: &mut [&mut T],
    columns: &[[&[f64]; I]],
    out: &mut [[&mut [f64]; O]],
    mut four: impl FnMut([&mut T; 4], [[&[f64]; I]; 4], [[&mut [f64]; O]; 4]),
    mut one: impl FnMut(&mut T, [&[f64]; I], [&mut [f64]; O]),
) {
    let (fours, rest) = studies.as_chunks_mut::<4>();
    let (column_fours, column_rest) = columns.as_chunks::<4>();
    let (out_fours, out_rest) = out.as_chunks_mut::<4>();
    for ((studies, columns), out) in fours.iter_mut().zip(column_fours).zip(out_fours) {
        four(studies.each_mut().map(|s| &mut **s), *columns, out.each_mut().map(|lane| lane.each_mut().map(|c| &mut **c)));
    }
    for ((study, columns), out) in rest.iter_mut().zip(column_rest).zip(out_rest) {
        one(study, *columns, out.each_mut().map(|c| &mut **c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn side_by_side_and_in_wide_registers_the_bits_are_those_of_one_value_at_a_time(
            xs in prop::collection::vec(-1e3..1e3_f64, 0..300), periods in prop::array::uniform3(1_usize..40), skip in 0_usize..50,
        ) {
            let mut smoothers = periods.map(Smoother::exponential);
            let mut slow = smoothers.clone();
            // Chains that begin at different phases and have different lengths.
            let columns = [&xs[..], &xs[skip.min(xs.len())..], &xs[..xs.len() / 2]];
            let mut out = columns.map(|c| vec![0.0; c.len()]);
            extend_many(smoothers.each_mut(), columns, out.each_mut().map(Vec::as_mut_slice));
            for ((smoother, column), out) in slow.iter_mut().zip(columns).zip(&out) {
                let wanted: Vec<u64> = column.iter().map(|&x| smoother.update(x).to_bits()).collect();
                prop_assert_eq!(out.iter().map(|y| y.to_bits()).collect::<Vec<_>>(), wanted);
            }
            for x in &xs {
                let next = |smoother: &mut Smoother| smoother.update(*x).to_bits();
                prop_assert_eq!(smoothers.each_mut().map(next), slow.each_mut().map(next));
            }
        }
    }
}
