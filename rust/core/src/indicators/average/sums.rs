//! Sums over the last `period` rows of whatever terms an indicator needs, without drift.
//!
//! As in [`crate::indicators::window`], a window is a suffix of one block of `period` rows and a prefix of the next, so sums
//! only ever grow and are then dropped: nothing is subtracted, and a huge value leaves no trace. A term may use its row's
//! position, from which index-weighted sums come: the oldest row of a window with offset `j` stands at `j + 1`, the newest at `j + period`.
//! Cost: O(1) amortised; a batch works on four blocks at a time.

use crate::indicators::study::State;
use crate::indicators::window::all_finite;
use std::fmt::Debug;
use std::marker::PhantomData;

/// What is summed: `M` terms of a row of `I` values.
pub(in crate::indicators) trait Terms<const I: usize, const M: usize>: Clone + Debug + Send + Sync + 'static {
    /// True to take the values less an anchor near them, so that a large offset costs no digits. False where a sum of zeros must
    /// be exactly zero.
    const ANCHORED: bool;

    /// The terms of a row at `position`.
    fn of(row: [f64; I], position: f64) -> [f64; M];
}

/// The sums of one window.
#[derive(Clone, Copy, Debug)]
pub(in crate::indicators) struct Totals<const I: usize, const M: usize> {
    /// What the values were taken less of.
    pub(in crate::indicators) anchor: [f64; I],
    /// One less than the position of the oldest row.
    pub(in crate::indicators) offset: f64,
    /// The sum of each term.
    pub(in crate::indicators) sums: [f64; M],
}

/// Blocks worked on side by side.
const LANES: usize = 4;

/// Window sums of the terms `T`; every value given must be finite.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct Sums<T, const I: usize, const M: usize> {
    block: Vec<[f64; I]>,
    suffix: Vec<[f64; M]>,
    prefix: [f64; M],
    anchor: [f64; I],
    at: usize,
    full: bool,
    terms: PhantomData<T>,
}

#[inline]
fn less<const I: usize>(row: [f64; I], anchor: &[f64; I]) -> [f64; I] {
    std::array::from_fn(|i| row[i] - anchor[i])
}

#[inline]
fn plus<const M: usize>(a: &[f64; M], b: &[f64; M]) -> [f64; M] {
    std::array::from_fn(|m| a[m] + b[m])
}

/// The median of three values.
#[inline]
fn middle(a: f64, b: f64, c: f64) -> f64 {
    a.min(b).max(a.max(b).min(c))
}

impl<T: Terms<I, M>, const I: usize, const M: usize> Sums<T, I, M> {
    /// Over `period` rows.
    pub(in crate::indicators) fn new(period: usize) -> Self {
        Self {
            block: vec![[0.0; I]; period],
            suffix: vec![[0.0; M]; period],
            prefix: [0.0; M],
            anchor: [0.0; I],
            at: 0,
            full: false,
            terms: PhantomData,
        }
    }

    /// Rows in the window.
    pub(in crate::indicators) fn period(&self) -> usize {
        self.block.len()
    }

    #[inline]
    fn anchor_of(first: [f64; I], mid: [f64; I], last: [f64; I]) -> [f64; I] {
        if T::ANCHORED { std::array::from_fn(|i| middle(first[i], mid[i], last[i])) } else { [0.0; I] }
    }

    /// Take one row; the sums once the window is full.
    #[inline]
    pub(in crate::indicators) fn update(&mut self, row: [f64; I]) -> Option<Totals<I, M>> {
        let (at, n) = (self.at, self.block.len());
        if T::ANCHORED && at == 0 && !self.full {
            self.anchor = row;
        }
        self.prefix = plus(&self.prefix, &T::of(less(row, &self.anchor), (n + at) as f64));
        self.block[at] = row;
        let totals = Totals { anchor: self.anchor, offset: at as f64, sums: plus(&self.suffix[at], &self.prefix) };
        self.at = at + 1;
        if self.at == n {
            self.turn();
        } else if !self.full {
            return None;
        }
        Some(totals)
    }

    /// A block is complete: choose its anchor and sum its suffixes.
    fn turn(&mut self) {
        let n = self.block.len();
        self.anchor = Self::anchor_of(self.block[0], self.block[n / 2], self.block[n - 1]);
        self.prefix = [0.0; M];
        let mut running = [0.0; M];
        for (i, (row, slot)) in self.block.iter().zip(&mut self.suffix).enumerate().rev() {
            *slot = running;
            running = plus(&running, &T::of(less(*row, &self.anchor), i as f64));
        }
        (self.at, self.full) = (0, true);
    }

