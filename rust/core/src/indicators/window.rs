//! Moving windows: sums of powers and extremes over the last `period` values.
//!
//! The series is cut into blocks of `period`. A window is a suffix of the block before and a prefix of the current one, so
//! it is one running sum plus one stored sum: nothing is ever subtracted, no error piles up, and a huge value leaves no trace
//! once it has left the window. Sums are of differences to an anchor near the values (the median of three values of the
//! block before), so a large offset costs no digits and a flat series gives its own value exactly.
//! Cost: O(1) amortised; every `period`-th update rebuilds the suffixes, O(period).

use super::study::State;
use super::wide::wide;

/// The exponent of a double, and the unit in it: an exponent of all ones (infinite or NaN) carries into the sign bit.
const EXPONENT: u64 = 0x7ff0_0000_0000_0000;
const ONE: u64 = 0x0010_0000_0000_0000;

/// True when every value is finite; branch-free.
pub(super) fn all_finite(xs: &[f64]) -> bool {
    wide(|| xs.iter().fold(0, |seen, x| seen | ((x.to_bits() & EXPONENT) + ONE))) >> 63 == 0
}

/// What is gathered of values to know whether one counts as missing, beside other work on them; branch-free.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Soundness {
    seen: u64,
    negative: u64,
}

impl Soundness {
    /// Look at the value of a column.
    #[inline]
    pub(super) fn look(&mut self, x: f64) {
        self.seen |= (x.to_bits() & EXPONENT) + ONE;
    }

    /// Look at the value of a column that may not be negative, perhaps.
    #[inline]
    pub(super) fn look_at_volume(&mut self, x: f64) {
        self.look(x);
        self.negative |= u64::from(x < 0.0);
    }

    /// True when all were finite, and none negative where that counts.
    #[inline]
    pub(super) fn holds(self, not_negative: bool) -> bool {
        self.seen >> 63 == 0 && !(not_negative && self.negative != 0)
    }
}

/// True when every value of `columns` is finite, and none is negative in those whose bit is set in `not_negative`. Column by column:
/// a single one is checked fastest.
pub(super) fn all_sound<const I: usize>(columns: [&[f64]; I], not_negative: u8) -> bool {
    columns.iter().enumerate().all(|(i, column)| {
        let negative = if not_negative >> i & 1 == 1 { column.iter().map(|&x| u64::from(x < 0.0)).sum() } else { 0 };
        negative == 0 && all_finite(column)
    })
}

/// Sums of the first `M` powers of `x - anchor` over a window; every value given must be finite.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PowerSums<const M: usize> {
    block: Vec<f64>,
    suffix: Vec<[f64; M]>,
    prefix: [f64; M],
    anchor: f64,
    at: usize,
    full: bool,
}

#[inline]
fn add_powers<const M: usize>(sums: &mut [f64; M], d: f64) {
    let mut power = d;
    for (m, sum) in sums.iter_mut().enumerate() {
        if m > 0 {
            power *= d;
        }
        *sum += power;
    }
}

#[inline]
fn total<const M: usize>(suffix: &[f64; M], prefix: &[f64; M]) -> [f64; M] {
    std::array::from_fn(|m| suffix[m] + prefix[m])
}

/// The median of a block's first, middle and last value: near the values, and not led astray by one bad tick.
#[inline]
fn anchor_of(block: &[f64]) -> f64 {
    let (a, b, c) = (block[0], block[block.len() / 2], block[block.len() - 1]);
    a.min(b).max(a.max(b).min(c))
}

/// Blocks summed side by side, so that their chains of additions do not wait for each other.
const LANES: usize = 4;

/// Sums of consecutive rows.
pub(super) type Run<'a, const M: usize> = std::iter::StepBy<std::slice::Iter<'a, [f64; M]>>;

/// The window sums of `LANES` blocks of `n` in `here`, each with the block before it in `before`, lane by lane interleaved in
/// `sums`; the anchors.
#[inline]
fn sum_blocks<const M: usize>(sums: &mut [[f64; M]], before: &[f64], here: &[f64], n: usize) -> [f64; LANES] {
    let (rows, _) = sums.as_chunks_mut::<LANES>();
    let [b0, b1, b2, b3] = lanes_of(before, n);
    let anchors = [b0, b1, b2, b3].map(anchor_of);
    let mut running = [[0.0; M]; LANES];
    for ((((slot, x0), x1), x2), x3) in rows.iter_mut().zip(b0).zip(b1).zip(b2).zip(b3).rev() {
        *slot = running;
        for (sum, (x, anchor)) in running.iter_mut().zip([x0, x1, x2, x3].into_iter().zip(anchors)) {
            add_powers(sum, x - anchor);
        }
    }
    let [h0, h1, h2, h3] = lanes_of(here, n);
    let mut running = [[0.0; M]; LANES];
    for ((((slot, x0), x1), x2), x3) in rows.iter_mut().zip(h0).zip(h1).zip(h2).zip(h3) {
        for (lane, x) in [x0, x1, x2, x3].into_iter().enumerate() {
            add_powers(&mut running[lane], x - anchors[lane]);
            slot[lane] = total(&slot[lane], &running[lane]);
        }
    }
    anchors
}

/// `LANES` blocks of `n`.
#[inline]
fn lanes_of(xs: &[f64], n: usize) -> [&[f64]; LANES] {
    std::array::from_fn(|lane| &xs[lane * n..(lane + 1) * n])
}

