//! Moving windows by doubling: what is wanted of the last `period` rows is put together from what is known of windows of 1, 2,
//! 4, 8, … rows, each made of two half as long.
//!
//! Nothing is ever subtracted: no error piles up, and a huge value leaves no trace once it has left the window. A window depends on
//! its own rows alone and on nothing before them. In a batch every length is one pass over a block of rows in the first-level cache,
//! four rows to an instruction. Cost: O(log period) a row, in a batch a fraction of a nanosecond for each doubling.

use super::study::State;
use std::cell::Cell;
use std::fmt::Debug;
use std::marker::PhantomData;

/// Rows worked on at a time.
const ROWS: usize = 512;

/// Numbers of working space that a thread keeps for the next batch.
const SCRATCH_MAX: usize = 1 << 17;

thread_local! {
    static SCRATCH: Cell<Vec<f64>> = const { Cell::new(Vec::new()) };
}

/// What is known of a window, as `M` numbers, and how windows are joined.
pub(super) trait Window<const M: usize>: Clone + Debug + Send + Sync + 'static {
    /// What each number is before there is a row.
    const NOTHING: f64 = 0.0;

    /// True where two windows may overlap, as for the highest value.
    const OVERLAPS: bool = false;

    /// Of a window of `2 × len` rows from those of its halves.
    fn double(older: [f64; M], newer: [f64; M], len: f64) -> [f64; M];

    /// The first part of a window whose length is no power of two, from that of its newest `len` rows.
    #[inline]
    fn part(newest: [f64; M], len: f64) -> [f64; M] {
        let _ = len;
        newest
    }

    /// With a part of `lens[1]` newer rows and a window of `lens[0]` rows before it.
    fn join(older: [f64; M], part: [f64; M], lens: [f64; 2]) -> [f64; M];

    /// `f` of the numbers in each row of two blocks.
    fn zip(older: [&[f64]; M], newer: [&[f64]; M], out: [&mut [f64]; M], f: impl Fn([f64; M], [f64; M]) -> [f64; M]);
}

/// [`Window::zip`] for `$M` numbers, in a function that takes each list by itself: so the compiler knows that none is another, and
/// works on four rows at once.
macro_rules! zip {
    ($M:literal: $($a:ident $b:ident $y:ident),+) => {
        #[inline]
        fn zip([$($a),+]: [&[f64]; $M], [$($b),+]: [&[f64]; $M], [$($y),+]: [&mut [f64]; $M], f: impl Fn([f64; $M], [f64; $M]) -> [f64; $M]) {
            #[inline(never)]
            fn rows($($a: &[f64], $b: &[f64], $y: &mut [f64],)+ n: usize, f: impl Fn([f64; $M], [f64; $M]) -> [f64; $M]) {
                $(let ($a, $b, $y) = (&$a[..n], &$b[..n], &mut $y[..n]);)+
                for i in 0..n {
                    [$($y[i]),+] = f([$($a[i]),+], [$($b[i]),+]);
                }
            }
            let n = [$($y.len()),+][0];
            rows($($a, $b, $y,)+ n, f);
        }
    };
}

/// The sum.
#[derive(Clone, Debug)]
pub(super) struct Sum;

impl Window<1> for Sum {
    #[inline]
    fn double([a]: [f64; 1], [b]: [f64; 1], _: f64) -> [f64; 1] {
        [a + b]
    }

    #[inline]
    fn join([a]: [f64; 1], [b]: [f64; 1], _: [f64; 2]) -> [f64; 1] {
        [a + b]
    }

    zip!(1: a b y);
}

/// The mean; of equal values exactly their value. Sums while lengths are powers of two.
#[derive(Clone, Debug)]
pub(super) struct Mean;

/// The mean of a sum of `lens[0]` values and a mean of `lens[1]`.
#[inline]
fn join_means(older: f64, part: f64, lens: [f64; 2]) -> f64 {
    part + (older * (1.0 / lens[0]) - part) * (lens[0] / (lens[0] + lens[1]))
}

impl Window<1> for Mean {
    #[inline]
    fn double([a]: [f64; 1], [b]: [f64; 1], _: f64) -> [f64; 1] {
        [a + b]
    }

