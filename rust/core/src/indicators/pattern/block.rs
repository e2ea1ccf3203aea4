//! A stretch of candles judged at once, and the averages it needs.

use super::candle::{Candle, Extent, FIFTH, HISTORY, Setting, TENTH, lower, upper};

/// Rows judged at a time: so few that the memory goes on fetching the next rows while these are worked on.
pub(super) const ROWS: usize = 64;

/// Rows of a [`Block`].
pub(super) const WIDTH: usize = ROWS + HISTORY;

/// A column of a [`Block`].
pub(super) type Column = [f64; WIDTH];

/// What the averages are taken of.
const EXTENTS: usize = 3;

/// Kinds of average.
const KINDS: usize = 4;

/// Values summed side by side by [`Soundness`].
const LANES: usize = 16;

/// The kinds of average that a pattern needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needs([bool; KINDS]);

impl Needs {
    pub(super) const fn of(settings: &[Setting]) -> Self {
        let mut needs = [false; KINDS];
        let mut i = 0;
        while i < settings.len() {
            if let Some(extent) = settings[i].extent() {
                needs[extent as usize] = true;
            }
            i += 1;
        }
        Self(needs)
    }
}

/// What is worked out of a block beside its columns. It slides along with the blocks: what the next one needs of the rows before it is
/// kept.
#[derive(Debug)]
pub(super) struct Scratch {
    /// Of bodies, ranges and shadows: the sum of a candle's and that of the one before.
    two: [Column; EXTENTS],
    averages: [Column; KINDS],
    /// The averages are those of the block before.
    follows: bool,
    pub(super) soundness: Soundness,
}

impl Scratch {
    pub(super) const fn new() -> Self {
        Self { two: [[0.0; WIDTH]; EXTENTS], averages: [[0.0; WIDTH]; KINDS], follows: false, soundness: Soundness::new() }
    }

    /// Work out the averages of a block.
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
    pub(super) fn take(&mut self, columns: [&Column; 4], needs: Needs) {
        if self.follows {
            self.fill::<HISTORY, HISTORY>(columns, needs);
        } else {
            // The first rows of which there are as many before them.
            self.fill::<1, 10>(columns, needs);
        }
        self.follows = true;
    }

    /// Leave out a block.
    pub(super) fn skip(&mut self) {
        self.follows = false;
    }

    /// Sums from row `TWO` on and averages from row `FROM` on.
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
    fn fill<const TWO: usize, const FROM: usize>(&mut self, columns: [&Column; 4], Needs([body, range, shadows, range_of_5]): Needs) {
        let Self { two: [bodies, ranges, both_shadows], averages: [body_10, range_10, shadows_10, range_5], .. } = self;
        if body {
            sum_bodies::<TWO>(columns, bodies);
            average_ten::<FROM>(bodies, body_10);
        }
        if range || range_of_5 {
            sum_ranges::<TWO>(columns, ranges);
        }
        if range {
            average_ten::<FROM>(ranges, range_10);
        }
        if range_of_5 {
            average_five_ranges::<FROM>(columns, ranges, range_5);
        }
        if shadows {
            sum_shadows::<TWO>(columns, both_shadows);
            average_ten::<FROM>(both_shadows, shadows_10);
        }
    }
}

/// With the rows from `FROM` on to be written, move those before it into their place from the block before.
#[inline(always)]
fn slide<const FROM: usize>(column: &mut Column) {
    if FROM == HISTORY {
        column.copy_within(ROWS.., 0);
    }
}

