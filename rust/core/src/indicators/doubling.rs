//! Moving windows by doubling: what is wanted of the last `period` rows is put together from what is known of windows of 1, 2,
//! 4, 8, … rows, each made of two half as long; two doublings are one pass.
//!
//! Nothing is ever subtracted: no error piles up, and a huge value leaves no trace once it has left the window. A window depends on
//! its own rows alone and on nothing before them. In a batch every length is one pass over a block of rows in the first-level cache,
//! four rows to an instruction. Cost: O(log period) a row, in a batch a fraction of a nanosecond for each doubling.

use super::scratch::Columns;
use super::study::State;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

/// Rows worked on at a time: all of a block of a [`super::average::line::Composed`].
const ROWS: usize = super::average::line::ROWS;

/// Two windows that are joined, in rows, and what follows from that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lens {
    older: f64,
    newer: f64,
    /// One over the older.
    share: f64,
    /// The older, as a part of both.
    part: f64,
    /// Both multiplied, over both added.
    weight: f64,
}

impl Lens {
    fn new(older: usize, newer: usize) -> Self {
        let (older, newer) = (older as f64, newer as f64);
        let both = older + newer;
        Self { older, newer, share: 1.0 / older, part: older / both, weight: older * newer / both }
    }
}

/// What is known of a window, as `M` numbers, and how windows are joined.
pub(super) trait Window<const M: usize>: Clone + Debug + Send + Sync + 'static {
    /// What each number is before there is a row.
    const NOTHING: f64 = 0.0;

    /// True where two windows may overlap, as for the highest value.
    const OVERLAPS: bool = false;

    /// Of a window of `2 × len` rows from those of its halves.
    fn double(older: [f64; M], newer: [f64; M], len: f64) -> [f64; M];

    /// The first part of a window whose length is no power of two, from that of its newest rows, `share` being one over their number.
    #[inline]
    fn part(newest: [f64; M], share: f64) -> [f64; M] {
        let _ = share;
        newest
    }

    /// With a part of newer rows and a window before it.
    fn join(older: [f64; M], part: [f64; M], lens: Lens) -> [f64; M];

    /// `f` of the numbers in each row of some blocks.
    fn zip<const C: usize>(blocks: [[&[f64]; M]; C], out: [&mut [f64]; M], f: impl Fn([[f64; M]; C]) -> [f64; M]);
}

