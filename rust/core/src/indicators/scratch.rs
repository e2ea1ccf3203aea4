//! Columns for what is worked out on the way, without the cost of clearing them: a thread keeps them for the next block.

use std::cell::RefCell;

/// Numbers in the columns that a thread keeps.
const KEPT_MAX: usize = 1 << 17;

thread_local! {
    static KEPT: RefCell<Vec<Vec<f64>>> = const { RefCell::new(Vec::new()) };
}

/// The most columns of a single row.
const FEW: usize = 8;

/// Room for some columns of `rows` rows, with whatever was in it before.
#[derive(Debug)]
pub(super) struct Columns {
    /// Empty where a single row has room in `few`.
    room: Vec<f64>,
    few: [f64; FEW],
    rows: usize,
}

impl Columns {
    /// For `columns` columns.
    #[inline]
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        let room = if rows == 1 && columns <= FEW { Vec::new() } else { Self::room(columns * rows) };
        Self { room, few: [0.0; FEW], rows }
    }

    fn room(numbers: usize) -> Vec<f64> {
        let mut room = KEPT.with_borrow_mut(Vec::pop).unwrap_or_default();
        if room.len() < numbers {
            room.resize(numbers, 0.0);
        }
        room
    }

    /// As many columns as were asked for, each with what was written to it last by whoever had it: write before you read.
    #[inline]
    pub(super) fn split<const D: usize>(&mut self) -> [&mut [f64]; D] {
        let mut columns = self.iter_mut();
        std::array::from_fn(|_| columns.next().unwrap_or_default())
    }

    /// As [`Self::split`], one after the other.
    #[inline]
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut [f64]> {
        let room = if self.room.is_empty() { &mut self.few[..] } else { &mut self.room[..] };
        room.chunks_exact_mut(self.rows.max(1))
    }
}

impl Drop for Columns {
    #[inline]
    fn drop(&mut self) {
        if !self.room.is_empty() && self.room.len() <= KEPT_MAX {
            KEPT.with_borrow_mut(|kept| kept.push(std::mem::take(&mut self.room)));
        }
    }
}