/// A row's extent and that of the row before it together.
#[inline(always)]
fn sum_by_two<const FROM: usize>(two: &mut Column, extent: impl Fn(usize) -> f64) {
    slide::<FROM>(two);
    for (i, two) in two[FROM..].iter_mut().enumerate() {
        *two = extent(FROM + i) + extent(FROM + i - 1);
    }
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
fn sum_bodies<const FROM: usize>([open, _, _, close]: [&Column; 4], two: &mut Column) {
    sum_by_two::<FROM>(two, |row| (close[row] - open[row]).abs());
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
fn sum_ranges<const FROM: usize>([_, high, low, _]: [&Column; 4], two: &mut Column) {
    sum_by_two::<FROM>(two, |row| high[row] - low[row]);
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
fn sum_shadows<const FROM: usize>([open, high, low, close]: [&Column; 4], two: &mut Column) {
    sum_by_two::<FROM>(two, |row| (high[row] - upper(open[row], close[row])) + (lower(open[row], close[row]) - low[row]));
}

// An average stands at the row after its last candle.

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
fn average_ten<const FROM: usize>(two: &Column, averages: &mut Column) {
    slide::<FROM>(averages);
    for row in FROM..WIDTH {
        averages[row] = (((two[row - 1] + two[row - 3]) + (two[row - 5] + two[row - 7])) + two[row - 9]) * TENTH;
    }
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
fn average_five_ranges<const FROM: usize>([_, high, low, _]: [&Column; 4], two: &Column, averages: &mut Column) {
    slide::<FROM>(averages);
    for row in FROM..WIDTH {
        averages[row] = ((two[row - 1] + two[row - 3]) + (high[row - 5] - low[row - 5])) * FIFTH;
    }
}

/// What shows whether a value of the rows looked at is not finite: sums of all, which are then not finite either.
#[derive(Clone, Copy, Debug)]
pub(super) struct Soundness([f64; LANES]);

impl Soundness {
    pub(super) const fn new() -> Self {
        Self([0.0; LANES])
    }

    /// Look at the rows to be judged.
    #[inline(always)]
    pub(super) fn look(&mut self, [a, b, c, d]: [&Column; 4]) {
        let mut sums = self.0;
        for from in (HISTORY..WIDTH).step_by(LANES) {
            for (lane, sum) in sums.iter_mut().enumerate() {
                let row = from + lane;
                *sum += (a[row] + b[row]) + (c[row] + d[row]);
            }
        }
        self.0 = sums;
    }

    /// True when every value was finite; it may be false when they are so large that a sum of them is not.
    pub(super) fn holds(self) -> bool {
        self.0.iter().sum::<f64>().is_finite()
    }
}

/// A stretch of candles by column: [`HISTORY`] of them, then [`ROWS`] to be judged. Columns are arrays of one known length, so that
/// a pattern's loop over the rows needs no bounds checks and can be vectorised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    open: &'a Column,
    high: &'a Column,
    low: &'a Column,
    close: &'a Column,
    averages: &'a [Column; KINDS],
}

impl<'a> Block<'a> {
    /// Of `columns` (open, high, low, close), whose averages have been worked out.
    pub(super) fn new([open, high, low, close]: [&'a Column; 4], Scratch { averages, .. }: &'a Scratch) -> Self {
        Self { open, high, low, close, averages }
    }

    /// The candle `row` of those to be judged.
    #[inline(always)]
    pub(super) fn candle(&self, row: usize) -> InBlock<'_> {
        InBlock { block: self, at: row + HISTORY }
    }

    /// The candle `before` rows, at most [`HISTORY`], before `row` of those to be judged.
    #[inline(always)]
    pub(super) fn candle_before(&self, row: usize, before: usize) -> InBlock<'_> {
        InBlock { block: self, at: row + HISTORY - before }
    }

    /// As [`Self::candle`], without its averages.
    #[inline(always)]
    pub(super) fn outline(&self, row: usize) -> Outline<'_> {
        Outline(self.candle(row))
    }
}

/// A candle of a [`Block`].
#[derive(Clone, Copy, Debug)]
pub(super) struct InBlock<'a> {
    block: &'a Block<'a>,
    /// Below [`WIDTH`].
    at: usize,
}

macro_rules! columns {
    ($($name:ident)+) => {
        $(
            #[inline(always)]
            fn $name(&self, k: usize) -> f64 {
                self.block.$name[self.at - k]
            }
        )+
    };
}

impl Candle for InBlock<'_> {
    columns! { open high low close }

    #[inline(always)]
    fn average(&self, extent: Extent, k: usize) -> f64 {
        self.block.averages[extent as usize][self.at - k]
    }
}

/// A candle of a [`Block`] whose averages are not known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outline<'a>(InBlock<'a>);

macro_rules! outline {
    ($($name:ident)+) => {
        $(
            #[inline(always)]
            fn $name(&self, k: usize) -> f64 {
                self.0.$name(k)
            }
        )+
    };
}

impl Candle for Outline<'_> {
    const HAS_AVERAGES: bool = false;

    outline! { open high low close }

    #[inline(always)]
    fn average(&self, _: Extent, _: usize) -> f64 {
        f64::NAN
    }
}
