//! A stretch of candles judged at once, and the averages it needs.

use super::candle::{Candle, Extent, HISTORY, Setting, lower, upper};

/// Rows judged at a time.
pub(super) const ROWS: usize = 256;

/// Rows of a [`Block`].
pub(super) const WIDTH: usize = ROWS + HISTORY;

/// A column of a [`Block`].
pub(super) type Column = [f64; WIDTH];

/// Kinds of average.
const KINDS: usize = 4;

/// The exponent of a double, and the unit in it: an exponent of all ones (infinite or NaN) carries into the sign bit.
const EXPONENT: u64 = 0x7ff0_0000_0000_0000;
const ONE: u64 = 0x0010_0000_0000_0000;

/// What blocks write to, kept from one to the next.
#[derive(Debug)]
pub(super) struct Scratch {
    /// The sum of a candle's extent and that of the one before.
    two: Column,
    averages: [Column; KINDS],
}

impl Scratch {
    pub(super) const fn new() -> Self {
        Self { two: [0.0; WIDTH], averages: [[0.0; WIDTH]; KINDS] }
    }

    /// Work out the averages that `settings` need of `columns`.
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
    pub(super) fn fill(&mut self, columns: [&Column; 4], settings: &[Setting]) {
        let mut done = [false; KINDS];
        for extent in settings.iter().filter_map(|s| s.extent()) {
            if !std::mem::replace(&mut done[extent as usize], true) {
                let (two, averages) = (&mut self.two, &mut self.averages[extent as usize]);
                match extent {
                    Extent::Body10 => bodies(columns, two),
                    Extent::Range10 | Extent::Range5 => ranges(columns, two),
                    Extent::Shadows10 => shadows(columns, two),
                }
                match extent {
                    Extent::Range5 => average_of_five(two, columns, averages),
                    _ => average_of_ten(two, averages),
                }
            }
        }
    }
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
fn bodies([open, _, _, close]: [&Column; 4], two: &mut Column) {
    sum_by_two(two, |row| (close[row] - open[row]).abs());
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
fn ranges([_, high, low, _]: [&Column; 4], two: &mut Column) {
    sum_by_two(two, |row| high[row] - low[row]);
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
fn shadows([open, high, low, close]: [&Column; 4], two: &mut Column) {
    sum_by_two(two, |row| (high[row] - upper(open[row], close[row])) + (lower(open[row], close[row]) - low[row]));
}

#[inline(always)]
fn sum_by_two(two: &mut Column, extent: impl Fn(usize) -> f64) {
    for row in 1..WIDTH {
        two[row] = extent(row) + extent(row - 1);
    }
}

// An average stands at the row after its last candle.

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
fn average_of_ten(two: &Column, averages: &mut Column) {
    for row in 10..WIDTH {
        averages[row] = (((two[row - 1] + two[row - 3]) + (two[row - 5] + two[row - 7])) + two[row - 9]) / 10.0;
    }
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
fn average_of_five(two: &Column, [_, high, low, _]: [&Column; 4], averages: &mut Column) {
    for row in 5..WIDTH {
        averages[row] = ((two[row - 1] + two[row - 3]) + (high[row - 5] - low[row - 5])) / 5.0;
    }
}

/// True when every value of `columns` is finite; it may be false when they are so large that the sum of a row is not.
#[inline(always)]
pub(super) fn is_sound([a, b, c, d]: [&Column; 4]) -> bool {
    let mut seen = 0;
    for row in 0..WIDTH {
        let sum = (a[row] + b[row]) + (c[row] + d[row]);
        seen |= (sum.to_bits() & EXPONENT) + ONE;
    }
    seen >> 63 == 0
}

/// A stretch of candles by column: [`HISTORY`] of them, then [`ROWS`] to be judged. Columns are arrays of one known length, so that
/// a pattern's loop over the rows needs no bounds checks and can be vectorised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    pub(super) open: &'a Column,
    pub(super) high: &'a Column,
    pub(super) low: &'a Column,
    pub(super) close: &'a Column,
    pub(super) averages: &'a [Column; KINDS],
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
