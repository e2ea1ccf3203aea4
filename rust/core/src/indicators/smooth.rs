//! Exponential smoothing: the recurrence under EMA, RMA, RSI, ATR and MACD.
//!
//! `y[t] = y[t-1] + k (x[t] - y[t-1])`, seeded with the mean of the first `period` values. What is worked on is the gap
//! `e = y - x`, which follows `e[t] = b e[t-1] + g[t]` with `b = 1 - k` and `g[t] = b (x[t-1] - x[t])`: on a flat series the
//! gap shrinks to nothing and the average is the value itself, and a large offset costs no digits.
//!
//! Rows are taken in blocks of eight. `e[j] = bʲ⁺¹ E + c[j]`, `E` the gap before the block and `c[j]` what the block adds, summed
//! by doubling: of two rows, of four, of eight. Only `E` waits for the block before, for one operation, so that a batch is bound
//! by throughput and not by latency; and four rows share an instruction.

mod beside;

pub(super) use beside::{Smoothers, each_row};

use super::study::State;
use super::wide::{self, Smoothing};

/// Rows in a block.
pub(super) const BLOCK: usize = 8;

/// Exponential smoothing seeded with a simple mean; every value given to it must be finite.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Smoother {
    period: usize,
    /// The weight of the average before, to the powers from 1 to 8.
    powers: [f64; BLOCK],
    /// What the row before and the pair before count, in each row of half a block: nothing where the half begins.
    in_half: [[f64; 2]; BLOCK / 2],
    seen: usize,
    seed_sum: f64,
    /// Rows of the block so far.
    phase: usize,
    /// The value before.
    before: f64,
    /// The gap before the block.
    gap: f64,
    /// What the row before added.
    change: f64,
    /// What the last row and the one before it added, each with the row before.
    pairs: [f64; 2],
    /// What the block's first four rows added.
    half: f64,
    value: f64,
}

impl Smoother {
    /// Smoothing with weight `take` for the newest value, seeded after `period` values.
    pub(super) fn new(period: usize, take: f64) -> Self {
        let keep = 1.0 - take;
        let mut powers = [keep; BLOCK];
        for j in 1..BLOCK {
            powers[j] = powers[j - 1] * keep;
        }
        let in_half = [[0.0; 2], [keep, 0.0], [keep, powers[1]], [keep, powers[1]]];
        Self {
            period,
            powers,
            in_half,
            seen: 0,
            seed_sum: 0.0,
            phase: 0,
            before: 0.0,
            gap: 0.0,
            change: 0.0,
            pairs: [0.0; 2],
            half: 0.0,
            value: f64::NAN,
        }
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

    /// `rows` rows go by before the first value: blocks stay in step with those of other columns.
    pub(super) fn skip(&mut self, rows: usize) {
        if self.seen == 0 {
            self.phase = (self.phase + rows) % BLOCK;
        }
    }

    /// Take one finite value; NaN until the seed is complete.
    #[inline]
    pub(super) fn update(&mut self, x: f64) -> f64 {
        if self.seen < self.period {
            return self.warm_up(x);
        }
        // Always below, which the compiler does not know.
        let phase = self.phase % BLOCK;
        let [one, two, half] = self.of_before(phase);
        let change = self.powers[0] * (self.before - x);
        let pair = one.mul_add(self.change, change);
        let added = half.mul_add(self.half, two.mul_add(self.pairs[1], pair));
        let gap = self.powers[phase].mul_add(self.gap, added);
        self.note(x, change, pair, added, gap);
        self.value = x + gap;
        self.value
    }

    /// What the row before, the pair before and the half before count in row `phase` of a block.
    #[inline]
    fn of_before(&self, phase: usize) -> [f64; 3] {
        let [one, two] = self.in_half[phase % 4];
        [one, two, if phase < 4 { 0.0 } else { self.powers[phase % 4] }]
    }

    #[inline]
    fn note(&mut self, x: f64, change: f64, pair: f64, added: f64, gap: f64) {
        (self.before, self.change, self.pairs) = (x, change, [pair, self.pairs[0]]);
        match self.phase {
            3 => self.half = added,
            7 => self.gap = gap,
            _ => {}
        }
        self.phase = (self.phase + 1) % BLOCK;
    }

    #[cold]
    fn warm_up(&mut self, x: f64) -> f64 {
        self.seed_sum += x;
        self.seen += 1;
        if self.seen == self.period {
            self.value = self.seed_sum / self.period as f64;
            // As if the block had begun without a gap, and this row had added all of it.
            let gap = self.value - x;
            (self.gap, self.half, self.pairs) = (0.0, 0.0, [0.0; 2]);
            self.note(x, gap, gap, gap, gap);
        } else {
            self.phase = (self.phase + 1) % BLOCK;
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
        let (xs, out) = (&xs[at..], &mut out[at..xs.len()]);
        let rows = xs.len() - xs.len() % BLOCK;
        let smoothing = Smoothing { powers: &self.powers, before: self.before, gap: self.gap };
        let mut done = 0;
        if let Some(gap) = wide::smooth(smoothing, xs.as_chunks().0, out.as_chunks_mut().0) {
            done = rows;
            if done > 0 {
                (self.gap, self.before, self.value) = (gap, xs[done - 1], out[done - 1]);
            }
        }
        for (&x, y) in xs[done..].iter().zip(&mut out[done..]) {
            *y = self.update(x);
        }
    }

    /// Show `state` everything that later values depend on.
    pub(super) fn visit(&mut self, state: &mut State<'_>) {
        state.count(&mut self.seen, self.period);
        state.count(&mut self.phase, BLOCK - 1);
        state.numbers(&mut self.pairs);
        for x in [&mut self.seed_sum, &mut self.before, &mut self.gap, &mut self.change, &mut self.half, &mut self.value] {
            state.number(x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn in_wide_registers_the_bits_are_those_of_one_value_at_a_time(
            xs in prop::collection::vec(-1e3..1e3_f64, 0..300), period in 1_usize..40, skipped in 0_usize..20, cut in 0_usize..300,
        ) {
            let mut smoother = Smoother::exponential(period);
            smoother.skip(skipped);
            let mut slow = smoother.clone();
            let mut out = vec![0.0; xs.len()];
            let cut = cut.min(xs.len());
            smoother.extend(&xs[..cut], &mut out[..cut]);
            smoother.extend(&xs[cut..], &mut out[cut..]);
            let wanted: Vec<u64> = xs.iter().map(|&x| slow.update(x).to_bits()).collect();
            prop_assert_eq!(out.iter().map(|y| y.to_bits()).collect::<Vec<_>>(), wanted);
            for x in &xs {
                prop_assert_eq!(smoother.update(*x).to_bits(), slow.update(*x).to_bits());
            }
        }

        #[test]
        fn it_follows_the_recurrence(xs in prop::collection::vec(1.0..1e3_f64, 50..300), period in 1_usize..40) {
            let mut smoother = Smoother::exponential(period);
            let take = 2.0 / (period as f64 + 1.0);
            let mut wanted = xs[..period].iter().sum::<f64>() / period as f64;
            for (row, &x) in xs.iter().enumerate() {
                let got = smoother.update(x);
                if row >= period {
                    wanted += take * (x - wanted);
                }
                prop_assert!(row + 1 < period || (got - wanted).abs() <= 1e-12 * wanted.abs(), "row {row}: {got} is not {wanted}");
            }
        }
    }
}