    /// As [`Self::update`] for each row of columns of one length, all finite; `emit(row, sums)` for each full window, in no
    /// order of rows.
    #[inline]
    pub(in crate::indicators) fn extend(&mut self, columns: [&[f64]; I], mut emit: impl FnMut(usize, Totals<I, M>)) {
        let n = self.block.len();
        let rows = columns.first().map_or(0, |c| c.len());
        let columns = columns.map(|c| &c[..rows]);
        let mut row = 0;
        // Up to a block's end, and one block more, so that the block before lies in `columns`.
        while row < rows && (self.at != 0 || !self.full || row < n) {
            if let Some(totals) = self.update(columns.map(|c| c[row])) {
                emit(row, totals);
            }
            row += 1;
        }
        let group = LANES * n;
        if rows >= row + group {
            let mut scratch = vec![[[0.0; LANES]; M]; n];
            while rows >= row + group {
                Self::sum_lanes(&mut scratch, columns.map(|c| &c[row - n..row + group]), |i, totals| emit(row + i, totals));
                row += group;
            }
            for (slot, i) in self.block.iter_mut().zip(row - n..row) {
                *slot = columns.map(|c| c[i]);
            }
            self.turn();
        }
        for i in row..rows {
            if let Some(totals) = self.update(columns.map(|c| c[i])) {
                emit(i, totals);
            }
        }
    }

    /// As [`Self::extend`], with rows that are not finite passed over, as where a line before has no value yet.
    #[inline]
    pub(in crate::indicators) fn take(&mut self, columns: [&[f64]; I], mut emit: impl FnMut(usize, Totals<I, M>)) {
        let rows = columns.first().map_or(0, |c| c.len());
        let is_finite = |row: usize| columns.iter().all(|c| c[row].is_finite());
        let first = (0..rows).position(is_finite).unwrap_or(rows);
        if rows > 1 && columns.iter().all(|c| all_finite(&c[first..])) {
            return self.extend(columns.map(|c| &c[first..]), |row, totals| emit(first + row, totals));
        }
        for row in first..rows {
            if is_finite(row)
                && let Some(totals) = self.update(columns.map(|c| c[row]))
            {
                emit(row, totals);
            }
        }
    }

    /// The sums of `LANES` blocks which follow one more in `columns`.
    #[inline]
    fn sum_lanes(scratch: &mut [[[f64; LANES]; M]], columns: [&[f64]; I], mut emit: impl FnMut(usize, Totals<I, M>)) {
        let n = scratch.len();
        let lane_of = |first: usize| columns.map(|c| &c[first * n..(first + 1) * n]);
        let before: [[&[f64]; I]; LANES] = std::array::from_fn(lane_of);
        let here: [[&[f64]; I]; LANES] = std::array::from_fn(|lane| lane_of(lane + 1));
        let anchors = before.map(|lane| Self::anchor_of(lane.map(|c| c[0]), lane.map(|c| c[n / 2]), lane.map(|c| c[n - 1])));
        // Lanes innermost, so that they share instructions.
        let mut running = [[0.0; LANES]; M];
        for (i, slot) in scratch.iter_mut().enumerate().rev() {
            *slot = running;
            let terms: [[f64; M]; LANES] = std::array::from_fn(|lane| T::of(less(before[lane].map(|c| c[i]), &anchors[lane]), i as f64));
            for (m, running) in running.iter_mut().enumerate() {
                for (running, terms) in running.iter_mut().zip(&terms) {
                    *running += terms[m];
                }
            }
        }
        let mut running = [[0.0; LANES]; M];
        for (i, slot) in scratch.iter().enumerate() {
            let terms: [[f64; M]; LANES] =
                std::array::from_fn(|lane| T::of(less(here[lane].map(|c| c[i]), &anchors[lane]), (n + i) as f64));
            let mut sums = [[0.0; LANES]; M];
            for (m, (running, slot)) in running.iter_mut().zip(slot).enumerate() {
                for (lane, (running, slot)) in running.iter_mut().zip(slot).enumerate() {
                    *running += terms[lane][m];
                    sums[m][lane] = slot + *running;
                }
            }
            for (lane, anchor) in anchors.iter().enumerate() {
                emit(lane * n + i, Totals { anchor: *anchor, offset: i as f64, sums: std::array::from_fn(|m| sums[m][lane]) });
            }
        }
    }

    /// As [`crate::indicators::study::Study::visit`].
    pub(in crate::indicators) fn visit(&mut self, state: &mut State<'_>) {
        let last = self.block.len() - 1;
        state.count(&mut self.at, last);
        state.flag(&mut self.full);
        state.numbers(&mut self.anchor);
        state.numbers(&mut self.prefix);
        state.numbers(self.block.as_flattened_mut());
        state.numbers(self.suffix.as_flattened_mut());
    }
}

/// The values themselves.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct Plain;

impl<const I: usize> Terms<I, I> for Plain {
    const ANCHORED: bool = false;

    #[inline]
    fn of(row: [f64; I], _: f64) -> [f64; I] {
        row
    }
}

/// The value, and the value times its position.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct Weighted;

impl Terms<1, 2> for Weighted {
    const ANCHORED: bool = true;

    #[inline]
    fn of([x]: [f64; 1], position: f64) -> [f64; 2] {
        [x, position * x]
    }
}

/// Two series: both, their squares and their product.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct Products;

impl Terms<2, 5> for Products {
    const ANCHORED: bool = true;

    #[inline]
    fn of([x, y]: [f64; 2], _: f64) -> [f64; 5] {
        [x, y, x * x, y * y, x * y]
    }
}