    #[inline]
    fn part([sum]: [f64; 1], len: f64) -> [f64; 1] {
        [sum * (1.0 / len)]
    }

    #[inline]
    fn join([older]: [f64; 1], [part]: [f64; 1], lens: [f64; 2]) -> [f64; 1] {
        [join_means(older, part, lens)]
    }

    zip!(1: a b y);
}

/// The mean, and the squares of the differences to it: Chan, Golub and LeVeque 1983. Of equal values exactly zero.
#[derive(Clone, Debug)]
pub(super) struct Spread;

impl Window<2> for Spread {
    #[inline]
    fn double([a, a_squares]: [f64; 2], [b, b_squares]: [f64; 2], len: f64) -> [f64; 2] {
        let gap = b - a;
        [a + b, (a_squares + b_squares) + gap * gap * (0.5 / len)]
    }

    #[inline]
    fn part([sum, squares]: [f64; 2], len: f64) -> [f64; 2] {
        [sum * (1.0 / len), squares]
    }

    #[inline]
    fn join([older, older_squares]: [f64; 2], [part, squares]: [f64; 2], lens: [f64; 2]) -> [f64; 2] {
        let gap = older * (1.0 / lens[0]) - part;
        let weight = lens[0] * lens[1] / (lens[0] + lens[1]);
        [join_means(older, part, lens), (older_squares + squares) + gap * gap * weight]
    }

    zip!(2: a b y, a1 b1 y1);
}

/// The mean, and the tilt: the sum of each value times its distance, in rows, from the middle of the window, later rows positive.
/// Of equal values exactly zero.
#[derive(Clone, Debug)]
pub(super) struct Tilt;

impl Window<2> for Tilt {
    #[inline]
    fn double([a, a_tilt]: [f64; 2], [b, b_tilt]: [f64; 2], len: f64) -> [f64; 2] {
        [a + b, (a_tilt + b_tilt) + (b - a) * (0.5 * len)]
    }

    #[inline]
    fn part([sum, tilt]: [f64; 2], len: f64) -> [f64; 2] {
        [sum * (1.0 / len), tilt]
    }

    #[inline]
    fn join([older, older_tilt]: [f64; 2], [part, tilt]: [f64; 2], lens: [f64; 2]) -> [f64; 2] {
        let gap = part - older * (1.0 / lens[0]);
        [join_means(older, part, lens), (older_tilt + tilt) + gap * (0.5 * lens[0] * lens[1])]
    }

    zip!(2: a b y, a1 b1 y1);
}

/// Two series: their means, and the products of the differences to them.
#[derive(Clone, Debug)]
pub(super) struct Cross;

impl Window<3> for Cross {
    #[inline]
    fn double([a, b, products]: [f64; 3], [x, y, more]: [f64; 3], len: f64) -> [f64; 3] {
        [a + x, b + y, (products + more) + (x - a) * (y - b) * (0.5 / len)]
    }

    #[inline]
    fn part([x, y, products]: [f64; 3], len: f64) -> [f64; 3] {
        [x * (1.0 / len), y * (1.0 / len), products]
    }

    #[inline]
    fn join([a, b, products]: [f64; 3], [x, y, more]: [f64; 3], lens: [f64; 2]) -> [f64; 3] {
        let share = 1.0 / lens[0];
        let weight = lens[0] * lens[1] / (lens[0] + lens[1]);
        [join_means(a, x, lens), join_means(b, y, lens), (products + more) + (a * share - x) * (b * share - y) * weight]
    }

    zip!(3: a b y, a1 b1 y1, a2 b2 y2);
}

/// The highest value. Zeros have no sign.
#[derive(Clone, Debug)]
pub(super) struct Highest;

impl Window<1> for Highest {
    const NOTHING: f64 = f64::NEG_INFINITY;
    const OVERLAPS: bool = true;

    #[inline]
    fn double([a]: [f64; 1], [b]: [f64; 1], _: f64) -> [f64; 1] {
        [if a > b { a } else { b }]
    }

    #[inline]
    fn join(a: [f64; 1], b: [f64; 1], _: [f64; 2]) -> [f64; 1] {
        Self::double(a, b, 1.0)
    }

    zip!(1: a b y);
}