/// [`Window::zip`] for `$M` numbers, in a function that takes each list of results by itself: so the compiler knows that none is another,
/// and works on four rows at once.
macro_rules! zip {
    ($M:literal: $($y:ident),+) => {
        #[inline]
        fn zip<const C: usize>(blocks: [[&[f64]; $M]; C], [$($y),+]: [&mut [f64]; $M], f: impl Fn([[f64; $M]; C]) -> [f64; $M]) {
            #[inline(never)]
            fn rows<const C: usize>(blocks: [[&[f64]; $M]; C], $($y: &mut [f64],)+ f: impl Fn([[f64; $M]; C]) -> [f64; $M]) {
                let n = [$($y.len()),+][0];
                $(let $y = &mut $y[..n];)+
                let blocks = blocks.map(|lists| lists.map(|list| &list[..n]));
                for i in 0..n {
                    [$($y[i]),+] = f(blocks.map(|lists| lists.map(|list| list[i])));
                }
            }
            rows(blocks, $($y,)+ f);
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
    fn join([a]: [f64; 1], [b]: [f64; 1], _: Lens) -> [f64; 1] {
        [a + b]
    }

    zip!(1: y);
}

/// The mean; of equal values exactly their value. Sums while lengths are powers of two.
#[derive(Clone, Debug)]
pub(super) struct Mean;

/// The mean of the sum of the older values and the mean of the newer.
#[inline]
fn join_means(older: f64, part: f64, lens: Lens) -> f64 {
    part + (older * lens.share - part) * lens.part
}

impl Window<1> for Mean {
    #[inline]
    fn double([a]: [f64; 1], [b]: [f64; 1], _: f64) -> [f64; 1] {
        [a + b]
    }

    #[inline]
    fn part([sum]: [f64; 1], share: f64) -> [f64; 1] {
        [sum * share]
    }

    #[inline]
    fn join([older]: [f64; 1], [part]: [f64; 1], lens: Lens) -> [f64; 1] {
        [join_means(older, part, lens)]
    }

    zip!(1: y);
}

/// The mean, and the squares of the differences to it: Chan, Golub and `LeVeque` 1983. Of equal values exactly zero.
#[derive(Clone, Debug)]
pub(super) struct Spread;

impl Window<2> for Spread {
    #[inline]
    fn double([a, a_squares]: [f64; 2], [b, b_squares]: [f64; 2], len: f64) -> [f64; 2] {
        let gap = b - a;
        [a + b, (a_squares + b_squares) + gap * gap * (0.5 / len)]
    }

    #[inline]
    fn part([sum, squares]: [f64; 2], share: f64) -> [f64; 2] {
        [sum * share, squares]
    }

    #[inline]
    fn join([older, older_squares]: [f64; 2], [part, squares]: [f64; 2], lens: Lens) -> [f64; 2] {
        let gap = older * lens.share - part;
        [join_means(older, part, lens), (older_squares + squares) + gap * gap * lens.weight]
    }

    zip!(2: y, y1);
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
    fn part([sum, tilt]: [f64; 2], share: f64) -> [f64; 2] {
        [sum * share, tilt]
    }

    #[inline]
    fn join([older, older_tilt]: [f64; 2], [part, tilt]: [f64; 2], lens: Lens) -> [f64; 2] {
        let gap = part - older * lens.share;
        [join_means(older, part, lens), (older_tilt + tilt) + gap * (0.5 * lens.older * lens.newer)]
    }

    zip!(2: y, y1);
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
    fn part([x, y, products]: [f64; 3], share: f64) -> [f64; 3] {
        [x * share, y * share, products]
    }

    #[inline]
    fn join([a, b, products]: [f64; 3], [x, y, more]: [f64; 3], lens: Lens) -> [f64; 3] {
        let share = lens.share;
        [join_means(a, x, lens), join_means(b, y, lens), (products + more) + (a * share - x) * (b * share - y) * lens.weight]
    }

    zip!(3: y, y1, y2);
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
    fn join(a: [f64; 1], b: [f64; 1], _: Lens) -> [f64; 1] {
        Self::double(a, b, 1.0)
    }

    zip!(1: y);
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
    fn join(a: [f64; 1], b: [f64; 1], _: Lens) -> [f64; 1] {
        Self::double(a, b, 1.0)
    }

    zip!(1: y);
}

/// The highest value, of equals the latest, and a number that came with it.
#[derive(Clone, Debug)]
pub(super) struct HighestWith;

impl Window<2> for HighestWith {
    const NOTHING: f64 = f64::NEG_INFINITY;
    const OVERLAPS: bool = true;

    #[inline]
    fn double([a, with_a]: [f64; 2], [b, with_b]: [f64; 2], _: f64) -> [f64; 2] {
        [if a > b { a } else { b }, if a > b { with_a } else { with_b }]
    }

    #[inline]
    fn join(older: [f64; 2], newer: [f64; 2], _: Lens) -> [f64; 2] {
        Self::double(older, newer, 1.0)
    }

    zip!(2: y, y1);
}

/// The lowest value, of equals the latest, and a number that came with it.
#[derive(Clone, Debug)]
pub(super) struct LowestWith;

impl Window<2> for LowestWith {
    const NOTHING: f64 = f64::INFINITY;
    const OVERLAPS: bool = true;

    #[inline]
    fn double([a, with_a]: [f64; 2], [b, with_b]: [f64; 2], _: f64) -> [f64; 2] {
        [if a < b { a } else { b }, if a < b { with_a } else { with_b }]
    }

    #[inline]
    fn join(older: [f64; 2], newer: [f64; 2], _: Lens) -> [f64; 2] {
        Self::double(older, newer, 1.0)
    }

    zip!(2: y, y1);
}

/// Windows of the last `period` rows; every value given must be finite.
#[derive(Clone, Debug)]
pub(super) struct Moving<W, const M: usize> {
    period: usize,
    /// Of the windows of `len` = 1, 4, 16, … rows the last `4 × len`, of the longest as many as the period needs, one length after the other,
    /// each in a ring: that of row `t` at `t` modulo the ring's places, a power of two. A list for each number; at most 3.4 × period places.
    rings: [Box<[f64]>; M],
    /// One for each length of windows that is kept.
    digits: Arc<[Digit]>,
    /// The row that comes next, modulo the longest ring.
    row: usize,
    seen: usize,
    kind: PhantomData<W>,
}

/// What is joined at windows of `len` rows: as many quarters of four times that as the period has in base four.
#[derive(Clone, Copy, Debug)]
struct Digit {
    len: usize,
    quarters: usize,
    /// Rows that are newer than what is joined.
    joined: usize,
    is_last: bool,
    /// Where the ring begins, and its places.
    base: usize,
    ring: usize,
    /// Of what is joined first, and then.
    lens: [Lens; 2],
}

impl<W: Window<M>, const M: usize> Moving<W, M> {
    /// Over `period` rows.
    pub(super) fn new(period: usize) -> Self {
        let digits = Self::digits(period);
        let places = digits.last().map_or(0, |last| last.base + last.ring);
        Self { period, rings: std::array::from_fn(|_| vec![W::NOTHING; places].into()), digits, row: 0, seen: 0, kind: PhantomData }
    }

    /// Rows in the window.
    pub(super) fn period(&self) -> usize {
        self.period
    }

    fn digits(period: usize) -> Arc<[Digit]> {
        let last = period.ilog2() / 2;
        let digit = |power: u32| {
            let len = 1 << (2 * power);
            let (quarters, joined, is_last) = (period >> (2 * power) & 3, period & (len - 1), power == last);
            let first = Lens::new(if quarters == 2 { 2 * len } else { len }, joined);
            let lens = [first, Lens::new(2 * len, joined + len)];
            // The shorter rings have 4, 16, 64, … places: 4 × (len − 1) ÷ 3 together.
            let (base, ring) = (4 * (len - 1) / 3, if is_last { period.next_power_of_two() } else { 4 * len });
            Digit { len, quarters, joined, is_last, base, ring, lens }
        };
        (0..=last).map(digit).collect()
    }

    /// Places of the longest ring.
    #[inline]
    fn longest(&self) -> usize {
        self.digits.last().map_or(1, |digit| digit.ring)
    }

    #[inline]
    fn count(&mut self, rows: usize) {
        self.row = (self.row + rows) & (self.longest() - 1);
        self.seen = (self.seen + rows).min(self.period);
    }

    /// A window of four times `len` rows from those of its quarters, oldest first.
    #[inline]
    fn quadruple([a, b, c, d]: [[f64; M]; 4], len: usize) -> [f64; M] {
        let len = len as f64;
        W::double(W::double(a, b, len), W::double(c, d, len), 2.0 * len)
    }

    /// Take one row; what is known of its window, once that is full.
    #[inline]
    pub(super) fn push(&mut self, row: [f64; M]) -> Option<[f64; M]> {
        let (mut window, mut part) = (row, row);
        for &Digit { len, quarters, joined, is_last, base, ring, lens } in &*self.digits {
            let (row, mask) = (self.row, ring - 1);
            for (list, number) in self.rings.iter_mut().zip(window) {
                list[base + (row & mask)] = number;
            }
            let at = |back: usize| self.rings.each_ref().map(|list| list[base + (row.wrapping_sub(back) & mask)]);
            part = match quarters {
                _ if W::OVERLAPS => {
                    if is_last {
                        Self::cover(quarters, at, len, joined)
                    } else {
                        part
                    }
                }
                0 => part,
                1 => Self::join_1([at(joined), part], lens, joined),
                2 => Self::join_2([at(joined + len), at(joined), part], len, lens, joined),
                _ => Self::join_3([at(joined + 2 * len), at(joined + len), at(joined), part], len, lens, joined),
            };
            if !is_last {
                window = Self::quadruple([at(3 * len), at(2 * len), at(len), window], len);
            }
        }
        self.count(1);
        (self.seen == self.period).then_some(part)
    }

    /// With a window before a part of `joined` rows.
    #[inline]
    fn join_1([older, part]: [[f64; M]; 2], [lens, _]: [Lens; 2], joined: usize) -> [f64; M] {
        if joined == 0 { W::part(older, lens.share) } else { W::join(older, part, lens) }
    }

    /// With two windows of `len` rows, taken as one.
    #[inline]
    fn join_2([a, b, part]: [[f64; M]; 3], len: usize, lens: [Lens; 2], joined: usize) -> [f64; M] {
        Self::join_1([W::double(a, b, len as f64), part], lens, joined)
    }

    /// With one window of `len` rows, and then two more taken as one.
    #[inline]
    fn join_3([a, b, c, part]: [[f64; M]; 4], len: usize, lens: [Lens; 2], joined: usize) -> [f64; M] {
        W::join(W::double(a, b, len as f64), Self::join_1([c, part], lens, joined), lens[1])
    }

    /// Windows of `len` rows which together are `quarters × len + joined` long and may overlap; `at` gives the one so many rows back.
    #[inline]
    fn cover(quarters: usize, at: impl Fn(usize) -> [f64; M], len: usize, joined: usize) -> [f64; M] {
        let mut all = at(0);
        for back in (1..quarters).map(|quarter| quarter * len).chain((joined > 0).then(|| (quarters - 1) * len + joined)) {
            all = W::double(at(back), all, len as f64);
        }
        all
    }

    /// As [`Self::push`] for each row of `columns`, which are the first numbers of a row, the others zero; `emit` gives what is known of the
    /// windows, block by block from a row on, NaN where they are not full.
    #[inline]
    pub(super) fn extend<const I: usize>(&mut self, columns: [&[f64]; I], mut emit: impl FnMut(usize, [&[f64]; M])) {
        let rows = columns.first().map_or(0, |c| c.len());
        let size = self.rows_at_once(rows);
        let mut room = Columns::new(M, size);
        let mut out: [&mut [f64]; M] = room.split();
        for start in (0..rows).step_by(size.max(1)) {
            let n = size.min(rows - start);
            self.extend_into(columns.map(|c| &c[start..start + n]), out.each_mut().map(|list| &mut list[..n]));
            emit(start, out.each_ref().map(|list| &list[..n]));
        }
    }

    /// As [`Self::extend`], into columns.
    #[inline]
    pub(super) fn extend_into<const I: usize>(&mut self, columns: [&[f64]; I], mut out: [&mut [f64]; M]) {
        let rows = columns.first().map_or(0, |c| c.len());
        if rows <= self.period / 4 {
            // Too few to be worth the rings' laying out.
            for row in 0..rows {
                let values = self.push(std::array::from_fn(|m| columns.get(m).map_or(0.0, |c| c[row]))).unwrap_or([f64::NAN; M]);
                for (list, value) in out.iter_mut().zip(values) {
                    list[row] = value;
                }
            }
            return;
        }
        let size = self.rows_at_once(rows);
        let (list, front) = (self.longest() + size, self.digits.first().map_or(0, |digit| digit.ring));
        // All in one piece, so that no two lists look alike to the memory unit, which compares the low 12 bits of addresses.
        let mut room = Columns::new(4 * M, list);
        let mut lists = room.iter_mut();
        let mut blocks: [[&mut [f64]; M]; 4] = std::array::from_fn(|_| std::array::from_fn(|_| lists.next().unwrap_or_default()));
        for start in (0..rows).step_by(size) {
            let n = size.min(rows - start);
            let early = (self.period - 1).saturating_sub(self.seen).min(n);
            let [window, ..] = &mut blocks;
            for (m, list) in window.iter_mut().enumerate() {
                let list = &mut list[front..front + n];
                match columns.get(m) {
                    Some(column) => list.copy_from_slice(&column[start..start + n]),
                    None => list.fill(0.0),
                }
            }
            let mut out = out.each_mut().map(|list| &mut list[start..start + n]);
            self.block(n, &mut blocks, out.each_mut().map(|list| &mut **list));
            for list in &mut out {
                list[..early].fill(f64::NAN);
            }
        }
    }

    fn rows_at_once(&self, rows: usize) -> usize {
        ROWS.max(self.period).min(rows)
    }

    /// The windows that end at each of `n` rows, into `out`; the rows stand in the first of `blocks`, with room for the shortest ring before them.
    #[inline]
    fn block(&mut self, n: usize, [window, longer, part, joint]: &mut [[&mut [f64]; M]; 4], mut out: [&mut [f64]; M]) {
        let (mut window, mut longer, mut part, mut joint) = (window, longer, part, joint);
        let digits = Arc::clone(&self.digits);
        let mut next_digits = digits.iter().skip(1);
        for &Digit { len, quarters, joined, is_last, base, ring, lens } in &*digits {
            // In front of the block's windows stand those before it that are in the ring, oldest first.
            let first = self.row & (ring - 1);
            for (list, window) in self.rings.iter().zip(&mut *window) {
                let (newer, older) = list[base..base + ring].split_at(first);
                window[..older.len()].copy_from_slice(older);
                window[older.len()..ring].copy_from_slice(newer);
            }
            let at = |back: usize| window.each_ref().map(|list| &list[ring - back..ring - back + n]);
            let newer = part.each_ref().map(|list| &list[..n]);
            let out = if is_last { out.each_mut().map(|list| &mut list[..n]) } else { joint.each_mut().map(|list| &mut list[..n]) };
            let has_part = match quarters {
                _ if W::OVERLAPS => is_last && Self::cover_each(quarters, at, len, joined, out),
                0 => false,
                1 => {
                    W::zip([at(joined), newer], out, |blocks| Self::join_1(blocks, lens, joined));
                    true
                }
                2 => {
                    W::zip([at(joined + len), at(joined), newer], out, |blocks| Self::join_2(blocks, len, lens, joined));
                    true
                }
                _ => {
                    let blocks = [at(joined + 2 * len), at(joined + len), at(joined), newer];
                    W::zip(blocks, out, |blocks| Self::join_3(blocks, len, lens, joined));
                    true
                }
            };
            if has_part {
                std::mem::swap(&mut part, &mut joint);
            }
            if let Some(next) = next_digits.next() {
                let out = longer.each_mut().map(|list| &mut list[next.ring..next.ring + n]);
                W::zip([at(3 * len), at(2 * len), at(len), at(0)], out, |quarters| Self::quadruple(quarters, len));
            }
            let first = (self.row + n) & (ring - 1);
            for (list, window) in self.rings.iter_mut().zip(&*window) {
                let (older, newer) = window[n..n + ring].split_at(ring - first);
                list[base + first..base + ring].copy_from_slice(older);
                list[base..base + first].copy_from_slice(newer);
            }
            std::mem::swap(&mut window, &mut longer);
        }
        self.count(n);
    }

    /// [`Self::cover`] for each row of blocks; true.
    #[inline]
    fn cover_each<'a>(quarters: usize, at: impl Fn(usize) -> [&'a [f64]; M], len: usize, joined: usize, out: [&mut [f64]; M]) -> bool {
        let join = |older, newer| W::double(older, newer, len as f64);
        match (quarters, joined) {
            (1, 0) => W::zip([at(0)], out, |[a]| a),
            (1, _) => W::zip([at(joined), at(0)], out, |[b, a]| join(b, a)),
            (2, 0) => W::zip([at(len), at(0)], out, |[b, a]| join(b, a)),
            (2, _) => W::zip([at(len + joined), at(len), at(0)], out, |[c, b, a]| join(c, join(b, a))),
            (_, 0) => W::zip([at(2 * len), at(len), at(0)], out, |[c, b, a]| join(c, join(b, a))),
            _ => W::zip([at(2 * len + joined), at(2 * len), at(len), at(0)], out, |[d, c, b, a]| join(d, join(c, join(b, a)))),
        }
        true
    }

    /// As [`super::study::Study::visit`].
    pub(super) fn visit(&mut self, state: &mut State<'_>) {
        let last = self.longest() - 1;
        state.count(&mut self.row, last);
        state.count(&mut self.seen, self.period);
        for list in &mut self.rings {
            state.numbers(list);
        }
    }
}
