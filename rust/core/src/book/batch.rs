//! Whole batches of changes: the same as one by one, with the memory that later rows need asked for ahead.

use super::order_book::OrderBook;
use crate::event::DeltaBatch;
use crate::types::{Error, InstrumentId, Result};

impl OrderBook {
    /// Apply every row, whatever its instrument. An error names the row; the rows before it stay applied.
    pub fn apply_batch(&mut self, batch: &DeltaBatch) -> Result<()> {
        self.apply_rows(batch, None)
    }

    /// Apply the rows of `instrument` and pass over the others.
    pub fn apply_instrument(&mut self, batch: &DeltaBatch, instrument: InstrumentId) -> Result<()> {
        self.apply_rows(batch, Some(instrument))
    }

    fn apply_rows(&mut self, batch: &DeltaBatch, only: Option<InstrumentId>) -> Result<()> {
        for i in 0..batch.len() {
            if only.is_some_and(|only| batch.instrument[i] != only) {
                continue;
            }
            self.change(batch.action[i], batch.side[i], batch.order[i], batch.price[i].raw(), batch.size[i].raw())
                .map_err(|error| row_error(batch, i, &error))?;
        }
        Ok(())
    }
}

#[cold]
pub(super) fn row_error(batch: &DeltaBatch, i: usize, error: &Error) -> Error {
    Error::data(format!("book change in row {i} (order {} at {})", batch.order[i], batch.ts[i]), error.to_string())
}