/// The lowest value. Zeros have no sign.
#[derive(Clone, Debug)]
pub(super) struct Lowest;

impl Window<1> for Lowest {
    const NOTHING: f64 = f64::INFINITY;
    const OVERLAPS: bool = true;

    #[inline]
    fn double([a]: [f64; 1], [b]: [f64; 1], _: f64) -> [f64; 1] {
        [if a < b { a } else { b }]
    }

    #[inline]
    fn join(a: [f64; 1], b: [f64; 1], _: [f64; 2]) -> [f64; 1] {
        Self::double(a, b, 1.0)
    }

    zip!(1: a b y);
}

/// Windows of the last `period` rows; every value given must be finite.
#[derive(Clone, Debug)]
pub(super) struct Moving<W, const M: usize> {
    period: usize,
    /// Of the windows of 2ᵏ rows the last 2ᵏ, from place 2ᵏ on: that of row `t` at `t` modulo 2ᵏ. A list for each number.
    rings: [Box<[f64]>; M],
    /// The row that comes next, modulo the longest of the lengths.
    row: usize,
    seen: usize,
    kind: PhantomData<W>,
}

impl<W: Window<M>, const M: usize> Moving<W, M> {
    /// Over `period` rows.
    pub(super) fn new(period: usize) -> Self {
        let places = 2 << period.ilog2();
        Self { period, rings: std::array::from_fn(|_| vec![W::NOTHING; places].into()), row: 0, seen: 0, kind: PhantomData }
    }

    /// Rows in the window.
    pub(super) fn period(&self) -> usize {
        self.period
    }

    /// The longest of the lengths that are powers of two.
    #[inline]
    fn longest(&self) -> usize {
        1 << self.period.ilog2()
    }

    /// How far back the window of `len` rows lies that is joined to the `joined` newer rows; None where none of this length is.
    #[inline]
    fn distance(&self, len: usize, joined: usize) -> Option<usize> {
        if W::OVERLAPS {
            return (len == self.longest()).then_some(self.period - len);
        }
        (self.period & len != 0).then_some(joined)
    }

    #[inline]
    fn count(&mut self, rows: usize) {
        self.row = (self.row + rows) & (self.longest() - 1);
        self.seen = (self.seen + rows).min(self.period);
    }

    /// Take one row; what is known of its window, once that is full.
    #[inline]
    pub(super) fn push(&mut self, row: [f64; M]) -> Option<[f64; M]> {
        let (mut window, mut part) = (row, row);
        let (mut len, mut joined) = (1, 0);
        loop {
            if let Some(back) = self.distance(len, joined) {
                part = if back == 0 {
                    W::part(window, len as f64)
                } else {
                    let place = len + (self.row.wrapping_sub(back) & (len - 1));
                    let older = self.rings.each_ref().map(|ring| ring[place]);
                    W::join(older, if W::OVERLAPS { window } else { part }, [len as f64, back as f64])
                };
                joined += len;
            }
            let place = len + (self.row & (len - 1));
            let older = std::array::from_fn(|m| std::mem::replace(&mut self.rings[m][place], window[m]));
            if 2 * len > self.period {
                break;
            }
            window = W::double(older, window, len as f64);
            len *= 2;
        }
        self.count(1);
        (self.seen == self.period).then_some(part)
    }

