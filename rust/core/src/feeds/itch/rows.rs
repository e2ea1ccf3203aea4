//! [`Rows`]: the book changes of a block of messages, by column.
//!
//! A column of the batch checks its room with each push, which for eight columns costs as much as the decoding. These have their room
//! for good, and go to the batch a block at a time.

use crate::event::{BookAction, BookDelta, DeltaBatch};
use crate::types::{InstrumentId, Price, Qty, Side, Timestamp};

/// Rows that there is room for; a power of two.
pub(super) const ROWS: usize = 128;

#[derive(Clone, Debug)]
pub(super) struct Rows {
    len: usize,
    ts: [Timestamp; ROWS],
    instrument: [InstrumentId; ROWS],
    order: [u64; ROWS],
    action: [BookAction; ROWS],
    side: [Side; ROWS],
    price: [Price; ROWS],
    size: [Qty; ROWS],
    flags: [u32; ROWS],
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            len: 0,
            ts: [Timestamp::from_nanos(0); ROWS],
            instrument: [InstrumentId(0); ROWS],
            order: [0; ROWS],
            action: [BookAction::Add; ROWS],
            side: [Side::Buy; ROWS],
            price: [Price::ZERO; ROWS],
            size: [Qty::ZERO; ROWS],
            flags: [0; ROWS],
        }
    }
}

impl Rows {
    /// Append a row; the caller gives the rows to a batch before there are more than [`ROWS`].
    #[inline]
    pub(super) fn push(&mut self, row: BookDelta) {
        debug_assert!(self.len < ROWS);
        let at = self.len % ROWS;
        self.ts[at] = row.ts;
        self.instrument[at] = row.instrument;
        self.order[at] = row.order;
        self.action[at] = row.action;
        self.side[at] = row.side;
        self.price[at] = row.price;
        self.size[at] = row.size;
        self.flags[at] = row.flags;
        self.len = at + 1;
    }

    /// Move the rows to the end of `batch`.
    pub(super) fn move_to(&mut self, batch: &mut DeltaBatch) {
        let rows = self.len.min(ROWS);
        batch.ts.extend_from_slice(&self.ts[..rows]);
        batch.instrument.extend_from_slice(&self.instrument[..rows]);
        batch.order.extend_from_slice(&self.order[..rows]);
        batch.action.extend_from_slice(&self.action[..rows]);
        batch.side.extend_from_slice(&self.side[..rows]);
        batch.price.extend_from_slice(&self.price[..rows]);
        batch.size.extend_from_slice(&self.size[..rows]);
        batch.flags.extend_from_slice(&self.flags[..rows]);
        self.len = 0;
    }
}
