//! Merging sorted batches into one stream of events by time.

use crate::event::{
    ActionBatch, BarBatch, DeltaBatch, FLAG_BUYER_TOOK, FLAG_CLOSING, FLAG_OPENING, FLAG_SELLER_TOOK, MarketEvent, QuoteBatch, StatusBatch,
    Trade, TradeBatch, unpack_conditions,
};
use crate::feeds::View;
use crate::types::{Error, InstrumentId, Result, Timestamp};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

#[derive(Clone, Copy, Debug)]
enum Batch<'a> {
    Actions(&'a ActionBatch),
    Quotes(&'a QuoteBatch),
    Trades(&'a TradeBatch),
    /// Trades with conditions or aggressors.
    MarkedTrades(&'a TradeBatch),
    Bars(&'a BarBatch),
    Book(&'a DeltaBatch),
    Statuses(&'a StatusBatch),
}

/// A trade with what its batch's optional columns say of it in its flags.
pub(crate) fn marked(batch: &TradeBatch, i: usize) -> Trade {
    let mut trade = batch.get(i);
    for code in batch.conditions.get(i).into_iter().flat_map(|&c| unpack_conditions(c)) {
        // CTS and UTDF: O opening print, Q official open; 6 closing print, M official close.
        trade.flags |= match code {
            b'O' | b'Q' => FLAG_OPENING,
            b'6' | b'M' => FLAG_CLOSING,
            _ => 0,
        };
    }
    trade.flags |= match batch.aggressor.get(i) {
        Some(1) => FLAG_BUYER_TOOK,
        Some(-1) => FLAG_SELLER_TOOK,
        _ => 0,
    };
    trade
}

/// Kinds of events that a merge takes only where they are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Book changes.
    pub book: bool,
    /// Changes of trading state.
    pub statuses: bool,
}

#[derive(Clone, Copy, Debug)]
struct Cursor<'a> {
    batch: Batch<'a>,
    ts: &'a [Timestamp],
    at: usize,
    /// Ids of the whole for the ids of the batch's own table, where they differ.
    ids: Option<&'a [InstrumentId]>,
}

/// A merge of any number of sorted batches: by time, then kind (actions, statuses, quotes, trades, book changes, bars), then the
/// order of the batches.
/// Runs within a batch cost O(1) an event, a change of batch O(log batches).
#[derive(Debug)]
pub struct Merge<'a> {
    cursors: Vec<Cursor<'a>>,
    waiting: BinaryHeap<Reverse<(Timestamp, u32)>>,
    current: u32,
    /// The current batch may run while its next event is before this.
    bound: (Timestamp, u32),
    left: usize,
}

impl<'a> Merge<'a> {
    /// Events of `data`, one [`crate::feeds::MarketData`] or several joined, from `start` up to but not including `end`; nothing is
    /// copied. An unsorted batch is an error.
    pub fn new(data: impl Into<View<'a>>, start: Timestamp, end: Timestamp) -> Result<Self> {
        Self::with(data, start, end, Kinds::default())
    }

    /// The same with the kinds of events that are not taken by default.
    pub fn with(data: impl Into<View<'a>>, start: Timestamp, end: Timestamp, kinds: Kinds) -> Result<Self> {
        let view = data.into();
        let mut merge = Self { cursors: Vec::new(), waiting: BinaryHeap::new(), current: 0, bound: (Timestamp::MIN, 0), left: 0 };
        for part in view.parts() {
            merge.add(part.data.actions.iter().map(|b| (Batch::Actions(b), b.ts.as_slice())), part.ids, start, end)?;
        }
        for part in view.parts().iter().filter(|_| kinds.statuses) {
            merge.add(part.data.statuses.iter().map(|b| (Batch::Statuses(b), b.ts.as_slice())), part.ids, start, end)?;
        }
        for part in view.parts() {
            merge.add(part.data.quotes.iter().map(|b| (Batch::Quotes(b), b.ts.as_slice())), part.ids, start, end)?;
        }
        for part in view.parts() {
            let form = |b: &'a TradeBatch| {
                if b.conditions.is_empty() && b.aggressor.is_empty() { Batch::Trades(b) } else { Batch::MarkedTrades(b) }
            };
            merge.add(part.data.trades.iter().map(|b| (form(b), b.ts.as_slice())), part.ids, start, end)?;
        }
        for part in view.parts().iter().filter(|_| kinds.book) {
            merge.add(part.data.deltas.iter().map(|b| (Batch::Book(b), b.ts.as_slice())), part.ids, start, end)?;
        }
        for part in view.parts() {
            merge.add(part.data.bars.iter().map(|b| (Batch::Bars(b), b.ts.as_slice())), part.ids, start, end)?;
        }
        merge.switch();
        Ok(merge)
    }

    fn add(
        &mut self,
        batches: impl Iterator<Item = (Batch<'a>, &'a [Timestamp])>,
        ids: Option<&'a [InstrumentId]>,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<()> {
        for (batch, ts) in batches {
            if let Some(row) = ts.windows(2).position(|w| w[1] < w[0]) {
                return Err(Error::data(format!("row {}", row + 1), "is before the row above; sort the batch by time first"));
            }
            let (from, to) = (ts.partition_point(|&t| t < start), ts.partition_point(|&t| t < end));
            if from < to {
                self.left += to - from;
                self.waiting.push(Reverse((ts[from], self.cursors.len() as u32)));
                self.cursors.push(Cursor { batch, ts: &ts[..to], at: from, ids });
            }
        }
        Ok(())
    }

    /// Events still to come.
    pub const fn remaining(&self) -> usize {
        self.left
    }

    /// Time of the next event.
    #[inline]
    pub fn peek(&self) -> Option<Timestamp> {
        if self.left == 0 {
            return None;
        }
        let cursor = &self.cursors[self.current as usize];
        cursor.ts.get(cursor.at).copied()
    }

    /// The next event of the current batch is at `ts`, and another batch comes first: change places with it, in one descent of
    /// the heap.
    fn change(&mut self, ts: Timestamp) {
        if let Some(mut first) = self.waiting.peek_mut() {
            let Reverse((_, next)) = std::mem::replace(&mut *first, Reverse((ts, self.current)));
            self.current = next;
        }
        self.bound = self.waiting.peek().map_or((Timestamp::MAX, u32::MAX), |r| r.0);
    }

    fn switch(&mut self) {
        if let Some(Reverse((_, next))) = self.waiting.pop() {
            self.current = next;
            self.bound = self.waiting.peek().map_or((Timestamp::MAX, u32::MAX), |r| r.0);
        }
    }

    /// The next event.
    #[inline]
    #[allow(clippy::should_implement_trait, reason = "an iterator would hide peek and remaining")]
    pub fn next(&mut self) -> Option<MarketEvent> {
        let (batch, i, ids) = self.step()?;
        Some(Self::event(batch, i, ids))
    }

    /// Give the next event to `see`; false where there is none. Quotes and trades, which come most, are seen where they are made, with
    /// their kind known to the compiler: an event of any kind is moved in memory, and waits there for its parts.
    #[inline]
    pub fn give(&mut self, mut see: impl FnMut(&MarketEvent) -> Result<()>) -> Result<bool> {
        let Some((batch, i, ids)) = self.step() else { return Ok(false) };
        match batch {
            Batch::Quotes(b) => {
                let mut quote = b.get(i);
                quote.instrument = renumbered(quote.instrument, ids);
                see(&MarketEvent::Quote(quote))?;
            }
            other => see(&Self::event(other, i, ids))?,
        }
        Ok(true)
    }

    #[inline]
    fn event(batch: Batch<'_>, i: usize, ids: Option<&[InstrumentId]>) -> MarketEvent {
        let mut event = match batch {
            Batch::Actions(b) => MarketEvent::Action(b.get(i)),
            Batch::Quotes(b) => MarketEvent::Quote(b.get(i)),
            Batch::Trades(b) => MarketEvent::Trade(b.get(i)),
            Batch::MarkedTrades(b) => MarketEvent::Trade(marked(b, i)),
            Batch::Bars(b) => MarketEvent::Bar(b.get(i)),
            Batch::Book(b) => MarketEvent::Book(b.get(i)),
            Batch::Statuses(b) => MarketEvent::Status(b.get(i)),
        };
        if let Some(ids) = ids {
            event.renumber(ids);
        }
        event
    }

    /// Go on by one event: its batch, its row, and the ids its instrument goes by.
    #[inline]
    fn step(&mut self) -> Option<(Batch<'a>, usize, Option<&'a [InstrumentId]>)> {
        if self.left == 0 {
            return None;
        }
        let cursor = &mut self.cursors[self.current as usize];
        let i = cursor.at;
        cursor.at += 1;
        self.left -= 1;
        let found = (cursor.batch, i, cursor.ids);
        match cursor.ts.get(i + 1) {
            Some(&ts) if (ts, self.current) <= self.bound => {}
            Some(&ts) => self.change(ts),
            None => self.switch(),
        }
        Some(found)
    }
}

#[inline]
fn renumbered(instrument: InstrumentId, ids: Option<&[InstrumentId]>) -> InstrumentId {
    ids.and_then(|ids| ids.get(instrument.index())).copied().unwrap_or(instrument)
}
