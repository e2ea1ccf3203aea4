//! Book changes in the engine: the touch that strategies and risk see.

use super::core::Engine;
use crate::book::OrderBook;
use crate::event::{BookDelta, FLAG_LAST};
use crate::types::{InstrumentId, Result};
use crate::venue::touch_of;

impl Engine {
    /// Take in a change of a book; true when the touch is one that the exchange showed.
    ///
    /// `lent` is the book after the change, where whoever feeds the engine has it: two are not kept then.
    #[inline]
    pub(super) fn see_book(&mut self, delta: &BookDelta, lent: Option<&OrderBook>) -> Result<bool> {
        let index = delta.instrument.index();
        let (Some(book), Some(top)) = (self.books.get_mut(index), self.tops.get_mut(index)) else { return Ok(false) };
        if lent.is_none() {
            book.apply(delta)?;
        }
        if delta.flags & FLAG_LAST == 0 {
            return Ok(false);
        }
        touch_of(lent.unwrap_or(book), top, delta.ts);
        Ok(true)
    }

    /// The book of an instrument, where the data have its changes.
    pub fn book(&self, instrument: InstrumentId) -> Option<&OrderBook> {
        self.books.get(instrument.index()).filter(|_| self.sources.get(instrument.index()).is_some_and(|s| s.book))
    }
}
