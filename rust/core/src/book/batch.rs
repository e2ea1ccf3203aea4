//! Whole batches of changes: the same as one by one, with the memory that later rows need asked for ahead.

use super::order_book::OrderBook;
use super::prefetch::prefetch;
use crate::event::DeltaBatch;
use crate::types::{Error, InstrumentId, Result};

/// Rows between the steps of asking ahead: some 10 ns each, against 20 to 100 ns that memory takes.
pub(super) const STRIDE: usize = 8;
/// Below this many orders everything lies in the nearest caches: measured.
const WORTHWHILE: usize = 30_000;

impl OrderBook {
    /// Apply every row, whatever its instrument. An error names the row; the rows before it stay applied.
    pub fn apply_batch(&mut self, batch: &DeltaBatch) -> Result<()> {
        self.apply_rows(batch, None, 0)
    }

    /// Apply every row of a piece of a longer table that begins at row `first`, which an error then counts from.
    pub fn apply_piece(&mut self, batch: &DeltaBatch, first: usize) -> Result<()> {
        self.apply_rows(batch, None, first)
    }

    /// Apply the rows of `instrument` and pass over the others.
    pub fn apply_instrument(&mut self, batch: &DeltaBatch, instrument: InstrumentId) -> Result<()> {
        self.apply_rows(batch, Some(instrument), 0)
    }

    fn apply_rows(&mut self, batch: &DeltaBatch, only: Option<InstrumentId>, first: usize) -> Result<()> {
        for i in 0..batch.len() {
            self.ask_ahead(batch, i);
            if only.is_some_and(|only| batch.instrument[i] != only) {
                continue;
            }
            self.change(batch.action[i], batch.side[i], batch.order[i], batch.price[i].raw(), batch.size[i].raw())
                .map_err(|error| row_error(batch, i, first, &error))?;
        }
        Ok(())
    }

    /// Ask for what the rows after `i` will touch, each thing once what leads to it has come.
    #[inline]
    fn ask_ahead(&self, batch: &DeltaBatch, i: usize) {
        if self.order_count() < WORTHWHILE {
            return;
        }
        if let Some(&order) = batch.order.get(i + 3 * STRIDE) {
            self.ask_for_entry(order);
        }
        if let Some(&order) = batch.order.get(i + 2 * STRIDE) {
            self.ask_for_order(order);
        }
        if let Some(&order) = batch.order.get(i + STRIDE) {
            self.ask_for_neighbours(order);
        }
    }

    #[inline]
    pub(super) fn ask_for_entry(&self, order: u64) {
        self.orders.first_entry(order).inspect(|entry| prefetch(*entry));
    }

    #[inline]
    pub(super) fn ask_for_order(&self, order: u64) {
        self.orders.likely(order).inspect(|order| prefetch(*order));
    }

    #[inline]
    pub(super) fn ask_for_neighbours(&self, order: u64) {
        if let Some(order) = self.orders.likely(order) {
            self.orders.slots.get(order.prev as usize).inspect(|order| prefetch(*order));
            self.orders.slots.get(order.next as usize).inspect(|order| prefetch(*order));
        }
    }
}

#[cold]
pub(super) fn row_error(batch: &DeltaBatch, i: usize, first: usize, error: &Error) -> Error {
    Error::data(format!("book change in row {} (order {} at {})", first + i, batch.order[i], batch.ts[i]), error.to_string())
}
