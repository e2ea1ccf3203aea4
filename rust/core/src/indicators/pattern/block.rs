//! A stretch of candles judged at once, and the averages it needs.

use super::candle::{Candle, Extent, HISTORY, Setting};
use crate::indicators::wide::wide;

/// Rows judged at a time.
pub(super) const ROWS: usize = 256;

/// Rows of a [`Block`].
pub(super) const WIDTH: usize = ROWS + HISTORY;

/// Kinds of average.
const KINDS: usize = 4;

/// The exponent of a double, and the unit in it: an exponent of all ones (infinite or NaN) carries into the sign bit.
const EXPONENT: u64 = 0x7ff0_0000_0000_0000;
const ONE: u64 = 0x0010_0000_0000_0000;

/// What blocks write to, kept from one to the next.
#[derive(Debug)]
pub(super) struct Scratch {
    /// The sum of a candle's extent and that of the one before.
    two: [f64; WIDTH],
    averages: [[f64; WIDTH]; KINDS],
}

impl Scratch {
    pub(super) const fn new() -> Self {
        Self { two: [0.0; WIDTH], averages: [[0.0; WIDTH]; KINDS] }
    }
}

/// A stretch of candles by column: [`HISTORY`] of them, then [`ROWS`] to be judged. Columns are arrays of one known length, so that
/// a pattern's loop over the rows needs no bounds checks and can be vectorised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    open: &'a [f64; WIDTH],
    high: &'a [f64; WIDTH],
    low: &'a [f64; WIDTH],
    close: &'a [f64; WIDTH],
    averages: &'a [[f64; WIDTH]; KINDS],
}

impl<'a> Block<'a> {
    /// Of `columns` (open, high, low, close), with the averages that `settings` need.
    pub(super) fn new([open, high, low, close]: [&'a [f64; WIDTH]; 4], settings: &[Setting], scratch: &'a mut Scratch) -> Self {
        let Scratch { two, averages } = scratch;
        let mut done = [false; KINDS];
        for extent in settings.iter().filter_map(|s| s.extent()) {
            if !std::mem::replace(&mut done[extent as usize], true) {
                let candles = Self { open, high, low, close, averages: &[[0.0; WIDTH]; KINDS] };
                let to = &mut averages[extent as usize];
                match extent {
                    Extent::Body10 => wide(#[inline(always)] || candles.average_of_ten(Extent::Body10, two, to)),
                    Extent::Range10 => wide(#[inline(always)] || candles.average_of_ten(Extent::Range10, two, to)),
                    Extent::Shadows10 => wide(#[inline(always)] || candles.average_of_ten(Extent::Shadows10, two, to)),
                    Extent::Range5 => wide(#[inline(always)] || candles.average_of_five(two, to)),
                }
            }
        }
        Self { open, high, low, close, averages }
    }

    /// Sums of two candles' extents.
    #[inline(always)]
    fn by_two(&self, extent: Extent, two: &mut [f64; WIDTH]) {
        for (i, two) in two[1..].iter_mut().enumerate() {
            let now = InBlock { block: self, at: i + 1 };
            *two = now.extent(extent, 0) + now.extent(extent, 1);
        }
    }

    // An average stands at the row after its last candle.

    #[inline(always)]
    fn average_of_ten(&self, extent: Extent, two: &mut [f64; WIDTH], averages: &mut [f64; WIDTH]) {
        self.by_two(extent, two);
        for row in 10..WIDTH {
            averages[row] = (((two[row - 1] + two[row - 3]) + (two[row - 5] + two[row - 7])) + two[row - 9]) / 10.0;
        }
    }

    #[inline(always)]
    fn average_of_five(&self, two: &mut [f64; WIDTH], averages: &mut [f64; WIDTH]) {
        self.by_two(Extent::Range5, two);
        for row in 5..WIDTH {
            averages[row] = ((two[row - 1] + two[row - 3]) + (self.high[row - 5] - self.low[row - 5])) / 5.0;
        }
    }

    /// The candle `row` of those to be judged.
    #[inline(always)]
    pub(super) fn candle(&self, row: usize) -> InBlock<'_> {
        InBlock { block: self, at: row + HISTORY }
    }
}

/// True when every value of `columns` is finite; it may be false when they are so large that the sum of a row is not.
pub(super) fn is_sound([a, b, c, d]: [&[f64; WIDTH]; 4]) -> bool {
    wide(
        #[inline(always)]
        || {
            let mut seen = 0;
            for row in 0..WIDTH {
                let sum = (a[row] + b[row]) + (c[row] + d[row]);
                seen |= (sum.to_bits() & EXPONENT) + ONE;
            }
            seen >> 63 == 0
        },
    )
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
