//! Moving windows: sums of powers and extremes over the last `period` values.
//!
//! The series is cut into blocks of `period`. A window is a suffix of the block before and a prefix of the current one, so
//! it is one running sum plus one stored sum: nothing is ever subtracted, no error piles up, and a huge value leaves no trace
//! once it has left the window. Sums are of differences to an anchor near the values (the median of three values of the
//! block before), so a large offset costs no digits and a flat series gives its own value exactly.
//! Cost: O(1) amortised; every `period`-th update rebuilds the suffixes, O(period).

/// True when every value is finite; branch-free.
pub(super) fn all_finite(xs: &[f64]) -> bool {
    const EXPONENT: u64 = 0x7ff0_0000_0000_0000;
    const ONE: u64 = 0x0010_0000_0000_0000;
    // An exponent of all ones carries into the sign bit.
    xs.iter().fold(0, |seen, x| seen | ((x.to_bits() & EXPONENT) + ONE)) >> 63 == 0
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

impl<const M: usize> PowerSums<M> {
    pub(super) fn new(period: usize) -> Self {
        Self { block: vec![0.0; period], suffix: vec![[0.0; M]; period], prefix: [0.0; M], anchor: 0.0, at: 0, full: false }
    }

    pub(super) fn period(&self) -> usize {
        self.block.len()
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new(self.period());
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

    /// As [`Self::update`] for each of `xs`, all finite; `emit(row, result)` is called for each row in order of rows within a
    /// block, blocks four at a time.
    #[inline]
    pub(super) fn extend(&mut self, xs: &[f64], mut emit: impl FnMut(usize, Option<(f64, [f64; M])>)) {
        const LANES: usize = 4;
        let n = self.period();
        let mut row = 0;
        // Up to a block's end, and one block more, so that the block before lies in `xs`.
        while row < xs.len() && (self.at != 0 || !self.full || row < n) {
            emit(row, self.update(xs[row]));
            row += 1;
        }
        let mut scratch = vec![[[0.0; M]; LANES]; if xs.len() >= row + n { n } else { 0 }];
        while xs.len() >= row + LANES * n {
            let before: [&[f64]; LANES] = std::array::from_fn(|lane| &xs[row + lane * n - n..row + lane * n]);
            let here: [&[f64]; LANES] = std::array::from_fn(|lane| &xs[row + lane * n..row + lane * n + n]);
            let anchors = before.map(anchor_of);
            let mut sums = [[0.0; M]; LANES];
            for (i, slot) in scratch.iter_mut().enumerate().rev() {
                *slot = sums;
                for lane in 0..LANES {
                    add_powers(&mut sums[lane], before[lane][i] - anchors[lane]);
                }
            }
            let mut sums = [[0.0; M]; LANES];
            for (i, slot) in scratch.iter().enumerate() {
                for lane in 0..LANES {
                    add_powers(&mut sums[lane], here[lane][i] - anchors[lane]);
                    emit(row + lane * n + i, Some((anchors[lane], total(&slot[lane], &sums[lane]))));
                }
            }
            row += LANES * n;
        }
        if row > n && row <= xs.len() && !scratch.is_empty() {
            self.block.copy_from_slice(&xs[row - n..row]);
            self.turn();
        }
        for (i, &x) in xs.iter().enumerate().skip(row) {
            emit(i, self.update(x));
        }
    }

    /// Everything that later values depend on, for [`Self::restore`].
    pub(super) fn state(&self) -> Vec<f64> {
        let mut state = vec![f64::from(u8::from(self.full)), self.at as f64, self.anchor];
        state.extend_from_slice(&self.block);
        state.extend_from_slice(&self.prefix);
        state.extend(self.suffix.as_flattened());
        state
    }

    /// Take up a state of an equal window; false when it cannot be one.
    pub(super) fn restore(&mut self, state: &[f64]) -> bool {
        let n = self.period();
        if state.len() != 3 + n + M + n * M || !(0.0..n as f64).contains(&state[1]) {
            return false;
        }
        (self.full, self.at, self.anchor) = (state[0] != 0.0, state[1] as usize, state[2]);
        self.block.copy_from_slice(&state[3..3 + n]);
        self.prefix.copy_from_slice(&state[3 + n..3 + n + M]);
        self.suffix.as_flattened_mut().copy_from_slice(&state[3 + n + M..]);
        true
    }
}

/// Highest high and lowest low over a window; every value given must be finite.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Extremes {
    block: Vec<[f64; 2]>,
    suffix: Vec<[f64; 2]>,
    prefix: [f64; 2],
    at: usize,
    full: bool,
}

/// What max and min start from.
const NOTHING: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

#[inline]
fn wider(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [if a[0] > b[0] { a[0] } else { b[0] }, if a[1] < b[1] { a[1] } else { b[1] }]
}

impl Extremes {
    pub(super) fn new(period: usize) -> Self {
        Self { block: vec![NOTHING; period], suffix: vec![NOTHING; period], prefix: NOTHING, at: 0, full: false }
    }

    pub(super) fn period(&self) -> usize {
        self.block.len()
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new(self.period());
    }

    /// Take one finite high and low; highest and lowest once the window is full.
    #[inline]
    pub(super) fn update(&mut self, high: f64, low: f64) -> Option<[f64; 2]> {
        let at = self.at;
        self.prefix = wider(self.prefix, [high, low]);
        self.block[at] = [high, low];
        let both = wider(self.suffix[at], self.prefix);
        self.at = at + 1;
        if self.at == self.block.len() {
            self.turn();
        } else if !self.full {
            return None;
        }
        Some(both)
    }

    fn turn(&mut self) {
        let mut both = NOTHING;
        for (row, slot) in self.block.iter().zip(&mut self.suffix).rev() {
            *slot = both;
            both = wider(both, *row);
        }
        self.prefix = NOTHING;
        self.at = 0;
        self.full = true;
    }

    /// As [`Self::update`] for each row, all finite; `emit(row, result)` in the order of [`PowerSums::extend`].
    #[inline]
    pub(super) fn extend(&mut self, high: &[f64], low: &[f64], mut emit: impl FnMut(usize, Option<[f64; 2]>)) {
        const LANES: usize = 2;
        let n = self.period();
        let mut row = 0;
        while row < high.len() && (self.at != 0 || !self.full || row < n) {
            emit(row, self.update(high[row], low[row]));
            row += 1;
        }
        let mut scratch = vec![[NOTHING; LANES]; if high.len() >= row + n { n } else { 0 }];
        while high.len() >= row + LANES * n {
            let cut = |xs, lane| -> (&[f64], &[f64]) {
                let xs: &[f64] = xs;
                let start = row + lane * n;
                (&xs[start - n..start], &xs[start..start + n])
            };
            let highs: [_; LANES] = std::array::from_fn(|lane| cut(high, lane));
            let lows: [_; LANES] = std::array::from_fn(|lane| cut(low, lane));
            let mut both = [NOTHING; LANES];
            for (i, slot) in scratch.iter_mut().enumerate().rev() {
                *slot = both;
                for lane in 0..LANES {
                    both[lane] = wider(both[lane], [highs[lane].0[i], lows[lane].0[i]]);
                }
            }
            let mut both = [NOTHING; LANES];
            for (i, slot) in scratch.iter().enumerate() {
                for lane in 0..LANES {
                    both[lane] = wider(both[lane], [highs[lane].1[i], lows[lane].1[i]]);
                    emit(row + lane * n + i, Some(wider(slot[lane], both[lane])));
                }
            }
            row += LANES * n;
        }
        if row > n && row <= high.len() && !scratch.is_empty() {
            for (slot, i) in self.block.iter_mut().zip(row - n..row) {
                *slot = [high[i], low[i]];
            }
            self.turn();
        }
        for i in row..high.len() {
            emit(i, self.update(high[i], low[i]));
        }
    }

    /// Everything that later values depend on, for [`Self::restore`].
    pub(super) fn state(&self) -> Vec<f64> {
        let mut state = vec![f64::from(u8::from(self.full)), self.at as f64];
        state.extend_from_slice(&self.prefix);
        state.extend(self.block.as_flattened());
        state.extend(self.suffix.as_flattened());
        state
    }

    /// Take up a state of an equal window; false when it cannot be one.
    pub(super) fn restore(&mut self, state: &[f64]) -> bool {
        let n = self.period();
        if state.len() != 4 + 4 * n || !(0.0..n as f64).contains(&state[1]) {
            return false;
        }
        (self.full, self.at, self.prefix) = (state[0] != 0.0, state[1] as usize, [state[2], state[3]]);
        self.block.as_flattened_mut().copy_from_slice(&state[4..4 + 2 * n]);
        self.suffix.as_flattened_mut().copy_from_slice(&state[4 + 2 * n..]);
        true
    }
}