impl<const M: usize> PowerSums<M> {
    pub(super) fn new(period: usize) -> Self {
        Self { block: vec![0.0; period], suffix: vec![[0.0; M]; period], prefix: [0.0; M], anchor: 0.0, at: 0, full: false }
    }

    pub(super) fn period(&self) -> usize {
        self.block.len()
    }

    /// Take one finite value; the anchor and the sums once the window is full.
    #[inline]
    pub(super) fn update(&mut self, x: f64) -> Option<(f64, [f64; M])> {
        let at = self.at;
        if at == 0 && !self.full {
            self.anchor = x;
        }
        let anchor = self.anchor;
        add_powers(&mut self.prefix, x - anchor);
        self.block[at] = x;
        let sums = total(&self.suffix[at], &self.prefix);
        self.at = at + 1;
        if self.at == self.block.len() {
            self.turn();
        } else if !self.full {
            return None;
        }
        Some((anchor, sums))
    }

    /// A block is complete: choose its anchor and sum its suffixes.
    fn turn(&mut self) {
        self.anchor = anchor_of(&self.block);
        self.prefix = [0.0; M];
        let mut sums = [0.0; M];
        for (x, slot) in self.block.iter().zip(&mut self.suffix).rev() {
            *slot = sums;
            add_powers(&mut sums, x - self.anchor);
        }
        self.at = 0;
        self.full = true;
    }

    /// Rows that will give nothing before the window is full.
    pub(super) fn rows_to_go(&self) -> usize {
        if self.full { 0 } else { self.period() - 1 - self.at }
    }

    /// As [`Self::update`] for each of `xs`, all finite; `emit(row, anchor, sums)` gives the results from `row` on, run by run.
    #[inline]
    pub(super) fn extend(&mut self, xs: &[f64], mut emit: impl FnMut(usize, f64, Run<'_, M>)) {
        let n = self.period();
        let mut row = 0;
        // Up to a block's end, and one block more, so that the block before lies in `xs`.
        while row < xs.len() && (self.at != 0 || !self.full || row < n) {
            self.update_run(row, xs[row], &mut emit);
            row += 1;
        }
        let group = LANES * n;
        if xs.len() >= row + group {
            let mut scratch = vec![[0.0; M]; group];
            while xs.len() >= row + group {
                let anchors = sum_blocks(&mut scratch, &xs[row - n..row + group - n], &xs[row..row + group], n);
                for (lane, anchor) in anchors.into_iter().enumerate() {
                    emit(row + lane * n, anchor, scratch[lane..].iter().step_by(LANES));
                }
                row += group;
            }
            self.block.copy_from_slice(&xs[row - n..row]);
            self.turn();
        }
        for (i, &x) in xs.iter().enumerate().skip(row) {
            self.update_run(i, x, &mut emit);
        }
    }

    #[inline]
    fn update_run(&mut self, row: usize, x: f64, emit: &mut impl FnMut(usize, f64, Run<'_, M>)) {
        if let Some((anchor, sums)) = self.update(x) {
            emit(row, anchor, std::slice::from_ref(&sums).iter().step_by(LANES));
        }
    }

    /// Show `state` everything that later values depend on.
    pub(super) fn visit(&mut self, state: &mut State<'_>) {
        let last = self.period() - 1;
        state.flag(&mut self.full);
        state.count(&mut self.at, last);
        state.number(&mut self.anchor);
        state.numbers(&mut self.prefix);
        state.numbers(&mut self.block);
        state.numbers(self.suffix.as_flattened_mut());
    }
}

/// The value `period` rows ago.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lag {
    ring: Vec<f64>,
    at: usize,
}

impl Lag {
    pub(super) fn new(period: usize) -> Self {
        Self { ring: vec![f64::NAN; period], at: 0 }
    }

    pub(super) fn period(&self) -> usize {
        self.ring.len()
    }

    /// Take one value; the one `period` rows before it, NaN where there is none.
    #[inline]
    pub(super) fn push(&mut self, x: f64) -> f64 {
        let then = std::mem::replace(&mut self.ring[self.at], x);
        self.at += 1;
        if self.at == self.ring.len() {
            self.at = 0;
        }
        then
    }

    /// As [`Self::push`] for each of `xs`, with `f(now, then)` into `out`.
    #[inline]
    pub(super) fn run(&mut self, xs: &[f64], out: &mut [f64], f: impl Fn(f64, f64) -> f64) {
        let n = self.ring.len();
        let head = xs.len().min(n);
        let split = self.at;
        let older = self.ring[split..].iter().chain(&self.ring[..split]);
        for ((y, &now), &then) in out.iter_mut().zip(&xs[..head]).zip(older) {
            *y = f(now, then);
        }
        wide(|| {
            for ((y, &now), &then) in out[head..].iter_mut().zip(&xs[head..]).zip(xs) {
                *y = f(now, then);
            }
        });
        if xs.len() >= n {
            self.ring.copy_from_slice(&xs[xs.len() - n..]);
            self.at = 0;
        } else {
            for &x in xs {
                self.push(x);
            }
        }
    }

    pub(super) fn visit(&mut self, state: &mut State<'_>) {
        let last = self.ring.len() - 1;
        state.count(&mut self.at, last);
        state.numbers(&mut self.ring);
    }
}