    /// As [`Self::push`] for each row of `columns`, which are the first numbers of a row, the others zero; `emit` gives what is known of the
    /// windows, block by block from a row on, NaN where they are not full.
    #[inline]
    pub(super) fn extend<const I: usize>(&mut self, columns: [&[f64]; I], mut emit: impl FnMut(usize, [&[f64]; M])) {
        let rows = columns.first().map_or(0, |c| c.len());
        if rows <= self.period / 4 {
            // Too few to be worth the rings' laying out.
            for row in 0..rows {
                let values = self.push(std::array::from_fn(|m| columns.get(m).map_or(0.0, |c| c[row]))).unwrap_or([f64::NAN; M]);
                emit(row, values.each_ref().map(std::slice::from_ref));
            }
            return;
        }
        let size = ROWS.max(self.period).min(rows);
        let list = self.longest() + size;
        let mut scratch = SCRATCH.take();
        if scratch.len() < 4 * M * list {
            scratch.resize(4 * M * list, 0.0);
        }
        let mut lists = scratch.chunks_exact_mut(list);
        let mut blocks: [[&mut [f64]; M]; 4] = std::array::from_fn(|_| std::array::from_fn(|_| lists.next().unwrap_or_default()));
        for start in (0..rows).step_by(size) {
            let n = size.min(rows - start);
            let early = (self.period - 1).saturating_sub(self.seen).min(n);
            let [window, ..] = &mut blocks;
            for (m, list) in window.iter_mut().enumerate() {
                match columns.get(m) {
                    Some(column) => list[1..=n].copy_from_slice(&column[start..start + n]),
                    None => list[1..=n].fill(0.0),
                }
            }
            let part = self.block(n, &mut blocks);
            for list in part.iter_mut() {
                list[..early].fill(f64::NAN);
            }
            emit(start, part.each_ref().map(|list| &list[..n]));
        }
        if scratch.len() <= SCRATCH_MAX {
            SCRATCH.set(scratch);
        }
    }

    /// The windows that end at each of `n` rows; the rows stand from place 1 on in the first of `blocks`.
    #[inline]
    fn block<'a, 'b>(&mut self, n: usize, [window, doubled, part, joint]: &'a mut [[&'b mut [f64]; M]; 4]) -> &'a mut [&'b mut [f64]; M] {
        let (mut window, mut doubled, mut part, mut joint) = (window, doubled, part, joint);
        let (mut len, mut joined) = (1, 0);
        loop {
            // In front of the block's windows stand as many from before it as they have rows.
            self.lay_out(len, window);
            if let Some(back) = self.distance(len, joined) {
                let older = window.each_ref().map(|list| &list[len - back..len - back + n]);
                let out = joint.each_mut().map(|list| &mut list[..n]);
                if back == 0 {
                    W::zip(older, older, out, |window, _| W::part(window, len as f64));
                } else {
                    let newer = if W::OVERLAPS { &*window } else { &*part };
                    let from = if W::OVERLAPS { len } else { 0 };
                    let lens = [len as f64, back as f64];
                    W::zip(older, newer.each_ref().map(|list| &list[from..from + n]), out, |older, newer| W::join(older, newer, lens));
                }
                std::mem::swap(&mut part, &mut joint);
                joined += len;
            }
            let is_last = 2 * len > self.period;
            if !is_last {
                let older = window.each_ref().map(|list| &list[..n]);
                let newer = window.each_ref().map(|list| &list[len..len + n]);
                let out = doubled.each_mut().map(|list| &mut list[2 * len..2 * len + n]);
                W::zip(older, newer, out, |older, newer| W::double(older, newer, len as f64));
            }
            self.keep(n, len, window);
            if is_last {
                break;
            }
            std::mem::swap(&mut window, &mut doubled);
            len *= 2;
        }
        self.count(n);
        part
    }

    /// The last windows of `len` rows, oldest first, to the front of the lists.
    #[inline]
    fn lay_out(&self, len: usize, lists: &mut [&mut [f64]; M]) {
        let first = self.row & (len - 1);
        for (ring, list) in self.rings.iter().zip(lists) {
            list[..len - first].copy_from_slice(&ring[len + first..2 * len]);
            list[len - first..len].copy_from_slice(&ring[len..len + first]);
        }
    }

    /// Put back the last windows of `len` rows, after `n` more.
    #[inline]
    fn keep(&mut self, n: usize, len: usize, lists: &[&mut [f64]; M]) {
        let first = (self.row + n) & (len - 1);
        for (ring, list) in self.rings.iter_mut().zip(lists) {
            let (older, newer) = list[n..n + len].split_at(len - first);
            ring[len + first..2 * len].copy_from_slice(older);
            ring[len..len + first].copy_from_slice(newer);
        }
    }

    /// As [`super::study::Study::visit`].
    pub(super) fn visit(&mut self, state: &mut State<'_>) {
        let longest = self.longest();
        state.count(&mut self.row, longest - 1);
        state.count(&mut self.seen, self.period);
        for ring in &mut self.rings {
            state.numbers(&mut ring[1..]);
        }
    }
}
