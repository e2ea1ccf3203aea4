//! Sums over a window, without an anchor: for flows, whose zero is the true one.
//!
//! As in [`crate::indicators::window::PowerSums`] a window is a suffix of the block before and a prefix of the current one, so
//! that nothing is subtracted: a window of zeros sums to exactly zero, whatever was in it before.

use crate::indicators::study::State;

/// Sums of `M` columns over the last rows.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct WindowSums<const M: usize> {
    block: Vec<[f64; M]>,
    /// Sums of the block before from each row's successor on; NaN where there is no such block.
    suffix: Vec<[f64; M]>,
    prefix: [f64; M],
    at: usize,
}

impl<const M: usize> WindowSums<M> {
    /// Over `period` rows, at least one.
    pub(in crate::indicators) fn new(period: usize) -> Self {
        let mut suffix = vec![[f64::NAN; M]; period];
        suffix[period - 1] = [0.0; M];
        Self { block: vec![[0.0; M]; period], suffix, prefix: [0.0; M], at: 0 }
    }

    pub(in crate::indicators) fn period(&self) -> usize {
        self.block.len()
    }

    /// Take one row; the sums, NaN until the window is full.
    #[inline]
    pub(in crate::indicators) fn push(&mut self, row: [f64; M]) -> [f64; M] {
        let at = self.at;
        for (sum, x) in self.prefix.iter_mut().zip(row) {
            *sum += x;
        }
        let sums = std::array::from_fn(|m| self.suffix[at][m] + self.prefix[m]);
        self.block[at] = row;
        self.at = at + 1;
        if self.at == self.block.len() {
            self.turn();
        }
        sums
    }

    fn turn(&mut self) {
        let mut sums = [0.0; M];
        for (row, slot) in self.block.iter().zip(&mut self.suffix).rev() {
            *slot = sums;
            for (sum, x) in sums.iter_mut().zip(row) {
                *sum += x;
            }
        }
        self.prefix = [0.0; M];
        self.at = 0;
    }

    /// Show `state` what later values depend on.
    pub(in crate::indicators) fn visit(&mut self, state: &mut State<'_>) {
        let last = self.block.len() - 1;
        state.count(&mut self.at, last);
        state.numbers(&mut self.prefix);
        state.numbers(self.block.as_flattened_mut());
        state.numbers(self.suffix.as_flattened_mut());
    }
}
