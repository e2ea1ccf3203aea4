//! Sums over a window, without an anchor: for flows, whose zero is the true one.
//!
//! As in [`crate::indicators::window::PowerSums`] a window is a suffix of the block before and a prefix of the current one, so
//! that nothing is subtracted: a window of zeros sums to exactly zero, whatever was in it before.

use crate::indicators::study::State;

/// Blocks summed side by side, so that their chains of additions do not wait for each other.
const LANES: usize = 4;

/// Sums over the last values.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct WindowSums {
    block: Vec<f64>,
    /// Sums of the block before from each value's successor on; NaN where there is no such block.
    suffix: Vec<f64>,
    prefix: f64,
    at: usize,
}

/// `LANES` blocks of `n`.
#[inline]
fn lanes(xs: &[f64], n: usize) -> [&[f64]; LANES] {
    std::array::from_fn(|lane| &xs[lane * n..][..n])
}

/// Window sums of `LANES` blocks of `n` in `here`, each with the block before it in `before`.
#[inline]
fn sum_blocks(before: &[f64], here: &[f64], out: &mut [f64], n: usize) {
    let (y0, rest) = out.split_at_mut(n);
    let (y1, rest) = rest.split_at_mut(n);
    let (y2, y3) = rest.split_at_mut(n);
    // What each window has of the block before.
    let [x0, x1, x2, x3] = lanes(before, n);
    let mut sums = [0.0; LANES];
    let slots = y0.iter_mut().zip(&mut *y1).zip(&mut *y2).zip(&mut *y3);
    for ((((y0, y1), y2), y3), (((x0, x1), x2), x3)) in slots.zip(x0.iter().zip(x1).zip(x2).zip(x3)).rev() {
        [*y0, *y1, *y2, *y3] = sums;
        for (sum, x) in sums.iter_mut().zip([x0, x1, x2, x3]) {
            *sum += x;
        }
    }
    // And of its own.
    let [x0, x1, x2, x3] = lanes(here, n);
    let mut sums = [0.0; LANES];
    let slots = y0.iter_mut().zip(y1).zip(y2).zip(y3);
    for ((((y0, y1), y2), y3), (((x0, x1), x2), x3)) in slots.zip(x0.iter().zip(x1).zip(x2).zip(x3)) {
        for ((sum, x), y) in sums.iter_mut().zip([x0, x1, x2, x3]).zip([y0, y1, y2, y3]) {
            *sum += x;
            *y += *sum;
        }
    }
}

impl WindowSums {
    /// Over `period` values, at least one.
    pub(in crate::indicators) fn new(period: usize) -> Self {
        let mut suffix = vec![f64::NAN; period];
        suffix[period - 1] = 0.0;
        Self { block: vec![0.0; period], suffix, prefix: 0.0, at: 0 }
    }

    pub(in crate::indicators) fn period(&self) -> usize {
        self.block.len()
    }

    /// Take one value; the sum, NaN until the window is full.
    #[inline]
    pub(in crate::indicators) fn push(&mut self, x: f64) -> f64 {
        let at = self.at;
        self.prefix += x;
        let sum = self.suffix[at] + self.prefix;
        self.block[at] = x;
        self.at = at + 1;
        if self.at == self.block.len() {
            self.turn();
        }
        sum
    }

    /// As [`Self::push`] for each of `xs`.
    pub(in crate::indicators) fn extend(&mut self, xs: &[f64], out: &mut [f64]) {
        let n = self.period();
        let mut row = 0;
        // Up to a block's end, and one block more, so that the block before lies in `xs`.
        while row < xs.len() && (self.at != 0 || row < n) {
            row += self.extend_block(&xs[row..], &mut out[row..]);
        }
        let groups = (xs.len() - row) / (LANES * n);
        if groups > 0 {
            for out in out[row..].chunks_exact_mut(LANES * n) {
                sum_blocks(&xs[row - n..], &xs[row..], out, n);
                row += LANES * n;
            }
            self.block.copy_from_slice(&xs[row - n..row]);
            self.turn();
        }
        while row < xs.len() {
            row += self.extend_block(&xs[row..], &mut out[row..]);
        }
    }

    /// Values up to the block's end, if there are so many; how many.
    fn extend_block(&mut self, xs: &[f64], out: &mut [f64]) -> usize {
        let here = xs.len().min(self.block.len() - self.at);
        let mut prefix = self.prefix;
        for ((&x, y), suffix) in xs[..here].iter().zip(out).zip(&self.suffix[self.at..]) {
            prefix += x;
            *y = suffix + prefix;
        }
        self.prefix = prefix;
        self.block[self.at..][..here].copy_from_slice(&xs[..here]);
        self.at += here;
        if self.at == self.block.len() {
            self.turn();
        }
        here
    }

    fn turn(&mut self) {
        let mut sum = 0.0;
        for (x, slot) in self.block.iter().zip(&mut self.suffix).rev() {
            *slot = sum;
            sum += x;
        }
        self.prefix = 0.0;
        self.at = 0;
    }

    /// Show `state` what later values depend on.
    pub(in crate::indicators) fn visit(&mut self, state: &mut State<'_>) {
        let last = self.block.len() - 1;
        state.count(&mut self.at, last);
        state.number(&mut self.prefix);
        state.numbers(&mut self.block);
        state.numbers(&mut self.suffix);
    }
}
